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
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Nobody is sent to a host that was asked to stop, while it ends what it executes. */
@Timeout(120)
class AHostThatDrainsIsNotReadyTest {

  @RegisterExtension
  static final HostCluster CLUSTER = HostCluster.of(1).with("OPENWOP_SHUTDOWN_GRACE", "60s");

  @Test
  void whileItEndsWhatItExecutes() {
    Host host = CLUSTER.host(0);
    host.client().put(workflow("held").node("held", "test.gated"));
    String runId = host.client().create("held", Map.of());
    await("its execution").until(() -> CLUSTER.gate().executions(runId).size() == 1);
    assertThat(host.client().isReady()).isTrue();

    CompletableFuture<Void> stopping = CompletableFuture.runAsync(host::terminate);

    await("the probe to fail").until(() -> !host.client().isReady());
    assertThat(host.isAlive()).isTrue();
    CLUSTER.gate().open(runId);
    stopping.join();
    Stores stores = Stores.on(CLUSTER.database().dataSource());
    // What comes after the node is left to others.
    assertThatRun(stores, new Tenant("default"), runId)
        .is(RunStatus.RUNNING)
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_STARTED held", "NODE_COMPLETED held");
    assertThat(CLUSTER.gate().executions(runId)).hasSize(1);
  }
}
