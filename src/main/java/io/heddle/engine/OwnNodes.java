package io.heddle.engine;

import io.heddle.run.RunStore.ChildStanding;
import io.heddle.workflow.NodeDefinition;
import java.util.List;
import java.util.Optional;

/**
 * The nodes of one run that the engine executes itself, for what they do is stored in the step that
 * tells of it: decisions, and runs that are started. Used by one thread.
 */
final class OwnNodes {

  private final SubWorkflows subWorkflows;

  private final Supervision supervision;

  private final Dispatches dispatches;

  OwnNodes(SubWorkflows subWorkflows, Supervision supervision, Dispatches dispatches) {
    this.subWorkflows = subWorkflows;
    this.supervision = supervision;
    this.dispatches = dispatches;
  }

  /** Whether the engine executes nodes of this type itself. */
  static boolean include(NodeDefinition node) {
    return switch (node.typeId()) {
      case SubWorkflowNode.TYPE, SupervisorNode.TYPE, DispatchNode.TYPE -> true;
      default -> false;
    };
  }

  /** Executes a node that was started. */
  Optional<Stop> begin(NodeDefinition node) {
    return switch (node.typeId()) {
      case SubWorkflowNode.TYPE -> Stop.of(node, subWorkflows.begin(node));
      case SupervisorNode.TYPE -> Stop.of(node, supervision.decide(node));
      case DispatchNode.TYPE -> dispatches.begin(node);
      default -> throw new IllegalArgumentException(node.typeId());
    };
  }

  /** A run that a node waits for has ended. */
  Optional<Stop> childEnded(NodeDefinition node, ChildStanding child) throws InterruptedException {
    return node.typeId().equals(DispatchNode.TYPE)
        ? dispatches.childEnded(node, child)
        : Stop.of(node, subWorkflows.childEnded(node, child));
  }

  /** The runs that are still under way although nobody waits for their outcome any more. */
  List<String> losers() {
    return dispatches.losers();
  }
}
