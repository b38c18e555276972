package io.heddle.postgres;

import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.SampleRuns.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.run.RunService.Cancelled;
import io.heddle.run.RunStatus;
import io.heddle.run.Step.Outcome;
import io.heddle.testkit.Locks;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run ends once, and everybody who had a part in it is told the same end. */
@Timeout(60)
class CancelAgainstCompletionLeavesOneTerminalEventTest {

  private static final int RACES = 300;

  private static final ExecutorService THREADS = Executors.newFixedThreadPool(3);

  private static Database database;

  private static Stores stores;

  private static RunService service;

  @BeforeAll
  static void open() {
    database = PostgresPerJvm.freshDatabase();
    stores = Stores.on(database.dataSource());
    service = new RunService(stores.runs(), new NoSlots(), runId -> {});
  }

  @AfterAll
  static void end() {
    THREADS.shutdownNow();
  }

  @Test
  void whoeverComesFirst() throws Exception {
    CyclicBarrier start = new CyclicBarrier(3);
    for (int race = 0; race < RACES; race++) {
      Run run = SampleRuns.create(stores, "node-a");
      Future<Outcome> completion =
          THREADS.submit(
              () -> {
                start.await();
                return stores.runs().commit(SampleRuns.completion(run));
              });
      Future<Optional<RunStatus>> one = THREADS.submit(() -> cancel(start, run));
      Future<Optional<RunStatus>> other = THREADS.submit(() -> cancel(start, run));

      judge(run, completion.get(), one.get(), other.get());
    }
  }

  @Test
  void whenTheCancelWasThereFirst() throws Exception {
    Run run = SampleRuns.create(stores, "node-a");
    Future<Optional<RunStatus>> cancel;
    Future<Outcome> completion;
    try (Locks locks = Locks.onRun(database, run.runId())) {
      cancel =
          THREADS.submit(
              () ->
                  service
                      .cancel(TENANT, run.runId(), "changed my mind", "bob")
                      .map(Cancelled::before));
      locks.awaitWaiting(1);
      completion = THREADS.submit(() -> stores.runs().commit(SampleRuns.completion(run)));
      locks.awaitWaiting(2);
    }

    assertThat(cancel.get()).contains(RunStatus.PENDING);
    assertThat(completion.get()).isEqualTo(Outcome.FENCED);
    assertThatRun(stores, TENANT, run.runId())
        .is(RunStatus.CANCELLED)
        .hasSoundLog()
        .log()
        .hasTypes(EventType.RUN_CANCELLED);
  }

  @Test
  void whenTheCompletionWasThereFirst() throws Exception {
    Run run = SampleRuns.create(stores, "node-a");
    Future<Outcome> completion;
    Future<Optional<RunStatus>> cancel;
    try (Locks locks = Locks.onRun(database, run.runId())) {
      completion = THREADS.submit(() -> stores.runs().commit(SampleRuns.completion(run)));
      locks.awaitWaiting(1);
      cancel =
          THREADS.submit(
              () -> service.cancel(TENANT, run.runId(), null, "bob").map(Cancelled::before));
      locks.awaitWaiting(2);
    }

    assertThat(completion.get()).isEqualTo(Outcome.COMMITTED);
    assertThat(cancel.get()).contains(RunStatus.COMPLETED);
    assertThatRun(stores, TENANT, run.runId())
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .hasTypes(EventType.RUN_COMPLETED);
  }

  private static Optional<RunStatus> cancel(CyclicBarrier start, Run run) throws Exception {
    start.await();
    return service.cancel(TENANT, run.runId(), null, "bob").map(Cancelled::before);
  }

  private static void judge(
      Run run, Outcome completion, Optional<RunStatus> one, Optional<RunStatus> other) {
    if (completion == Outcome.COMMITTED) {
      assertThat(one).contains(RunStatus.COMPLETED);
      assertThat(other).contains(RunStatus.COMPLETED);
      assertThatRun(stores, TENANT, run.runId())
          .is(RunStatus.COMPLETED)
          .hasSoundLog()
          .log()
          .hasTypes(EventType.RUN_COMPLETED);
    } else {
      // One of the two ended the run, and the other found it ended.
      assertThat(List.of(one.orElseThrow(), other.orElseThrow()))
          .containsExactlyInAnyOrder(RunStatus.PENDING, RunStatus.CANCELLED);
      assertThatRun(stores, TENANT, run.runId())
          .is(RunStatus.CANCELLED)
          .hasSoundLog()
          .log()
          .hasTypes(EventType.RUN_CANCELLED);
    }
  }
}
