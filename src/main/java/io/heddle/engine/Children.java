package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The runs that one run waits for. They are looked at when the run was read and once for each
 * signal, for whoever ends a child leaves one; none is cancelled before it is stored that nobody
 * waits for it. Used by one thread.
 */
final class Children {

  private static final long NEVER = -1;

  private final WorkflowDefinition definition;

  private final Draft draft;

  private final HeldRun held;

  private final OwnNodes ownNodes;

  private final Surroundings surroundings;

  // The signals of the run when they were looked at last.
  private long lookedAt = NEVER;

  // What a run below this one waits for, if one waits for somebody outside.
  private @Nullable RunStatus waitingChild;

  Children(
      WorkflowDefinition definition,
      Draft draft,
      HeldRun held,
      OwnNodes ownNodes,
      Surroundings surroundings) {
    this.definition = definition;
    this.draft = draft;
    this.held = held;
    this.ownNodes = ownNodes;
    this.surroundings = surroundings;
  }

  /** What a node tells of a run it started. */
  static Map<String, @Nullable Object> outputs(String runId, RunStatus status) {
    return Json.members("childRunId", runId, "childStatus", spelled(status));
  }

  static String spelled(RunStatus status) {
    return status.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The ids of the runs that nodes wait for. */
  Set<String> awaited() {
    return waiting().keySet();
  }

  /** What the run is said to wait for because a child waits for it; null if none does. */
  @Nullable RunStatus waitingChild() {
    return waitingChild;
  }

  /** Takes over what ended children give. */
  Optional<Stop> harvest() throws InterruptedException {
    Map<String, NodeDefinition> waiting = waiting();
    if (lookedAt == held.run().signals() || waiting.isEmpty()) {
      return Optional.empty();
    }
    lookedAt = held.run().signals();
    waitingChild = null;
    for (ChildStanding child : surroundings.standings(held.run(), waiting.keySet())) {
      if (!child.status().isTerminal()) {
        waitingChild =
            waitingChild == null && child.status().isWaiting() ? child.status() : waitingChild;
        continue;
      }
      NodeDefinition node = Objects.requireNonNull(waiting.get(child.runId()));
      Optional<Stop> stop = ownNodes.childEnded(node, child);
      if (stop.isPresent()) {
        return stop;
      }
    }
    return Optional.empty();
  }

  /** Stops the runs whose outcome nobody waits for any more; returns whether there were any. */
  boolean stopLosers() throws InterruptedException, HeldRun.Fenced {
    List<String> losers = ownNodes.losers();
    stop(losers);
    return !losers.isEmpty();
  }

  /** Stops runs once it is stored that nobody waits for them, and why. */
  void stop(Collection<String> children) throws InterruptedException, HeldRun.Fenced {
    if (children.isEmpty()) {
      return;
    }
    List<String> runIds = List.copyOf(children);
    held.save();
    surroundings.cancel(held.run(), runIds);
    lookedAt = NEVER;
  }

  /** Cancels runs of a run whose end is stored. */
  void cancel(Collection<String> children) throws InterruptedException {
    if (!children.isEmpty()) {
      surroundings.cancel(held.run(), children);
    }
  }

  /** The nodes that wait for runs they started, by the ids of those. */
  private Map<String, NodeDefinition> waiting() {
    Map<String, NodeDefinition> waiting = new LinkedHashMap<>();
    for (NodeDefinition node : definition.nodes()) {
      NodeState reached = draft.state().nodes().get(node.id());
      if (reached != null && reached.progress() == Progress.WAITING) {
        if (reached.memo().get(FanOut.CHILDREN) instanceof List<?> children) {
          children.forEach(child -> waiting.put(String.valueOf(child), node));
        } else {
          waiting.put(String.valueOf(reached.memo().get(SubWorkflows.CHILD)), node);
        }
      }
    }
    return waiting;
  }
}
