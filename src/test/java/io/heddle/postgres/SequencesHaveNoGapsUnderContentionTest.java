package io.heddle.postgres;

import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.SampleRuns.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.run.Step.Outcome;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** However many write to one run at once, its log holds what they were told it holds. */
class SequencesHaveNoGapsUnderContentionTest {

  private static final int WORKERS = 8;

  private static final int EVENTS = 400;

  private static final ExecutorService THREADS = Executors.newCachedThreadPool();

  private static Stores stores;

  @BeforeAll
  static void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    stores.claims().register("node-a", Duration.ofHours(1));
  }

  @AfterAll
  static void end() {
    THREADS.shutdownNow();
  }

  @Test
  void workersWhoAllBelieveToHoldTheRun() throws Exception {
    Run run = SampleRuns.create(stores, "node-a");
    Queue<String> stored = new ConcurrentLinkedQueue<>();
    Queue<String> refused = new ConcurrentLinkedQueue<>();

    List<Callable<Void>> writers = new ArrayList<>();
    for (int i = 0; i < WORKERS; i++) {
      int eventsPerStep = 1 + i % 3;
      writers.add(() -> append(run.runId(), eventsPerStep, stored, refused));
    }
    atOnce(writers);

    assertThat(eventIds(run.runId())).containsExactlyInAnyOrderElementsOf(stored);
    // Otherwise they did not get in each other's way, and this proves nothing.
    assertThat(refused).isNotEmpty();
    assertThatRun(stores, TENANT, run.runId()).is(RunStatus.RUNNING).hasSoundLog();
  }

  @Test
  void workersAndPeopleWhoCancelAndNodesThatTakeTheRunAway() throws Exception {
    RunService service = new RunService(stores.runs(), new NoSlots(), runId -> {});
    for (int round = 0; round < 25; round++) {
      Run run = SampleRuns.create(stores, "node-a");
      Queue<String> stored = new ConcurrentLinkedQueue<>();

      List<Callable<Void>> writers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        writers.add(() -> appendUntilTheEnd(run.runId(), stored));
      }
      for (int i = 0; i < 3; i++) {
        String who = "canceller-" + i;
        writers.add(
            () -> {
              await(run.runId(), 10);
              service.cancel(TENANT, run.runId(), null, who);
              return null;
            });
      }
      writers.add(
          () -> {
            while (!SampleRuns.read(stores, run.runId()).status().isTerminal()) {
              stores.claims().heldBy("node-a").stream()
                  .filter(held -> held.runId().equals(run.runId()))
                  .forEach(
                      held ->
                          stores
                              .claims()
                              .handBack("node-a", held.runId(), held.leaseEpoch(), Duration.ZERO));
              stores.claims().claimDue("node-a", 10);
            }
            return null;
          });
      atOnce(writers);

      List<String> log = eventIds(run.runId());
      assertThat(log.subList(0, log.size() - 1)).containsExactlyInAnyOrderElementsOf(stored);
      assertThatRun(stores, TENANT, run.runId())
          .is(RunStatus.CANCELLED)
          .hasSoundLog()
          .log()
          .only(EventType.RUN_CANCELLED, null);
    }
  }

  private static Void append(
      String runId, int eventsPerStep, Queue<String> stored, Queue<String> refused) {
    Run run = SampleRuns.read(stores, runId);
    while (run.nextSequence() < EVENTS) {
      Step step = SampleRuns.step(run, eventsPerStep);
      Queue<String> fate = stores.runs().commit(step) == Outcome.COMMITTED ? stored : refused;
      step.events().stream().map(NewEvent::eventId).forEach(fate::add);
      run = SampleRuns.read(stores, runId);
    }
    return null;
  }

  private static Void appendUntilTheEnd(String runId, Queue<String> stored) {
    Run run = SampleRuns.read(stores, runId);
    while (!run.status().isTerminal()) {
      Step step = SampleRuns.step(run, 2);
      if (stores.runs().commit(step) == Outcome.COMMITTED) {
        step.events().stream().map(NewEvent::eventId).forEach(stored::add);
      }
      run = SampleRuns.read(stores, runId);
    }
    return null;
  }

  private static void await(String runId, long length) {
    while (SampleRuns.read(stores, runId).nextSequence() < length) {
      Thread.onSpinWait();
    }
  }

  private static List<String> eventIds(String runId) {
    return stores.runs().log(TENANT, runId, -1, Integer.MAX_VALUE).orElseThrow().events().stream()
        .map(RunEvent::eventId)
        .toList();
  }

  private static void atOnce(List<Callable<Void>> writers) throws Exception {
    CyclicBarrier start = new CyclicBarrier(writers.size());
    List<Future<Void>> ends = new ArrayList<>();
    for (Callable<Void> writer : writers) {
      ends.add(
          THREADS.submit(
              () -> {
                start.await();
                return writer.call();
              }));
    }
    for (Future<Void> end : ends) {
      end.get();
    }
  }
}
