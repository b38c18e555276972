package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The time that a run may take stands still while the run is paused. */
class PausedTimeDoesNotCountTest {

  private static final Duration ALLOWED = Duration.ofHours(1);

  private final SettableClock clock = new SettableClock(Instant.now());

  private HandDrivenHost host;

  private RunService service;

  private String runId;

  @BeforeEach
  void aRunThatSleepsForLongerThanItMayTake() {
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock);
    service = new RunService(host.stores().runs(), new NoSlots(), it -> {});
    host.register(
        workflow("sleeper")
            .node("sleep", "core.delay", Map.of("ms", Duration.ofDays(2).toMillis()))
            .timeout(ALLOWED.toMillis()));
    runId = host.create("sleeper", Map.of(), Map.of());
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void howeverLongItIs() {
    host.drive(runId);
    passPaused(Duration.ofHours(5));

    Instant due = host.drive(runId).orElseThrow();

    host.assertThat(runId).is(RunStatus.RUNNING).hasSoundLog();
    assertThat(due).isEqualTo(deadline());
    assertThat(Duration.between(read().startedAt(), due))
        .isGreaterThan(ALLOWED.plus(Duration.ofHours(5)))
        .isLessThan(ALLOWED.plus(Duration.ofHours(6)));
  }

  @Test
  void howeverOftenItIs() {
    host.drive(runId);
    for (int i = 0; i < 3; i++) {
      passPaused(Duration.ofHours(5));
      host.drive(runId);
    }

    host.assertThat(runId).is(RunStatus.RUNNING).hasSoundLog();
    assertThat(Duration.between(read().startedAt(), deadline()))
        .isGreaterThan(ALLOWED.plus(Duration.ofHours(15)));
  }

  @Test
  void evenIfNoHostHasLookedAtTheRunInBetween() {
    host.drive(runId);
    passPaused(Duration.ofHours(5));
    passPaused(Duration.ofHours(5));

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.RUNNING).hasSoundLog();
  }

  @Test
  void beforeTheFirstStep() {
    passPaused(Duration.ofHours(5));

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.RUNNING).hasSoundLog();
  }

  @Test
  void theRestOfTheTimeIsLeftAndNoMore() {
    host.drive(runId);
    passPaused(Duration.ofHours(5));
    clock.set(deadline().minusMillis(1));
    host.disturb(runId);
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.RUNNING);

    clock.set(deadline());
    host.disturb(runId);
    host.drive(runId);

    var log =
        host.assertThat(runId).is(RunStatus.FAILED).hasError("run_timeout").hasSoundLog().log();
    log.reads(
        "RUN_STARTED",
        "NODE_STARTED sleep",
        "RUN_PAUSED",
        "RUN_RESUMED",
        "CAP_BREACHED",
        "NODE_CANCELLED sleep",
        "RUN_FAILED");
    // What is told is what was counted.
    assertThat(Json.parseObject(log.only(EventType.CAP_BREACHED, null).payload()))
        .containsEntry("limit", (int) ALLOWED.toMillis())
        .containsEntry("observed", (int) ALLOWED.toMillis() + 1);
  }

  @Test
  void aRunWhoseTimeIsOverWhileItIsPausedIsOnlyJudgedOnceItGoesOn() {
    Instant started = clock.instant();
    host.drive(runId);
    clock.set(started.plus(ALLOWED.minusMinutes(1)));
    pause();
    clock.advance(Duration.ofDays(1));
    assertThat(host.driveAll()).isZero();

    host.assertThat(runId).is(RunStatus.PAUSED).hasSoundLog();
  }

  /** A pause, by the clock of the database, which the host's follows. */
  private void passPaused(Duration time) {
    pause();
    clock.advance(time);
    host.stores()
        .jdbc()
        .sql(
            """
            update openwop.run set paused_at = paused_at - :millis * interval '1 millisecond'
            where run_id = :run
            """)
        .param("millis", time.toMillis())
        .param("run", runId)
        .update();
    service.resume(SampleRuns.TENANT, runId, null).orElseThrow();
  }

  private void pause() {
    service
        .pause(SampleRuns.TENANT, runId, new PauseRequest(DrainPolicy.IMMEDIATE, null))
        .orElseThrow();
    assertThat(read().status()).isEqualTo(RunStatus.PAUSED);
  }

  /** The first instant at which it is too late. */
  private Instant deadline() {
    return read().timedFrom().plus(ALLOWED).plusMillis(1);
  }

  private Run read() {
    return SampleRuns.read(host.stores(), runId);
  }
}
