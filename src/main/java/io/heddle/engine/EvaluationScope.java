package io.heddle.engine;

import io.heddle.expression.ExpressionException;
import io.heddle.expression.Expressions;
import io.heddle.expression.Roots;
import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What expressions and paths see of a run at one moment. Cheap to build: what a root holds is put
 * together only when it is asked for.
 *
 * @param output the outputs of an edge's source; empty where no edge is looked at
 */
record EvaluationScope(
    Expressions expressions,
    RunState state,
    Map<String, @Nullable Object> inputs,
    Map<String, @Nullable Object> configurable,
    Map<String, @Nullable Object> output) {

  static EvaluationScope of(Expressions expressions, Run run, RunState state) {
    return new EvaluationScope(
        expressions, state, run.inputs(), run.configurable(), Json.members());
  }

  /** This scope as the edges that leave a node see it. */
  EvaluationScope behind(String sourceNodeId) {
    NodeState source = state.nodes().get(sourceNodeId);
    return new EvaluationScope(
        expressions,
        state,
        inputs,
        configurable,
        source == null ? Json.members() : source.outputs());
  }

  /** The value of an expression of the definition. */
  @Nullable Object evaluate(String expression) throws ExpressionException {
    return expressions.evaluate(expression, this::root);
  }

  /** What is below one of the {@link Roots}. */
  Map<String, @Nullable Object> root(String name) {
    return switch (name) {
      case Roots.VARIABLES -> state.variables();
      case Roots.NODES -> nodes();
      case Roots.OUTPUT -> output;
      case Roots.INPUTS -> inputs;
      case Roots.CONFIGURABLE -> configurable;
      // This host has no channels yet.
      case Roots.CHANNELS -> Json.members();
      default -> throw new IllegalArgumentException("No expression begins with " + name);
    };
  }

  private Map<String, @Nullable Object> nodes() {
    Map<String, @Nullable Object> nodes = new LinkedHashMap<>();
    state
        .nodes()
        .forEach(
            (id, node) ->
                nodes.put(id, Json.members("status", status(node), "outputs", node.outputs())));
    return nodes;
  }

  private static String status(NodeState node) {
    return switch (node.progress()) {
      case STARTED -> "running";
      case PARKED, RETRYING, WAITING, SUSPENDED, RESUMED -> "waiting";
      case COMPLETED -> "completed";
      case FAILED -> "failed";
      case SKIPPED -> "skipped";
      case CANCELLED -> "cancelled";
    };
  }

  // Holds whatever the run works on.
  @Override
  public String toString() {
    return "EvaluationScope";
  }
}
