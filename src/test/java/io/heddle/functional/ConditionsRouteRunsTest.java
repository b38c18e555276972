package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.workflow.Fault;
import io.heddle.workflow.InvalidInputsException;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a run does depends on what its nodes give, its configuration and what the host provides. */
class ConditionsRouteRunsTest {

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            InstantSource.system(),
            new Count(),
            new Needs("acme.printer"),
            new Needs("acme.scanner"));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void anEdgeIsFollowedOnlyIfItsConditionHolds() {
    host.run(
            workflow("router")
                .node("count", "test.count")
                .node("many", "core.noop")
                .node("few", "core.noop")
                .edgeIf("count", "many", expression("output.visit > 10"))
                .edgeIf("count", "few", Map.of("type", "equals", "left", "visit", "right", 0)))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .readsOf("many", EventType.NODE_SKIPPED)
        .readsOf("few", EventType.NODE_STARTED, EventType.NODE_COMPLETED);
  }

  @Test
  void aLoopEndsWhenItsConditionNoLongerHolds() {
    host.run(
            workflow("until")
                .node("count", "test.count")
                .node("after", "core.noop")
                .edgeIf("count", "count", expression("output.visit < 2"))
                .edgeIf("count", "after", expression("output.visit >= 2")))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED count",
            "NODE_COMPLETED count",
            "NODE_STARTED count",
            "NODE_COMPLETED count",
            "NODE_STARTED count",
            "NODE_COMPLETED count",
            "NODE_STARTED after",
            "NODE_COMPLETED after",
            "RUN_COMPLETED");
  }

  @Test
  void aConditionThatCannotBeEvaluatedFailsTheNodeBehindIt() {
    host.run(
            workflow("broken")
                .node("count", "test.count")
                .node("behind", "core.noop")
                .edgeIf("count", "behind", expression("output.visit + 'x' == 'y'")))
        .is(RunStatus.FAILED)
        .hasError("heddle.expression_failed")
        .hasSoundLog()
        .log()
        .readsOf("behind", EventType.NODE_FAILED);
  }

  @Test
  void aLoopWhoseConditionCannotBeEvaluatedFailsTheRun() {
    host.run(
            workflow("broken-loop")
                .node("count", "test.count")
                .edgeIf("count", "count", expression("output.visit")))
        .is(RunStatus.FAILED)
        .hasError("heddle.expression_failed")
        .hasSoundLog();
  }

  @Test
  void aNodeStartsOnlyWhereTheHostProvidesWhatItRequires() {
    host.run(workflow("prints").node("print", "test.needs.acme.printer")).is(RunStatus.COMPLETED);
    host.run(
            workflow("scans")
                .node("scan", "test.needs.acme.scanner")
                .node("rescue", "core.noop")
                .edge("scan", "rescue", "any_failed"))
        .is(RunStatus.FAILED)
        .hasError("capability_not_provided")
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_FAILED scan", "RUN_FAILED");
  }

  @Test
  void aConfigurationMustFitTheSchemaOfItsWorkflow() {
    WorkflowBuilder workflow =
        workflow("strict")
            .node("work", "core.noop")
            .configurableSchema(
                Map.of(
                    "type",
                    "object",
                    "additionalProperties",
                    false,
                    "properties",
                    Map.of("colour", Map.of("type", "string"))));
    host.register(workflow);

    assertThatExceptionOfType(InvalidInputsException.class)
        .isThrownBy(() -> host.create("strict", Map.of(), Map.of("colour", 7)))
        .satisfies(
            refusal ->
                assertThat(refusal.faults())
                    .extracting(Fault::pointer)
                    .containsExactly("/configurable/colour"));
    assertThat(host.create("strict", Map.of(), Map.of("colour", "red"))).startsWith("run-");
  }

  private static Map<String, Object> expression(String expression) {
    return Map.of("type", "expression", "expression", expression);
  }

  /** Tells how often the run came by before. */
  private static final class Count implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.count";
    }

    @Override
    public boolean pure() {
      return true;
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.completed(Map.of("visit", context.visit()));
    }
  }

  private record Needs(String capability) implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.needs." + capability;
    }

    @Override
    public Set<String> requires() {
      return Set.of(capability);
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.completed();
    }
  }
}
