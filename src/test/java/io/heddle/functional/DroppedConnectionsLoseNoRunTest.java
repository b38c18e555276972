package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HostClient;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.Stores;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** A database that hangs up in the middle of anything neither loses a step nor repeats one. */
@Timeout(120)
class DroppedConnectionsLoseNoRunTest {

  private static final Tenant TENANT = new Tenant("default");

  private static final int CALLERS = 4;

  private static final int RUNS_EACH = 40;

  @RegisterExtension static final HostCluster CLUSTER = HostCluster.of(1);

  @Test
  void whatWasAcceptedEnds() throws Exception {
    HostClient client = CLUSTER.host(0).client();
    client.put(
        workflow("several-steps")
            .node("sleep", "core.delay", Map.of("ms", 20))
            .node("effect", "test.effect")
            .edge("sleep", "effect")
            .node("last", "core.delay", Map.of("ms", 20))
            .edge("effect", "last"));
    Queue<String> accepted = new ConcurrentLinkedQueue<>();
    ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
    // One connection of our own, which is not dropped with the others.
    SingleConnectionDataSource own =
        new SingleConnectionDataSource(CLUSTER.database().url(), /* suppressClose= */ true);
    try {
      List<Future<?>> callers = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        callers.add(threads.submit(() -> create(client, accepted)));
      }
      JdbcClient jdbc = JdbcClient.create(own);
      int dropped = 0;
      while (!callers.stream().allMatch(Future::isDone)) {
        int length = accepted.size();
        await("progress")
            .until(
                () ->
                    accepted.size() >= length + CALLERS
                        || callers.stream().allMatch(Future::isDone));
        dropped += dropConnections(jdbc);
      }
      for (Future<?> caller : callers) {
        caller.get();
      }
      assertThat(dropped).isGreaterThan(CALLERS);

      await("all runs to end").until(() -> unended(jdbc) == 0);
    } finally {
      own.destroy();
      threads.shutdownNow();
    }

    Stores stores = Stores.on(CLUSTER.database().dataSource());
    assertThat(accepted).hasSizeGreaterThan(CALLERS);
    for (String runId : accepted) {
      assertThatRun(stores, TENANT, runId)
          .is(RunStatus.COMPLETED)
          .hasSoundLog()
          .log()
          .tellsAStory()
          .reads(
              "RUN_STARTED",
              "NODE_STARTED sleep",
              "NODE_COMPLETED sleep",
              "NODE_STARTED effect",
              "NODE_COMPLETED effect",
              "NODE_STARTED last",
              "NODE_COMPLETED last",
              "RUN_COMPLETED");
    }
  }

  private static void create(HostClient client, Queue<String> accepted) {
    for (int i = 0; i < RUNS_EACH; i++) {
      try {
        accepted.add(client.create("several-steps", Map.of()));
      } catch (AssertionError e) {
        // Whether there is a run now nobody knows; if there is, it has to end as well.
        assertThat(e).hasMessageContaining("answered 503");
      }
    }
  }

  private static int dropConnections(JdbcClient jdbc) {
    return jdbc.sql(
            """
            select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
            """)
        .query(Integer.class)
        .single();
  }

  private static int unended(JdbcClient jdbc) {
    return jdbc.sql("select count(*) from openwop.run where ended_at is null")
        .query(Integer.class)
        .single();
  }
}
