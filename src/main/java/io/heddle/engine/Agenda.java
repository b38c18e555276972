package io.heddle.engine;

import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What of the nodes that a run has reached is to be done, and when. Reads the draft only. */
final class Agenda {

  private final WorkflowDefinition definition;

  private final Draft draft;

  Agenda(WorkflowDefinition definition, Draft draft) {
    this.definition = definition;
    this.draft = draft;
  }

  /** The nodes that stand like this, in the order of the definition. */
  List<NodeDefinition> at(Progress progress) {
    return nodes(node -> node.progress() == progress);
  }

  /** The nodes whose time has come. */
  List<NodeDefinition> due(Instant now) {
    return nodes(node -> isDue(node, now));
  }

  /** The nodes whose time has come and that may go on although the run is about to pause. */
  List<NodeDefinition> dueBeforePause(Instant now) {
    return nodes(node -> node.progress() == Progress.PARKED && isDue(node, now));
  }

  /** When the first node is due; null if none waits for time to pass. */
  @Nullable Instant nextDue() {
    return first(draft.state().nodes().values().stream());
  }

  /** The same of the nodes that may go on although the run is about to pause. */
  @Nullable Instant nextDueBeforePause() {
    return first(
        draft.state().nodes().values().stream().filter(node -> node.progress() == Progress.PARKED));
  }

  private static @Nullable Instant first(Stream<NodeState> nodes) {
    return nodes
        .flatMap(node -> Optional.ofNullable(node.until()).stream())
        .min(Instant::compareTo)
        .orElse(null);
  }

  private List<NodeDefinition> nodes(Predicate<NodeState> filter) {
    List<NodeDefinition> nodes = new ArrayList<>();
    for (NodeDefinition node : definition.nodes()) {
      NodeState reached = draft.state().nodes().get(node.id());
      if (reached != null && filter.test(reached)) {
        nodes.add(node);
      }
    }
    return nodes;
  }

  private static boolean isDue(NodeState node, Instant now) {
    return node.until() != null && !node.until().isAfter(now);
  }
}
