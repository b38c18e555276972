package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.Step.Outcome;
import io.heddle.run.Wakeup;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run that is due goes to one node, and one that is not goes to none. */
@Timeout(60)
class ClaimsAreExclusiveTest {

  private static final int CLAIMERS = 16;

  private static final int RUNS = 600;

  private Stores stores;

  @BeforeEach
  void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    for (int i = 0; i < CLAIMERS; i++) {
      stores.claims().register("node-" + i, Duration.ofHours(1));
    }
  }

  @Test
  void manyClaimersShareWhatIsDue() throws Exception {
    Set<String> due = new HashSet<>();
    for (int i = 0; i < RUNS; i++) {
      due.add(SampleRuns.create(stores, null).runId());
    }
    Run leased = SampleRuns.create(stores, "node-0");
    Run parked = parkedUntil(Instant.now().plus(Duration.ofHours(1)));

    List<List<Run>> claimed = claimAll();

    assertThat(claimed.stream().flatMap(List::stream).map(Run::runId))
        .containsExactlyInAnyOrderElementsOf(due)
        .doesNotContain(leased.runId(), parked.runId());
    assertThat(claimed.stream().flatMap(List::stream))
        .allSatisfy(run -> assertThat(run.leaseEpoch()).isEqualTo(1));
    // Otherwise one had it all before the others came, and this proves nothing.
    assertThat(claimed.stream().filter(share -> !share.isEmpty())).hasSizeGreaterThan(1);
    for (int i = 0; i < CLAIMERS; i++) {
      assertThat(stores.claims().heldBy("node-" + i).stream().map(held -> held.runId()))
          .containsAll(claimed.get(i).stream().map(Run::runId).toList());
    }
  }

  @Test
  void theOldestComeFirstAndNoMoreThanWanted() {
    Run late = parkedUntil(Instant.EPOCH.plusSeconds(3));
    Run early = parkedUntil(Instant.EPOCH.plusSeconds(1));
    Run middle = parkedUntil(Instant.EPOCH.plusSeconds(2));

    assertThat(stores.claims().claimDue("node-0", 2).stream().map(Run::runId))
        .containsExactlyInAnyOrder(early.runId(), middle.runId());
    assertThat(stores.claims().claimDue("node-1", 2).stream().map(Run::runId))
        .containsExactly(late.runId());
    assertThat(stores.claims().claimDue("node-2", 2)).isEmpty();
  }

  @Test
  void aRunIsClaimedAsItStandsAfterItsLastStep() {
    Run parked = parkedUntil(Instant.EPOCH);

    Run claimed = stores.claims().claimDue("node-0", 10).get(0);

    assertThat(claimed.nextSequence()).isEqualTo(2);
    assertThat(claimed.leaseEpoch()).isEqualTo(parked.leaseEpoch() + 1);
    assertThat(stores.runs().commit(SampleRuns.completion(claimed))).isEqualTo(Outcome.COMMITTED);
    assertThat(stores.claims().claimDue("node-0", 10)).isEmpty();
  }

  private Run parkedUntil(Instant instant) {
    Run run = SampleRuns.create(stores, "node-0");
    Outcome outcome =
        stores
            .runs()
            .commit(
                SampleRuns.step(
                    run, RunStatus.RUNNING, SampleRuns.events(2), new Wakeup.At(instant)));
    assertThat(outcome).isEqualTo(Outcome.COMMITTED);
    return SampleRuns.read(stores, run.runId());
  }

  private List<List<Run>> claimAll() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(CLAIMERS);
    try {
      List<Callable<List<Run>>> claimers = new ArrayList<>();
      for (int i = 0; i < CLAIMERS; i++) {
        String node = "node-" + i;
        claimers.add(() -> claimUntilNothingIsDue(node));
      }
      List<List<Run>> claimed = new ArrayList<>();
      for (Future<List<Run>> claimer : threads.invokeAll(claimers)) {
        claimed.add(claimer.get());
      }
      return claimed;
    } finally {
      threads.shutdownNow();
    }
  }

  private List<Run> claimUntilNothingIsDue(String node) {
    List<Run> claimed = new ArrayList<>();
    // Nothing may also mean that others hold the locks, so the table is asked who is right.
    while (isAnythingDue()) {
      claimed.addAll(stores.claims().claimDue(node, 7));
    }
    return claimed;
  }

  private boolean isAnythingDue() {
    return stores
        .jdbc()
        .sql("select exists (select 1 from openwop.run where wake_at <= now())")
        .query(Boolean.class)
        .single();
  }
}
