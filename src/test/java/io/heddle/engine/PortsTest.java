package io.heddle.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.expression.ExpressionException;
import io.heddle.expression.Expressions;
import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeResult;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.PortValue;
import java.time.Instant;
import java.util.AbstractMap.SimpleEntry;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PortsTest {

  private static final RunState STATE =
      RunState.initial(Json.parseObject("{\"name\": \"Ada\", \"secret\": \"s3cr3t\"}"), Map.of())
          .with(
              "before",
              NodeState.started(0).ended(Progress.COMPLETED, Json.parseObject("{\"n\": 2.0}")));

  private final Map<String, Object> inputs = new LinkedHashMap<>();

  @Test
  void aPortIsFilledWithWhatItsExpressionGives() throws ExpressionException {
    Optional<NodeResult> failure =
        resolve(
            Map.of(
                "a", "nodes.before.outputs.n + inputs.add + configurable.more",
                "b", "{'who': variables.name, 'status': nodes['before'].status}",
                "c", "null"));

    assertThat(failure).isEmpty();
    assertThat(inputs)
        .containsOnly(
            Map.entry("a", 15),
            Map.entry("b", Map.of("who", "Ada", "status", "completed")),
            entry("c", null));
  }

  @Test
  void anExpressionThatCannotBeEvaluatedFailsTheNode() throws ExpressionException {
    assertThat(resolve(Map.of("a", "nodes.after.outputs.n")))
        .contains(
            NodeResult.failed(
                "heddle.expression_failed",
                "The expression of the input a uses a member that is not there (offset 5)"));
  }

  @Test
  void theFailureQuotesNoValue() throws ExpressionException {
    assertThat(resolve(Map.of("a", "int(variables.secret)")))
        .get()
        .extracting(NodeResult::toString)
        .asString()
        .contains("heddle.expression_failed")
        .doesNotContain("s3cr3t");
    assertThat(EvaluationScope.of(Expressions.NONE, run(), STATE).toString())
        .doesNotContain("s3cr3t");
  }

  private Optional<NodeResult> resolve(Map<String, String> ports) throws ExpressionException {
    Expressions.Builder expressions = new Expressions.Builder();
    Map<String, PortValue> sources = new LinkedHashMap<>();
    for (var port : ports.entrySet()) {
      expressions.port(port.getValue());
      sources.put(port.getKey(), new PortValue.Expression(port.getValue()));
    }
    NodeDefinition node =
        new NodeDefinition(
            "node", "core.identity", Map.of(), sources, false, false, null, Map.of(), null);
    return Ports.resolve(
        node, STATE, inputs, EvaluationScope.of(expressions.build(), run(), STATE));
  }

  private static Run run() {
    return new Run(
        new Tenant("acme"),
        "run-1",
        new Run.Owner("o", "urn:test", "api-key", "user"),
        new Run.WorkflowRef("acme", "w", 1),
        RunStatus.RUNNING,
        1,
        0,
        0,
        null,
        STATE,
        Json.parseObject("{\"add\": 3}"),
        Json.parseObject("{\"more\": 10}"),
        null,
        null,
        null,
        1,
        2,
        Instant.EPOCH,
        null,
        null,
        null,
        null,
        null,
        0,
        null,
        null);
  }

  private static Map.Entry<String, Object> entry(String name, Object value) {
    return new SimpleEntry<>(name, value);
  }
}
