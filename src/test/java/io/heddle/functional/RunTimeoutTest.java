package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.HeldNode;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run may last as long as the shortest of what its caller, its workflow and the host allow. */
@Timeout(60)
class RunTimeoutTest {

  private static final Duration HOST_LIMIT = Duration.ofHours(10);

  private final SettableClock clock = new SettableClock(Instant.now());

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.limits(1_000, HOST_LIMIT), clock);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void ofTheCaller() {
    endsAfter(Duration.ofHours(1), null, Map.of("runTimeoutMs", millis(Duration.ofHours(1))));
  }

  @Test
  void ofTheWorkflow() {
    endsAfter(Duration.ofHours(2), Duration.ofHours(2), Map.of());
  }

  @Test
  void ofTheHost() {
    endsAfter(HOST_LIMIT, null, Map.of());
  }

  @Test
  void ofTheHostForThoseWhoAskForMore() {
    endsAfter(HOST_LIMIT, Duration.ofDays(20), Map.of("runTimeoutMs", millis(Duration.ofDays(30))));
  }

  @Test
  void theShortestCounts() {
    endsAfter(
        Duration.ofHours(3),
        Duration.ofHours(3),
        Map.of("runTimeoutMs", millis(Duration.ofHours(4))));
    endsAfter(
        Duration.ofHours(3),
        Duration.ofHours(4),
        Map.of("runTimeoutMs", millis(Duration.ofHours(3))));
  }

  @Test
  void timeBeforeTheFirstStepDoesNotCount() {
    WorkflowBuilder workflow = sleeper(Duration.ofMinutes(1), null);
    host.register(workflow);
    String runId =
        host.create(workflow.id(), Map.of(), Map.of("runTimeoutMs", millis(Duration.ofHours(1))));
    clock.advance(Duration.ofHours(5));

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.RUNNING).hasSoundLog();
  }

  @Test
  void aNodeThatIsExecutingIsStopped() throws InterruptedException {
    HeldNode endless = new HeldNode();
    try (HandDrivenHost inRealTime =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, InstantSource.system(), endless)) {
      inRealTime
          .run(workflow("endless").node("endless", endless.typeId()), Map.of("runTimeoutMs", 50))
          .is(RunStatus.FAILED)
          .hasError("run_timeout")
          .hasSoundLog()
          .log()
          .tellsAStory()
          .reads(
              "RUN_STARTED",
              "NODE_STARTED endless",
              "CAP_BREACHED",
              "NODE_CANCELLED endless",
              "RUN_FAILED");
      endless.awaitInterrupted();
    }
  }

  /** A run that would sleep for longer is woken for its end, and not before its time is over. */
  private void endsAfter(
      Duration allowed, @Nullable Duration ofWorkflow, Map<String, @Nullable Object> configurable) {
    WorkflowBuilder workflow = sleeper(Duration.ofDays(2), ofWorkflow);
    host.register(workflow);
    String runId = host.create(workflow.id(), Map.of(), configurable);
    Optional<Instant> due = host.drive(runId);
    Run started = SampleRuns.read(host.stores(), runId);
    assertThat(due.orElseThrow())
        .isBetween(clock.instant().plus(allowed), clock.instant().plus(allowed).plusMillis(1));

    // All of its time, to the microsecond, and not one more.
    clock.set(started.startedAt().plus(allowed));
    host.disturb(runId);
    Optional<Instant> again = host.drive(runId);
    host.assertThat(runId).is(RunStatus.RUNNING).hasSoundLog();
    assertThat(again.orElseThrow()).isAfter(clock.instant());

    clock.set(again.orElseThrow());
    host.drive(runId);

    var run = host.assertThat(runId).is(RunStatus.FAILED).hasError("run_timeout").hasSoundLog();
    run.log()
        .tellsAStory()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED sleep",
            "CAP_BREACHED",
            "NODE_CANCELLED sleep",
            "RUN_FAILED");
    assertThat(Json.parseObject(run.log().only(EventType.CAP_BREACHED, null).payload()))
        .isEqualTo(
            Map.of(
                "kind", "run-duration", "limit", millis(allowed), "observed", millis(allowed) + 1));
  }

  private static WorkflowBuilder sleeper(Duration sleep, @Nullable Duration timeout) {
    WorkflowBuilder workflow =
        workflow("sleeper-" + (timeout == null ? "unbounded" : timeout.toHours()))
            .node("sleep", "core.delay", Map.of("ms", sleep.toMillis()));
    return timeout == null ? workflow : workflow.timeout(timeout.toMillis());
  }

  /** An integer, as it is read back from JSON. */
  private static int millis(Duration duration) {
    return (int) Math.min(duration.toMillis(), Integer.MAX_VALUE);
  }
}
