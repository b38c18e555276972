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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Processes really die of it, one after the other, and then no more. */
@Timeout(240)
class ANodeThatKillsProcessesIsStartedSoOftenTest {

  private static final Tenant TENANT = new Tenant("default");

  @RegisterExtension
  static final HostCluster CLUSTER =
      HostCluster.of(1).with("OPENWOP_LIMITS_MAX_PROCESS_LOSSES", "2");

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  @Test
  void andThenItFails() {
    Host host = CLUSTER.host(0);
    host.client()
        .put(
            workflow("deadly")
                .chain("core.noop", "before")
                .node("deadly", "test.deadly")
                .edge("before", "deadly"));
    String runId = host.client().create("deadly", Map.of());
    host.awaitDeath();
    host.restart();
    host.awaitDeath();
    host.restart();

    await("the end")
        .until(() -> stores.runs().find(TENANT, runId).orElseThrow().status().isTerminal());

    assertThat(CLUSTER.gate().executions(runId)).hasSize(2);
    assertThatRun(stores, TENANT, runId)
        .is(RunStatus.FAILED)
        .hasError("heddle.host_lost")
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED before",
            "NODE_COMPLETED before",
            "NODE_STARTED deadly",
            "NODE_STARTED deadly",
            "NODE_FAILED deadly",
            "RUN_FAILED");
    assertThat(host.client().read(runId)).containsEntry("status", "failed");
  }
}
