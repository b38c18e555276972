package io.heddle.engine;

import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.workflow.NodeDefinition;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Lets the nodes of one run begin, or go on. Whatever a node needs is there before its start is
 * recorded, and its start is recorded before it does anything. Used by one thread.
 */
final class NodeStarts {

  private final Draft draft;

  private final RunLimits limits;

  private final NodeExecutors executors;

  private final RuntimeCapabilities capabilities;

  private final OwnNodes ownNodes;

  private final NodeCalls calls;

  private final @Nullable Replay replay;

  NodeStarts(
      Draft draft,
      RunLimits limits,
      NodeExecutors executors,
      RuntimeCapabilities capabilities,
      OwnNodes ownNodes,
      NodeCalls calls,
      @Nullable Replay replay) {
    this.draft = draft;
    this.limits = limits;
    this.executors = executors;
    this.capabilities = capabilities;
    this.ownNodes = ownNodes;
    this.calls = calls;
    this.replay = replay;
  }

  /**
   * Starts a node or wakes it, and executes it if that takes no thread of its own.
   *
   * @param submitted gets the node if it does take one, and its start has to be stored first
   */
  Optional<Stop> start(NodeDefinition node, List<NodeDefinition> submitted)
      throws InterruptedException {
    if (!isWoken(node)) {
      Optional<Stop> exceeded = limits.exceededByStart(node, draft.state());
      if (exceeded.isPresent()) {
        return exceeded;
      }
    }
    Optional<String> missing = capabilities.missing(executors.requirements(node.typeId()));
    if (missing.isPresent()) {
      return Optional.of(new Stop.Failed(draft.refuse(node, missing.get()), node.id()));
    }
    draft.start(node);
    if (replay != null && replay.tells(node)) {
      return Optional.empty();
    }
    if (OwnNodes.include(node)) {
      return ownNodes.begin(node);
    }
    if (!calls.isPure(node)) {
      submitted.add(node);
      return Optional.empty();
    }
    return Stop.of(
        node,
        replay == null
            ? draft.end(node, calls.call(node, draft.state()))
            : replay.execute(node, calls));
  }

  private boolean isWoken(NodeDefinition node) {
    NodeState before = draft.state().nodes().get(node.id());
    return before != null
        && (before.progress() == Progress.PARKED || before.progress() == Progress.RESUMED);
  }
}
