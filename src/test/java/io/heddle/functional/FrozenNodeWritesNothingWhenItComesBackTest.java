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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A process that stood still while its runs were finished elsewhere finds that out and joins in.
 */
@Timeout(120)
class FrozenNodeWritesNothingWhenItComesBackTest {

  private static final Tenant TENANT = new Tenant("default");

  // Few, so that a host takes new runs only when it has let go of its old ones.
  private static final int SLOTS = 8;

  @RegisterExtension
  static final HostCluster CLUSTER =
      HostCluster.of(2).with("OPENWOP_CLAIM_SLOTS", Integer.toString(SLOTS));

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  @Test
  void andServesAgainUnderANewId() {
    Host frozen = CLUSTER.host(0);
    Host other = CLUSTER.host(1);
    frozen.client().put(workflow("slow").node("slow", "test.gated"));
    List<String> runs = createAndAwaitExecution(frozen, SLOTS);
    assertThat(nodes()).hasSize(2);
    String oldId = owner(runs.get(0));

    frozen.freeze();
    for (String runId : runs) {
      await("another execution").until(() -> CLUSTER.gate().executions(runId).size() == 2);
      assertThat(CLUSTER.gate().executions(runId).get(1))
          .isEqualTo(new Execution(runId, 1, other.pid()));
    }
    List<String> finished = runs.subList(0, SLOTS / 2);
    finished.forEach(CLUSTER.gate()::open);
    awaitEnds(finished);
    // Of these the frozen process alone will have a result to write, while the other is at work.
    List<String> underWay = runs.subList(SLOTS / 2, SLOTS);
    underWay.forEach(runId -> CLUSTER.gate().open(runId, 0));
    // And now the other has no free slot any more.
    List<String> fillers = createAndAwaitExecution(other, SLOTS / 2);
    List<String> before = everythingAbout(runs);
    assertThat(nodes()).hasSize(1).doesNotContain(oldId);

    frozen.thaw();
    await("the frozen node to join again").until(() -> nodes().size() == 2);
    List<String> later = createAndAwaitExecution(frozen, SLOTS);

    // Every slot has been used anew: whatever the frozen process still wanted to write, it tried.
    assertThat(everythingAbout(runs)).isEqualTo(before);
    assertThat(nodes()).contains(owner(later.get(0))).doesNotContain(oldId);
    assertThat(frozen.client().read(finished.get(0))).containsEntry("status", "completed");

    for (List<String> waiting : List.of(underWay, fillers, later)) {
      waiting.forEach(CLUSTER.gate()::open);
      awaitEnds(waiting);
    }
    assertTold(runs, 0, 1);
    assertTold(fillers, 0);
    assertTold(later, 0);
  }

  private List<String> createAndAwaitExecution(Host host, int count) {
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      runs.add(host.client().create("slow", Map.of()));
    }
    for (String runId : runs) {
      await("an execution").until(() -> CLUSTER.gate().executions(runId).size() == 1);
      assertThat(CLUSTER.gate().executions(runId))
          .containsExactly(new Execution(runId, 0, host.pid()));
    }
    return runs;
  }

  private void awaitEnds(List<String> runs) {
    await("the ends").until(() -> runs.stream().allMatch(run -> read(run).status().isTerminal()));
  }

  private void assertTold(List<String> runs, Integer... attempts) {
    for (String runId : runs) {
      assertThatRun(stores, TENANT, runId)
          .is(RunStatus.COMPLETED)
          .hasSoundLog()
          .log()
          .tellsAStory()
          .hasAttempts("slow", attempts);
    }
  }

  private Run read(String runId) {
    return stores.runs().find(TENANT, runId).orElseThrow();
  }

  private String owner(String runId) {
    return stores
        .jdbc()
        .sql("select lease_owner from openwop.run where run_id = :run")
        .param("run", runId)
        .query(String.class)
        .single();
  }

  private List<String> nodes() {
    return stores
        .jdbc()
        .sql("select node_id from openwop.host_node where expires_at > now()")
        .query(String.class)
        .list();
  }

  private List<String> everythingAbout(List<String> runs) {
    return stores
        .jdbc()
        .sql(
            """
            select run::text from openwop.run where run_id = any(:runs)
            union all
            select event::text from openwop.event where run_id = any(:runs)
            order by 1
            """)
        .param("runs", runs.toArray(String[]::new))
        .query(String.class)
        .list();
  }
}
