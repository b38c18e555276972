package io.heddle.postgres;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.Run;
import io.heddle.run.Step.Outcome;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a node held when it stopped living is due for the others, and only that. */
@Timeout(60)
class OrphansOfExpiredNodesAreFreedTest {

  private Stores stores;

  @BeforeEach
  void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    stores.claims().register("alive", Duration.ofHours(1));
    stores.claims().register("dead", Duration.ofMillis(1));
  }

  @Test
  void onlyTheRunsOfTheDeadAreDue() {
    Run orphan = SampleRuns.create(stores, "dead");
    Run kept = SampleRuns.create(stores, "alive");
    awaitExpiry("dead");

    assertThat(stores.claims().freeOrphans()).isEqualTo(1);

    assertThat(stores.claims().heldBy("dead")).isEmpty();
    assertThat(stores.claims().heldBy("alive").stream().map(held -> held.runId()))
        .containsExactly(kept.runId());
    List<Run> claimed = stores.claims().claimDue("alive", 10);
    assertThat(claimed.stream().map(Run::runId)).containsExactly(orphan.runId());
    assertThat(claimed.get(0).leaseEpoch()).isGreaterThan(orphan.leaseEpoch());
    assertThat(stores.claims().freeOrphans()).isZero();
  }

  @Test
  void theDeadNodeCannotShowThatItLivesAnyMore() {
    awaitExpiry("dead");
    stores.claims().freeOrphans();

    assertThat(stores.claims().heartbeat("dead", Duration.ofHours(1))).isEmpty();
    assertThat(stores.claims().heartbeat("alive", Duration.ofHours(1))).isPresent();
  }

  @Test
  void aLateNodeThatNobodyFencedKeepsItsRuns() {
    Run run = SampleRuns.create(stores, "dead");
    awaitExpiry("dead");

    assertThat(stores.claims().heartbeat("dead", Duration.ofHours(1))).isPresent();

    assertThat(stores.claims().freeOrphans()).isZero();
    assertThat(stores.runs().commit(SampleRuns.completion(run))).isEqualTo(Outcome.COMMITTED);
  }

  @Test
  void aNodeThatLeavesGivesEverythingBackAtOnce() {
    Run run = SampleRuns.create(stores, "alive");

    stores.claims().release("alive");

    assertThat(stores.claims().claimDue("other", 10).stream().map(Run::runId))
        .containsExactly(run.runId());
    assertThat(stores.claims().heartbeat("alive", Duration.ofHours(1))).isEmpty();
  }

  @Test
  void runsThatEndedOrWaitAreLeftAlone() {
    Run ended = SampleRuns.create(stores, "dead");
    stores.runs().commit(SampleRuns.completion(ended));
    awaitExpiry("dead");

    assertThat(stores.claims().freeOrphans()).isZero();
    assertThat(SampleRuns.read(stores, ended.runId()).leaseEpoch()).isEqualTo(ended.leaseEpoch());
  }

  @Test
  void manyWhoLookAtOnceFreeEachOrphanOnce() throws Exception {
    int orphans = 200;
    for (int i = 0; i < orphans; i++) {
      SampleRuns.create(stores, "dead");
    }
    awaitExpiry("dead");
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Callable<Integer>> nodes = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        nodes.add(() -> stores.claims().freeOrphans());
      }
      int freed = 0;
      for (Future<Integer> node : threads.invokeAll(nodes)) {
        freed += node.get();
      }
      assertThat(freed).isEqualTo(orphans);
    } finally {
      threads.shutdownNow();
    }
    assertThat(stores.claims().claimDue("alive", 1_000))
        .hasSize(orphans)
        .allSatisfy(run -> assertThat(run.leaseEpoch()).isEqualTo(3));
  }

  private void awaitExpiry(String node) {
    await(node + " to expire")
        .until(
            () ->
                stores
                    .jdbc()
                    .sql("select expires_at < now() from openwop.host_node where node_id = :node")
                    .param("node", node)
                    .query(Boolean.class)
                    .single());
  }
}
