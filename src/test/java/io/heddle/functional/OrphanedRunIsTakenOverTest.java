package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.Gate.Execution;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.HostCluster.Host;
import io.heddle.testkit.Stores;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a process was doing when it died is done by another. */
@Timeout(120)
class OrphanedRunIsTakenOverTest {

  private static final Tenant TENANT = new Tenant("default");

  @RegisterExtension static final HostCluster CLUSTER = HostCluster.of(2);

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  @Test
  void byTheHostThatIsLeft() {
    Host first = CLUSTER.host(0);
    first
        .client()
        .put(
            workflow("slow")
                .chain("core.noop", "before")
                .node("slow", "test.gated")
                .edge("before", "slow")
                .node("after", "core.noop")
                .edge("slow", "after"));
    String runId = first.client().create("slow", Map.of());
    await("an execution").until(() -> CLUSTER.gate().executions(runId).size() == 1);
    Execution killed = CLUSTER.gate().executions(runId).get(0);
    Host owner = CLUSTER.hostOf(killed.pid());
    Host survivor = CLUSTER.otherThan(owner);
    Run held = read(runId);

    owner.killHard();
    await("another execution").until(() -> CLUSTER.gate().executions(runId).size() == 2);

    Execution again = CLUSTER.gate().executions(runId).get(1);
    assertThat(again).isEqualTo(new Execution(runId, 1, survivor.pid()));
    assertThat(read(runId).leaseEpoch()).isGreaterThan(held.leaseEpoch());
    assertThat(survivor.client().read(runId)).containsEntry("status", "running");

    CLUSTER.gate().open(runId);
    await("the end").until(() -> read(runId).status().isTerminal());

    assertThatRun(stores, TENANT, runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .tellsAStory()
        .hasAttempts("slow", 0, 1)
        .reads(
            "RUN_STARTED",
            "NODE_STARTED before",
            "NODE_COMPLETED before",
            "NODE_STARTED slow",
            "NODE_STARTED slow",
            "NODE_COMPLETED slow",
            "NODE_STARTED after",
            "NODE_COMPLETED after",
            "RUN_COMPLETED");
    assertThat(CLUSTER.gate().executions(runId)).containsExactly(killed, again);
  }

  private Run read(String runId) {
    return stores.runs().find(TENANT, runId).orElseThrow();
  }
}
