package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.Stores;
import io.heddle.testkit.WorkflowBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What a run costs is what it writes: one transaction to accept it and one to tell its end. Counted
 * are the ids the server gave to writing transactions, which is exact at once, while its statistics
 * lag and count what only reads.
 */
@Timeout(120)
class NoopRunCostsTwoCommitsTest {

  private static final int RUNS = 200;

  private static final int FEWER_RUNS = 20;

  private static final Tenant TENANT = new Tenant("default");

  // A host that does nothing of its own accord for as long as the test takes.
  @RegisterExtension
  static final HostCluster CLUSTER =
      HostCluster.of(1)
          .with("OPENWOP_CLAIM_TTL_MS", "7200000")
          .with("OPENWOP_CLAIM_HEARTBEAT", "1h")
          .with("OPENWOP_CLAIM_POLL", "1h")
          .with("OPENWOP_AUDIT_INTERVAL", "1h");

  // As if autovacuum had seen to these tables already, which the host does while they are young.
  @BeforeAll
  static void makeTheTablesOld() {
    CLUSTER
        .database()
        .jdbc()
        .sql(
            """
            update pg_class set reltuples = 1000000
            where relnamespace = 'openwop'::regnamespace and relkind = 'r'
            """)
        .update();
  }

  @Test
  void createAndFinish() {
    assertThat(transactionsOf("conformance-noop", RUNS)).isEqualTo(2 * RUNS);
  }

  @Test
  void nodesWithoutOutsideEffectsCostNothingMore() {
    assertThat(transactionsOf("conformance-multi-node", RUNS)).isEqualTo(2 * RUNS);
  }

  @Test
  void notEvenTwoHundredOfThemInARow() {
    CLUSTER
        .host(0)
        .client()
        .put(workflow("chain").chain("core.noop", names(200).toArray(String[]::new)));

    assertThat(transactionsOf("chain", FEWER_RUNS)).isEqualTo(2 * FEWER_RUNS);
  }

  @Test
  void norAHundredSideBySide() {
    WorkflowBuilder fan = workflow("fan").node("split", "core.noop");
    names(100).forEach(name -> fan.node(name, "core.noop").edge("split", name));
    fan.node("join", "core.noop");
    names(100).forEach(name -> fan.edge(name, "join"));
    CLUSTER.host(0).client().put(fan);

    assertThat(transactionsOf("fan", FEWER_RUNS)).isEqualTo(2 * FEWER_RUNS);
  }

  @Test
  void aStepOfFiveHundredEventsIsCommittedOnItsOwn() {
    // Two events for each node, and two of the run.
    CLUSTER
        .host(0)
        .client()
        .put(workflow("long-chain").chain("core.noop", names(260).toArray(String[]::new)));

    assertThat(transactionsOf("long-chain", FEWER_RUNS)).isEqualTo(3 * FEWER_RUNS);
  }

  private static Stream<String> names(int count) {
    return IntStream.range(0, count).mapToObj(number -> "n" + number);
  }

  @Test
  void anOutsideEffectCostsOneMore() {
    // Its start is told before it happens. Also shows that one more would have been seen above.
    CLUSTER.host(0).client().put(workflow("effect").node("effect", "test.effect"));

    assertThat(transactionsOf("effect", RUNS)).isEqualTo(3 * RUNS);
  }

  private static long transactionsOf(String workflowId, int times) {
    JdbcClient jdbc = CLUSTER.database().jdbc();
    long before = nextTransactionId(jdbc);
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      String runId = CLUSTER.host(0).client().create(workflowId, Map.of());
      awaitEnd(jdbc, runId);
      runs.add(runId);
    }
    long spent = nextTransactionId(jdbc) - before;

    Stores stores = Stores.on(CLUSTER.database().dataSource());
    assertThat(runs)
        .allSatisfy(
            runId ->
                assertThatRun(stores, TENANT, runId)
                    .is(RunStatus.COMPLETED)
                    .hasSoundLog()
                    .log()
                    .tellsAStory()
                    .only(EventType.RUN_COMPLETED, null));
    return spent;
  }

  private static void awaitEnd(JdbcClient jdbc, String runId) {
    await(runId + " to end")
        .until(
            () ->
                jdbc.sql("select status from openwop.run where run_id = :run")
                    .param("run", runId)
                    .query(String.class)
                    .single()
                    .equals("COMPLETED"));
  }

  /** Reading it takes none. */
  private static long nextTransactionId(JdbcClient jdbc) {
    return jdbc.sql("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        .query(Long.class)
        .single();
  }
}
