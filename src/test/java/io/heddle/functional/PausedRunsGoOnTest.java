package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A paused run does nothing until it is resumed, and then goes on from where it stood. */
class PausedRunsGoOnTest {

  private final SettableClock clock = new SettableClock(Instant.now());

  private HandDrivenHost host;

  private RunService service;

  private String runId;

  @BeforeEach
  void aRunThatSleeps() {
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock);
    service = new RunService(host.stores().runs(), new NoSlots(), it -> {});
    host.register(
        workflow("sleeper")
            .node("sleep", "core.delay", Map.of("ms", 60_000))
            .node("after", "core.noop")
            .edge("sleep", "after"));
    runId = host.create("sleeper", Map.of(), Map.of());
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void atOnce() {
    Instant due = host.drive(runId).orElseThrow();
    service.pause(SampleRuns.TENANT, runId, request(DrainPolicy.IMMEDIATE)).orElseThrow();
    host.assertThat(runId).is(RunStatus.PAUSED).hasSoundLog();
    assertThat(host.stores().claims().claimDue("other", 10)).isEmpty();

    service.resume(SampleRuns.TENANT, runId, "go on").orElseThrow();
    clock.set(due);
    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED sleep",
            "RUN_PAUSED",
            "RUN_RESUMED",
            "NODE_COMPLETED sleep",
            "NODE_STARTED after",
            "NODE_COMPLETED after",
            "RUN_COMPLETED");
  }

  @Test
  void afterItsNodesInProgressHaveEnded() {
    Instant due = host.drive(runId).orElseThrow();
    service.pause(SampleRuns.TENANT, runId, request(DrainPolicy.DRAIN_CURRENT_NODE)).orElseThrow();
    host.assertThat(runId).is(RunStatus.RUNNING);

    clock.set(due);
    host.drive(runId);
    host.assertThat(runId)
        .is(RunStatus.PAUSED)
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_STARTED sleep", "NODE_COMPLETED sleep", "RUN_PAUSED");

    service.resume(SampleRuns.TENANT, runId, null).orElseThrow();
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void afterTheRunItWaitsForHasEnded() {
    host.register(workflow("child").node("work", "core.noop"));
    host.register(
        workflow("parent")
            .node("call", "core.subWorkflow", Map.of("workflowId", "child"))
            .node("after", "core.noop")
            .edge("call", "after"));
    String parent = host.create("parent", Map.of(), Map.of());
    host.drive(parent);
    service.pause(SampleRuns.TENANT, parent, request(DrainPolicy.DRAIN_CURRENT_NODE)).orElseThrow();
    host.drive(host.stores().runs().children(SampleRuns.TENANT, parent, 1).get(0).runId());
    host.drive(parent);

    host.assertThat(parent)
        .is(RunStatus.PAUSED)
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_STARTED call", "NODE_COMPLETED call", "RUN_PAUSED");

    service.resume(SampleRuns.TENANT, parent, null).orElseThrow();
    host.drive(parent);
    host.assertThat(parent)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .readsOf("after", EventType.NODE_STARTED, EventType.NODE_COMPLETED);
  }

  @Test
  void beforeItStarted() {
    service.pause(SampleRuns.TENANT, runId, request(DrainPolicy.DRAIN_CURRENT_NODE)).orElseThrow();

    host.assertThat(runId)
        .is(RunStatus.PAUSED)
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "RUN_PAUSED");
  }

  @Test
  void aPauseThatComesWhileAWorkerIsAtItIsHeededBeforeTheNextStep() {
    Instant due = host.drive(runId).orElseThrow();
    clock.set(due);
    // The worker has read the run when the request arrives.
    host.driveAfter(
        runId,
        () ->
            service
                .pause(SampleRuns.TENANT, runId, request(DrainPolicy.DRAIN_CURRENT_NODE))
                .orElseThrow());

    host.assertThat(runId).is(RunStatus.PAUSED).hasSoundLog();
  }

  @Test
  void aRunThatIsNotPausedIsNotResumed() {
    Optional<Instant> due = host.drive(runId);

    assertThat(service.resume(SampleRuns.TENANT, runId, null).orElseThrow().status())
        .isEqualTo(RunStatus.RUNNING);
    host.assertThat(runId).is(RunStatus.RUNNING).log().reads("RUN_STARTED", "NODE_STARTED sleep");
    assertThat(due).isPresent();
  }

  @Test
  void aPausedRunCanBeCancelled() {
    host.drive(runId);
    service.pause(SampleRuns.TENANT, runId, request(DrainPolicy.IMMEDIATE)).orElseThrow();

    service.cancel(SampleRuns.TENANT, runId, null, null).orElseThrow();

    host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
  }

  private static PauseRequest request(DrainPolicy policy) {
    return new PauseRequest(policy, "lunch");
  }
}
