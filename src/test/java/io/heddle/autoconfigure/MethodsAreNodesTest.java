package io.heddle.autoconfigure;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.spi.WorkflowNode;
import io.heddle.spi.WorkflowSource;
import io.heddle.testkit.EmbeddingApplication;
import io.heddle.testkit.RunAssert;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.validation.Errors;
import org.springframework.validation.Validator;

/** What an application annotates is a node type of its host. */
@Timeout(60)
class MethodsAreNodesTest {

  private static EmbeddingApplication application;

  @BeforeAll
  static void start() {
    application = EmbeddingApplication.of(Application.class);
  }

  @AfterAll
  static void stop() {
    application.close();
  }

  @Test
  void inputsAndOutputsHaveTypes() {
    RunAssert run =
        run("charge", Map.of("customer", "Ada", "cents", 1250, "at", "2026-01-01T00:00:00Z"));

    assertThat(outputs(run.is(RunStatus.COMPLETED).hasSoundLog()))
        .isEqualTo(
            Map.of(
                "receipt",
                Map.of("text", "Ada pays 1250", "year", 2026),
                "node",
                "own",
                "lines",
                List.of(Map.of("text", "first", "year", 1))));
  }

  @Test
  void anInputThatIsNotThereIsNull() {
    RunAssert run = run("charge", Map.of("cents", 1, "at", "2026-01-01T00:00:00Z"));

    assertThat(outputs(run.is(RunStatus.COMPLETED)))
        .containsEntry("receipt", Map.of("text", "null pays 1", "year", 2026));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "secret                | 2026-01-01T00:00:00Z | cents does not fit the type",
        "12                    | secret               | at does not fit the type",
        "-1                    | 2026-01-01T00:00:00Z | are refused: cents must not be negative",
        "13                    | 2026-01-01T00:00:00Z | cents brings bad luck",
      })
  void whatDoesNotFitFailsTheNodeAndSaysWhere(String cents, String at, String reason) {
    Object number = cents.matches("-?\\d+") ? (Object) Long.valueOf(cents) : cents;
    RunAssert run = run("charge", Map.of("customer", "secret", "cents", number, "at", at));

    run.is(RunStatus.FAILED).hasError("validation_error").hasSoundLog();
    assertThat(run.log().only(EventType.NODE_FAILED, "own").payload())
        .contains(reason)
        .doesNotContain("secret");
  }

  @Test
  void aMapIsTakenAndGivenAsItIs() {
    assertThat(outputs(run("echo", Map.of("customer", "Ada")).is(RunStatus.COMPLETED)))
        .isEqualTo(Map.of("customer", "Ada"));
  }

  @Test
  void whatAMethodThrowsIsItsOwnFailure() {
    run("refuse", Map.of()).is(RunStatus.FAILED).hasError("acme.no_stock");
  }

  @Test
  void aMethodMayParkAndGiveNothing() {
    RunAssert run = run("wait", Map.of()).is(RunStatus.COMPLETED).hasSoundLog();

    assertThat(outputs(run)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        TextForOutputs.class,
        ListForInputs.class,
        TwoInputs.class,
        Reserved.class,
      })
  void aMethodThatCannotBeANodeStopsTheStart(Class<?> configuration) {
    assertThatThrownBy(() -> EmbeddingApplication.of(configuration))
        .hasRootCauseInstanceOf(WorkflowMethodException.class)
        .rootCause()
        .message()
        .contains(configuration.getName(), "@WorkflowNode");
  }

  private static RunAssert run(String workflowId, Map<String, @Nullable Object> inputs) {
    return application.run(workflowId, inputs, Map.of());
  }

  private static Map<String, @Nullable Object> outputs(RunAssert run) {
    return Json.object(
        Json.parseObject(run.log().only(EventType.NODE_COMPLETED, "own").payload()).get("outputs"),
        "");
  }

  record Order(@Nullable String customer, long cents, Instant at) {

    Order {
      if (cents < 0) {
        throw new IllegalArgumentException("cents must not be negative");
      }
    }
  }

  record Line(String text, int year) {}

  record Receipt(Line receipt, String node, List<Line> lines) {}

  /** An application that carries a host. */
  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration({HeddleAutoConfiguration.class, TelemetryAutoConfiguration.class})
  static class Application {

    @Bean
    Nodes nodes() {
      return new Nodes();
    }

    @Bean
    Validator defaultValidator() {
      return new Validator() {
        @Override
        public boolean supports(Class<?> type) {
          return type == Order.class;
        }

        @Override
        public void validate(Object target, Errors errors) {
          if (((Order) target).cents() == 13) {
            errors.rejectValue("cents", "luck", "brings bad luck");
          }
        }
      };
    }

    @Bean
    WorkflowSource workflows() {
      return () ->
          List.of("charge", "echo", "refuse", "wait").stream().map(Application::ofOneNode).toList();
    }

    private static WorkflowSource.Document ofOneNode(String type) {
      WorkflowBuilder workflow = workflow(type).node("own", "acme." + type);
      for (String port : List.of("customer", "cents", "at")) {
        workflow.input(port, Map.of("type", "variable", "variableName", port, "optional", true));
      }
      return workflow.document();
    }
  }

  static class Nodes {

    @WorkflowNode("acme.charge")
    Receipt charge(NodeContext node, Order order) {
      return new Receipt(
          new Line(
              order.customer() + " pays " + order.cents(),
              order.at().atZone(ZoneOffset.UTC).getYear()),
          node.nodeId(),
          List.of(new Line("first", 1)));
    }

    @WorkflowNode(value = "acme.echo", pure = true)
    Map<String, @Nullable Object> echo(Map<String, @Nullable Object> inputs) {
      return inputs;
    }

    @WorkflowNode("acme.refuse")
    void refuse() {
      throw new NodeFailedException("acme.no_stock", "Nothing left", false);
    }

    @WorkflowNode("acme.wait")
    @Nullable NodeResult await(NodeContext node) {
      return node.wakeups() == 0 ? NodeResult.parked(Duration.ofMillis(1)) : null;
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration({HeddleAutoConfiguration.class, TelemetryAutoConfiguration.class})
  static class TextForOutputs {

    @WorkflowNode("acme.text")
    String text() {
      return "";
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration({HeddleAutoConfiguration.class, TelemetryAutoConfiguration.class})
  static class ListForInputs {

    @WorkflowNode("acme.list")
    void list(List<String> inputs) {}
  }

  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration({HeddleAutoConfiguration.class, TelemetryAutoConfiguration.class})
  static class TwoInputs {

    @WorkflowNode("acme.two")
    void two(Order one, Order other) {}
  }

  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration({HeddleAutoConfiguration.class, TelemetryAutoConfiguration.class})
  static class Reserved {

    @WorkflowNode("core.mine")
    void mine() {}
  }
}
