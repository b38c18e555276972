package io.heddle.engine;

import io.heddle.expression.ExpressionException;
import io.heddle.expression.Expressions;
import io.heddle.expression.Roots;
import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What expressions and paths see of a run at one moment. Cheap to build: what a root holds is put
 * together only when it is asked for.
 *
 * @param mayRead which channels by name are seen
 * @param output the outputs of an edge's source; empty where no edge is looked at
 */
record EvaluationScope(
    Expressions expressions,
    RunState state,
    Map<String, @Nullable Object> inputs,
    Map<String, @Nullable Object> configurable,
    Predicate<String> mayRead,
    Map<String, @Nullable Object> output) {

  static EvaluationScope of(Expressions expressions, Run run, RunState state) {
    return new EvaluationScope(
        expressions, state, run.inputs(), run.configurable(), channel -> false, Json.members());
  }

  /** This scope with the channels that a node may read. */
  EvaluationScope readBy(NodeDefinition node, WorkflowDefinition definition) {
    return new EvaluationScope(
        expressions,
        state,
        inputs,
        configurable,
        channel ->
            Objects.requireNonNull(definition.channels().get(channel))
                .access()
                .letsRead(node.id(), node.typeId()),
        output);
  }

  /** This scope as the edges that leave a node see it. */
  EvaluationScope behind(String sourceNodeId) {
    NodeState source = state.nodes().get(sourceNodeId);
    return new EvaluationScope(
        expressions,
        state,
        inputs,
        configurable,
        mayRead,
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
      case Roots.CHANNELS -> channels();
      default -> throw new IllegalArgumentException("No expression begins with " + name);
    };
  }

  private Map<String, @Nullable Object> channels() {
    Map<String, @Nullable Object> channels = new LinkedHashMap<>(state.channels());
    channels.keySet().removeIf(mayRead.negate());
    return channels;
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
