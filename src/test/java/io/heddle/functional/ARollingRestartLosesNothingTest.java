package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.HostCluster.Host;
import io.heddle.testkit.Stores;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Hosts are stopped in order, one after the other, while callers go on calling. */
@Timeout(300)
class ARollingRestartLosesNothingTest {

  private static final Tenant TENANT = new Tenant("default");

  @RegisterExtension
  static final HostCluster CLUSTER =
      HostCluster.of(2)
          // Longer than anything takes: nothing is interrupted, so nothing is done twice.
          .with("OPENWOP_SHUTDOWN_GRACE", "30s");

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  private final List<String> accepted = new CopyOnWriteArrayList<>();

  private final AtomicBoolean done = new AtomicBoolean();

  @Test
  void andNothingIsDoneTwice() throws Exception {
    CLUSTER
        .host(0)
        .client()
        .put(
            workflow("work")
                .node("first", "test.effect")
                .node("wait", "core.delay", Map.of("ms", 20))
                .edge("first", "wait")
                .node("last", "test.effect")
                .edge("wait", "last"));
    String held = holdOneOn(CLUSTER.host(0));
    ExecutorService callers = Executors.newFixedThreadPool(3);
    try {
      List<Future<?>> calling =
          List.of(
              callers.submit(() -> callOn(CLUSTER.host(0))),
              callers.submit(() -> callOn(CLUSTER.host(1))));
      awaitAccepted(20);
      Future<?> stopping = callers.submit(CLUSTER.host(0)::terminate);
      // It has begun to stop: others are accepted elsewhere, and what it executes may end.
      awaitAccepted(accepted.size() + 20);
      CLUSTER.gate().open(held);
      stopping.get();
      CLUSTER.host(0).restart();
      awaitAccepted(accepted.size() + 20);
      CLUSTER.host(1).terminate();
      CLUSTER.host(1).restart();
      awaitAccepted(accepted.size() + 20);
      done.set(true);
      for (Future<?> caller : calling) {
        caller.get();
      }
    } finally {
      done.set(true);
      callers.shutdownNow();
    }

    for (String runId : accepted) {
      awaitEnd(runId);
      assertThatRun(stores, TENANT, runId)
          .is(RunStatus.COMPLETED)
          .hasSoundLog()
          .log()
          .reads(
              "RUN_STARTED",
              "NODE_STARTED first",
              "NODE_COMPLETED first",
              "NODE_STARTED wait",
              "NODE_COMPLETED wait",
              "NODE_STARTED last",
              "NODE_COMPLETED last",
              "RUN_COMPLETED");
    }
    awaitEnd(held);
    assertThatRun(stores, TENANT, held).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(CLUSTER.gate().executions(held)).hasSize(1);
  }

  /** A run whose node is still in execution when its host is stopped. */
  private String holdOneOn(Host host) {
    host.client().put(workflow("held").node("held", "test.gated"));
    String runId = host.client().create("held", Map.of());
    await("its execution").until(() -> CLUSTER.gate().executions(runId).size() == 1);
    assertThat(CLUSTER.gate().executions(runId).get(0).pid()).isEqualTo(host.pid());
    return runId;
  }

  private void callOn(Host host) {
    while (!done.get()) {
      try {
        accepted.add(host.client().create("work", Map.of()));
      } catch (UncheckedIOException e) {
        // Not there at the moment.
        Thread.onSpinWait();
      }
    }
  }

  private void awaitAccepted(int runs) {
    await(runs + " runs").until(() -> accepted.size() >= runs);
  }

  private void awaitEnd(String runId) {
    await(runId + " to end")
        .until(() -> stores.runs().find(TENANT, runId).orElseThrow().status().isTerminal());
  }
}
