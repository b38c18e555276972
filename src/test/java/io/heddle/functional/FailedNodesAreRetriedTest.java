package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node whose failure may pass is started again, after a wait, as often as its workflow says. */
class FailedNodesAreRetriedTest {

  private final SettableClock clock = new SettableClock(Instant.now());

  private final Flaky flaky = new Flaky();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, flaky);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void untilItSucceeds() {
    flaky.failures = 2;
    String runId = host.finish(workflow("flaky").node("flaky", "test.flaky").maxRetries(5));

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED flaky",
            "NODE_RETRIED flaky",
            "NODE_STARTED flaky",
            "NODE_RETRIED flaky",
            "NODE_STARTED flaky",
            "NODE_COMPLETED flaky",
            "RUN_COMPLETED")
        .hasAttempts("flaky", 0, 1, 2);
  }

  @Test
  void andFailsForGoodWhenThatWasOftenEnough() {
    flaky.failures = 100;
    String runId = host.finish(workflow("flaky").node("flaky", "test.flaky").maxRetries(1));

    var event =
        host.assertThat(runId)
            .is(RunStatus.FAILED)
            .hasError("acme.flaky")
            .hasSoundLog()
            .log()
            .only(EventType.NODE_FAILED, "flaky");
    assertThat(Json.parseObject(event.payload())).containsEntry("attempts", 2);
  }

  @Test
  void withLongerWaitsUpToALimit() {
    flaky.failures = 100;
    String runId = host.finish(workflow("flaky").node("flaky", "test.flaky").maxRetries(4));

    assertThat(
            host
                .stores()
                .runs()
                .log(SampleRuns.TENANT, runId, -1, 100)
                .orElseThrow()
                .events()
                .stream()
                .filter(event -> event.type() == EventType.NODE_RETRIED)
                .map(event -> Json.parseObject(event.payload()).get("delayMs")))
        .containsExactly(1_000, 2_000, 3_000, 3_000);
  }

  @Test
  void butNotIfNoRepetitionCanCureIt() {
    String runId = host.finish(workflow("hopeless").node("fail", "core.fail").maxRetries(5));

    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .log()
        .reads("RUN_STARTED", "NODE_STARTED fail", "NODE_FAILED fail", "RUN_FAILED");
  }

  @Test
  void eachAttemptCountsAgainstTheLimit() {
    flaky.failures = 100;
    WorkflowBuilder workflow = workflow("flaky").node("flaky", "test.flaky").maxRetries(50);
    host.register(workflow);
    String runId = host.create(workflow.id(), Map.of(), Map.of("recursionLimit", 3));
    host.driveToEnd(runId);

    host.assertThat(runId).is(RunStatus.FAILED).hasError("recursion_limit_exceeded").hasSoundLog();
  }

  private static final class Flaky implements NodeExecutor {

    volatile int failures;

    @Override
    public String typeId() {
      return "test.flaky";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return context.attempt() < failures
          ? new NodeResult.Failed("acme.flaky", "Not this time", true)
          : NodeResult.completed();
    }
  }
}
