package io.heddle.engine;

import io.heddle.expression.ExpressionException;
import io.heddle.json.Json;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.PortValue;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a node's inputs come from. */
final class Ports {

  private Ports() {}

  /**
   * Fills in the inputs of a node.
   *
   * @param scope what the expressions of ports see
   * @return the failure of the node if a port that is not optional has no value, or if that of an
   *     expression cannot be found
   */
  static Optional<NodeResult> resolve(
      NodeDefinition node,
      RunState state,
      Map<String, @Nullable Object> inputs,
      EvaluationScope scope) {
    for (var port : node.inputs().entrySet()) {
      PortValue source = port.getValue();
      if (source instanceof PortValue.Static constant) {
        inputs.put(port.getKey(), constant.value());
      } else if (source instanceof PortValue.Expression expression) {
        try {
          inputs.put(port.getKey(), scope.evaluate(expression.expression()));
        } catch (ExpressionException e) {
          return Optional.of(
              NodeResult.failed(
                  "heddle.expression_failed",
                  "The expression of the input %s %s".formatted(port.getKey(), e.problem())));
        }
      } else if (source instanceof PortValue.Variable variable) {
        if (!copy(state.variables(), variable.variableName(), inputs, port.getKey())
            && !variable.optional()) {
          return missing(port.getKey(), "the variable " + variable.variableName());
        }
      } else if (source instanceof PortValue.Connection connection) {
        NodeState from = state.nodes().get(connection.nodeId());
        Map<String, @Nullable Object> outputs = from == null ? Json.members() : from.outputs();
        if (!copy(outputs, connection.outputKey(), inputs, port.getKey())
            && !connection.optional()) {
          return missing(
              port.getKey(),
              "the output %s of node %s".formatted(connection.outputKey(), connection.nodeId()));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean copy(
      Map<String, @Nullable Object> from,
      String name,
      Map<String, @Nullable Object> inputs,
      String port) {
    if (!from.containsKey(name)) {
      return false;
    }
    inputs.put(port, from.get(name));
    return true;
  }

  private static Optional<NodeResult> missing(String port, String source) {
    return Optional.of(
        NodeResult.failed(
            "heddle.node_input_missing",
            "The input %s has no value, for %s has none".formatted(port, source)));
  }
}
