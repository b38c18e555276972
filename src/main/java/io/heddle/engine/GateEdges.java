package io.heddle.engine;

import io.heddle.engine.node.GovernanceGateNode;
import io.heddle.run.Governance;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunState.EdgeOutcome;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.workflow.EdgeCondition;
import io.heddle.workflow.EdgeDefinition;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.TriggerRule;
import io.heddle.workflow.WorkflowDefinition;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the edges of a governance gate lead. A rejection ends no run; it goes back along the edges
 * that lead back, and forward only where an edge was made for it: nothing that would have followed
 * a grant may follow a rejection because its author forgot to say so. Pure.
 */
final class GateEdges {

  private GateEdges() {}

  static boolean isGate(NodeDefinition node) {
    return node.typeId().equals(GovernanceGateNode.TYPE);
  }

  /** What becomes of the edges of a gate that has ended, as far as it is otherwise than usual. */
  static Map<String, EdgeOutcome> outcomes(
      WorkflowDefinition definition, Run run, RunState state, NodeDefinition node) {
    NodeState ended = state.nodes().get(node.id());
    if (!isGate(node) || ended == null || ended.progress() != Progress.COMPLETED) {
      return Map.of();
    }
    boolean rejected = Governance.REJECTED.equals(ended.outputs().get(Governance.DECISION));
    EvaluationScope scope = scope(definition, run, state, node);
    Map<String, @Nullable Object> otherwise = new LinkedHashMap<>(ended.outputs());
    otherwise.put(Governance.DECISION, rejected ? Governance.GRANTED : Governance.REJECTED);
    RunState imagined = state.with(node.id(), ended.ended(Progress.COMPLETED, otherwise));
    EvaluationScope imaginedScope = scope(definition, run, imagined, node);
    Map<String, EdgeOutcome> outcomes = new LinkedHashMap<>();
    for (EdgeDefinition edge : definition.outgoing(node.id())) {
      EdgeCondition condition = edge.condition();
      EdgeOutcome here = condition == null ? EdgeOutcome.TAKEN : Routes.outcome(condition, scope);
      EdgeOutcome there =
          condition == null ? EdgeOutcome.TAKEN : Routes.outcome(condition, imaginedScope);
      if (here == EdgeOutcome.BROKEN) {
        continue;
      }
      boolean made = here == EdgeOutcome.TAKEN && there != EdgeOutcome.TAKEN;
      if (definition.leadsBack(edge)) {
        outcomes.put(edge.id(), back(edge, rejected, here, made));
      } else if (rejected && !made) {
        outcomes.put(edge.id(), rejected(edge, here));
      }
    }
    return outcomes;
  }

  /** Back goes what was rejected, and after a grant only where the condition asks for grants. */
  private static EdgeOutcome back(
      EdgeDefinition edge, boolean rejected, EdgeOutcome here, boolean made) {
    if (!rejected) {
      return made ? EdgeOutcome.TAKEN : EdgeOutcome.NOT_TAKEN;
    }
    return here == EdgeOutcome.TAKEN && edge.triggerRule() == TriggerRule.ANY_FAILED
        ? EdgeOutcome.REJECTED
        : here;
  }

  /** A rejection counts as a failure for whoever waits for those, or for there being none. */
  private static EdgeOutcome rejected(EdgeDefinition edge, EdgeOutcome here) {
    return here == EdgeOutcome.TAKEN || edge.triggerRule() == TriggerRule.NONE_FAILED
        ? EdgeOutcome.REJECTED
        : here;
  }

  private static EvaluationScope scope(
      WorkflowDefinition definition, Run run, RunState state, NodeDefinition node) {
    return EvaluationScope.of(definition.expressions(), run, state)
        .readBy(node, definition)
        .behind(node.id());
  }
}
