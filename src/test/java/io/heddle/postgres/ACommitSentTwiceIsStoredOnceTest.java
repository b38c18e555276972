package io.heddle.postgres;

import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.SampleRuns.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.run.Step.Outcome;
import io.heddle.run.Wakeup;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A worker that does not know whether its step was stored may send it again. */
class ACommitSentTwiceIsStoredOnceTest {

  private static Stores stores;

  @BeforeAll
  static void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
  }

  @Test
  void whileTheRunGoesOn() {
    Run run = SampleRuns.create(stores, "node-a");
    Step step = SampleRuns.step(run, 3);

    assertThat(stores.runs().commit(step)).isEqualTo(Outcome.COMMITTED);
    assertThat(stores.runs().commit(step)).isEqualTo(Outcome.COMMITTED);

    assertThat(SampleRuns.read(stores, run.runId()).nextSequence()).isEqualTo(3);
    assertThatRun(stores, TENANT, run.runId()).is(RunStatus.RUNNING).hasSoundLog();
  }

  @Test
  void whenItWasTheLast() {
    Run run = SampleRuns.create(stores, "node-a");
    Step step = SampleRuns.completion(run);

    assertThat(stores.runs().commit(step)).isEqualTo(Outcome.COMMITTED);
    assertThat(stores.runs().commit(step)).isEqualTo(Outcome.COMMITTED);

    assertThatRun(stores, TENANT, run.runId())
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .hasTypes(EventType.RUN_COMPLETED);
  }

  @Test
  void whenTheRunWasParkedWithItAndTakenByAnotherSince() {
    Run run = SampleRuns.create(stores, "node-a");
    Step park =
        SampleRuns.step(run, RunStatus.RUNNING, SampleRuns.events(1), new Wakeup.At(Instant.EPOCH));
    assertThat(stores.runs().commit(park)).isEqualTo(Outcome.COMMITTED);
    Run taken = stores.claims().claimDue("node-b", 10).get(0);

    assertThat(stores.runs().commit(park)).isEqualTo(Outcome.COMMITTED);

    // What the other holds is untouched: it can still write, and nobody can take the run from it.
    assertThat(stores.claims().claimDue("node-c", 10)).isEmpty();
    assertThat(stores.runs().commit(SampleRuns.completion(taken))).isEqualTo(Outcome.COMMITTED);
    assertThatRun(stores, TENANT, run.runId())
        .hasSoundLog()
        .log()
        .hasTypes(EventType.CAP_BREACHED, EventType.RUN_COMPLETED);
  }

  @Test
  void whenTheRunWasCancelledSince() {
    Run run = SampleRuns.create(stores, "node-a");
    Step step = SampleRuns.step(run, 1);
    assertThat(stores.runs().commit(step)).isEqualTo(Outcome.COMMITTED);
    new RunService(stores.runs(), new NoSlots(), runId -> {})
        .cancel(TENANT, run.runId(), null, null);

    assertThat(stores.runs().commit(step)).isEqualTo(Outcome.COMMITTED);

    assertThatRun(stores, TENANT, run.runId())
        .is(RunStatus.CANCELLED)
        .hasSoundLog()
        .log()
        .hasTypes(EventType.CAP_BREACHED, EventType.RUN_CANCELLED);
  }

  @Test
  void whenBothAreUnderWayAtOnce() throws Exception {
    ExecutorService senders = Executors.newFixedThreadPool(2);
    try {
      for (int i = 0; i < 100; i++) {
        Run run = SampleRuns.create(stores, "node-a");
        Step step = SampleRuns.step(run, 2);
        Future<Outcome> one = senders.submit(() -> stores.runs().commit(step));
        Future<Outcome> other = senders.submit(() -> stores.runs().commit(step));

        assertThat(one.get()).isEqualTo(Outcome.COMMITTED);
        assertThat(other.get()).isEqualTo(Outcome.COMMITTED);
        assertThatRun(stores, TENANT, run.runId()).hasSoundLog();
        assertThat(SampleRuns.read(stores, run.runId()).nextSequence()).isEqualTo(2);
      }
    } finally {
      senders.shutdownNow();
    }
  }
}
