package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.Run;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Many runs fall due at the same time, and several nodes take them. A system property says how
 * many; with enough of them, the figures that this logs are worth reading.
 */
class AStormOfDueRunsIsClaimedOnceTest {

  private static final Logger log = LoggerFactory.getLogger(AStormOfDueRunsIsClaimedOnceTest.class);

  private static final int RUNS = Integer.getInteger("storm.runs", 2_000);

  private static final int NODES = 3;

  private static final int SLOTS = 64;

  private final Database database = PostgresPerJvm.freshDatabase();

  private final Stores stores = Stores.on(database.dataSource());

  private final Set<String> claimed = ConcurrentHashMap.newKeySet();

  private final ConcurrentLinkedQueue<Long> nanos = new ConcurrentLinkedQueue<>();

  @ParameterizedTest
  @ValueSource(ints = {1, 200})
  void whateverTheNumberOfTenants(int tenants) throws Exception {
    fill(tenants);
    for (int i = 0; i < NODES; i++) {
      stores.claims().register("node-" + i, Duration.ofHours(1));
    }
    log.info("{}", explain());
    ExecutorService nodes = Executors.newFixedThreadPool(NODES);
    long begin = System.nanoTime();
    try {
      List<Future<?>> claiming = new ArrayList<>();
      for (int i = 0; i < NODES; i++) {
        String node = "node-" + i;
        claiming.add(nodes.submit(() -> claimAll(node)));
      }
      for (Future<?> node : claiming) {
        node.get();
      }
    } finally {
      nodes.shutdownNow();
    }
    Duration taken = Duration.ofNanos(System.nanoTime() - begin);

    assertThat(claimed).hasSize(RUNS);
    long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    log.info(
        "{} due runs of {} tenants, {} nodes of {} slots: {} claims in {} ms;"
            + " a claim took {} / {} / {} µs (median, 95 %, longest)",
        RUNS,
        tenants,
        NODES,
        SLOTS,
        sorted.length,
        taken.toMillis(),
        sorted[sorted.length / 2] / 1_000,
        sorted[sorted.length * 95 / 100] / 1_000,
        sorted[sorted.length - 1] / 1_000);
  }

  private void claimAll(String node) {
    while (claimed.size() < RUNS && !Thread.currentThread().isInterrupted()) {
      long begin = System.nanoTime();
      List<Run> runs = stores.claims().claim(node, SLOTS, 0).runs();
      nanos.add(System.nanoTime() - begin);
      for (Run run : runs) {
        assertThat(claimed.add(run.runId())).as(run.runId()).isTrue();
      }
      end(runs);
    }
  }

  /** Makes room, as work that costs nothing would. */
  private void end(List<Run> runs) {
    database
        .jdbc()
        .sql(
            """
            update openwop.run set lease_owner = null, status = 'COMPLETED', ended_at = now()
            where run_id = any(:runs)
            """)
        .param("runs", runs.stream().map(Run::runId).toArray(String[]::new))
        .update();
  }

  private void fill(int tenants) {
    database
        .jdbc()
        .sql(
            """
            insert into openwop.run (
              run_id, tenant_id, owner_principal, owner_issuer, owner_lane, owner_kind, workflow_scope,
              workflow_id, workflow_revision, status, state, inputs, configurable, engine_version, wake_at)
            select 'run-' || lpad(n::text, 20, '0'), 'tenant-' || n % :tenants, 'p', 'i', 'l', 'k', '*',
              'sample', 1, 'RUNNING', '{"variables":{},"nodes":{}}', '{}', '{}', 1, now()
            from generate_series(1, :runs) n
            """)
        .param("tenants", tenants)
        .param("runs", RUNS)
        .update();
    database.jdbc().sql("analyze openwop.run").update();
  }

  private String explain() {
    List<String> plan = new ArrayList<>();
    stores
        .transactions()
        .executeWithoutResult(
            status -> {
              status.setRollbackOnly();
              plan.addAll(
                  database
                      .jdbc()
                      .sql("explain (analyze, buffers) " + ClaimSql.CLAIM)
                      .param("node", "node-0")
                      .param("free", SLOTS)
                      .param("perTenant", 0)
                      .param("smallest", 8)
                      .param("probes", 1_000)
                      .query(String.class)
                      .list());
            });
    return String.join("\n", plan);
  }
}
