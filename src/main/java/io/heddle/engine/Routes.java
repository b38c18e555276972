package io.heddle.engine;

import io.heddle.expression.ExpressionException;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunState.EdgeOutcome;
import io.heddle.workflow.EdgeCondition;
import io.heddle.workflow.EdgeDefinition;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the edges of an ended node lead. Their conditions are evaluated once, here; what follows
 * from them is {@link Readiness}. Pure.
 *
 * @param state the run's state after that
 * @param exhausted the loop that may not go back once more, if the node would have it do so
 * @param failure why the run cannot go on, if it cannot
 */
record Routes(RunState state, @Nullable Loop exhausted, Optional<RunError> failure) {

  /**
   * A loop that went back as often as it may.
   *
   * @param target the node it leads back to
   * @param iterations how often it did
   */
  record Loop(String target, int iterations, int limit) {}

  /**
   * @param run whose inputs conditions may read
   * @param before the state of the run in which the node has ended
   */
  static Routes from(NodeDefinition node, Run run, WorkflowDefinition definition, RunState before) {
    EvaluationScope scope =
        EvaluationScope.of(definition.expressions(), run, before)
            .readBy(node, definition)
            .behind(node.id());
    RunState state = before;
    for (EdgeDefinition edge : definition.outgoing(node.id())) {
      if (edge.condition() != null) {
        state = state.withEdge(edge.id(), outcome(edge.condition(), scope));
      }
    }
    for (var decided : GateEdges.outcomes(definition, run, before, node).entrySet()) {
      state = state.withEdge(decided.getKey(), decided.getValue());
    }
    for (EdgeDefinition edge : definition.outgoing(node.id())) {
      if (definition.leadsBack(edge) && state.edges().get(edge.id()) == EdgeOutcome.BROKEN) {
        return new Routes(
            state,
            null,
            Optional.of(
                new RunError(
                    "heddle.expression_failed", "The condition of a loop cannot be evaluated")));
      }
      if (definition.leadsBack(edge) && Readiness.isTaken(edge, state)) {
        return back(edge.targetNodeId(), definition, state);
      }
    }
    return new Routes(state, null, Optional.empty());
  }

  static EdgeOutcome outcome(EdgeCondition condition, EvaluationScope scope) {
    try {
      return Conditions.holds(condition, scope) ? EdgeOutcome.TAKEN : EdgeOutcome.NOT_TAKEN;
    } catch (ExpressionException e) {
      return EdgeOutcome.BROKEN;
    }
  }

  private static Routes back(String target, WorkflowDefinition definition, RunState state) {
    int iteration = state.loops().getOrDefault(target, 0) + 1;
    int limit = definition.settings().maxLoopbackIterations();
    if (iteration > limit) {
      return new Routes(state, new Loop(target, iteration - 1, limit), Optional.empty());
    }
    Set<String> body = definition.loopBody(target);
    List<String> bodyEdges =
        body.stream()
            .flatMap(nodeId -> definition.outgoing(nodeId).stream())
            .map(EdgeDefinition::id)
            .toList();
    return new Routes(state.loopedBack(target, iteration, body, bodyEdges), null, Optional.empty());
  }
}
