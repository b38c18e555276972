package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.claim.ClaimStore.Claimed;
import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** However much one tenant has waiting, the others get their turn. */
@Timeout(120)
class TenantsTakeTurnsTest {

  private Stores stores;

  @BeforeEach
  void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    stores.claims().register("node-a", Duration.ofHours(1));
  }

  @Test
  void oneThatCameLaterDoesNotWaitForTenThousand() {
    due("greedy", 10_000, "1 hour");
    due("modest", 3, "1 second");

    assertThat(byTenant(claim(4))).isEqualTo(Map.of("greedy", 2L, "modest", 2L));
    assertThat(byTenant(claim(4))).isEqualTo(Map.of("greedy", 3L, "modest", 1L));
    assertThat(byTenant(claim(4))).isEqualTo(Map.of("greedy", 4L));
  }

  @Test
  void whoHasFewestInExecutionComesFirst() {
    due("greedy", 100, "1 hour");
    assertThat(byTenant(claim(10))).isEqualTo(Map.of("greedy", 10L));
    due("modest", 100, "1 second");

    assertThat(byTenant(claim(1))).isEqualTo(Map.of("modest", 1L));
    assertThat(byTenant(claim(11))).isEqualTo(Map.of("modest", 10L, "greedy", 1L));
  }

  @Test
  void ofOneTenantTheOldestComesFirst() {
    due("acme", 5, "1 hour");
    due("acme", 5, "2 hours");
    due("other", 5, "3 hours");

    assertThat(claim(6).runs())
        .filteredOn(run -> run.tenant().id().equals("acme"))
        .hasSize(3)
        .allSatisfy(run -> assertThat(run.runId()).contains("2-hours"));
  }

  @Test
  void moreTenantsThanPlacesAreAllServedInTheEnd() {
    for (int i = 0; i < 30; i++) {
      due("greedy-" + i, 20, "1 hour");
    }
    due("modest", 1, "1 second");

    // Nothing tells the tenants apart but luck, until those that had their turn come behind.
    Set<String> served = new HashSet<>();
    for (int i = 0; i < 4; i++) {
      served.addAll(byTenant(claim(8)).keySet());
    }

    assertThat(served).hasSize(31).contains("modest");
  }

  @Test
  void itIsToldWhetherThereIsMore() {
    due("acme", 10, "1 hour");

    assertThat(claim(9).more()).isTrue();
    assertThat(claim(9))
        .satisfies(it -> assertThat(it.runs()).hasSize(1))
        .returns(false, Claimed::more);
    assertThat(claim(9)).isEqualTo(new Claimed(List.of(), false));
  }

  @Test
  void noTenantHasMoreInExecutionThanItMay() {
    due("greedy", 100, "1 hour");
    due("modest", 2, "1 second");
    String own = SampleRuns.create(stores, "node-a").runId();
    due(SampleRuns.TENANT.id(), 100, "1 hour");

    Claimed claimed = stores.claims().claim("node-a", 50, 3);

    // What a node accepted for itself counts like what it claimed.
    assertThat(byTenant(claimed))
        .isEqualTo(Map.of("greedy", 3L, "modest", 2L, SampleRuns.TENANT.id(), 2L));
    assertThat(stores.claims().claim("node-a", 50, 3).runs()).isEmpty();
    assertThat(stores.claims().executing(new Tenant("greedy"))).isEqualTo(3);

    stores.runs().commit(SampleRuns.completion(SampleRuns.read(stores, own)));

    assertThat(byTenant(stores.claims().claim("node-a", 50, 3)))
        .isEqualTo(Map.of(SampleRuns.TENANT.id(), 1L));
  }

  @Test
  void notEvenIfManyClaimAtOnce() throws Exception {
    due("greedy", 500, "1 hour");
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Callable<Claimed>> claims = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        claims.add(() -> stores.claims().claim("node-a", 10, 5));
      }
      int claimed = 0;
      for (Future<Claimed> claim : threads.invokeAll(claims)) {
        claimed += claim.get().runs().size();
      }
      assertThat(claimed).isEqualTo(5);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void nodesShareWhatIsDue() {
    stores.claims().register("node-b", Duration.ofHours(1));
    stores.claims().register("node-c", Duration.ofHours(1));
    stores.claims().register("node-d", Duration.ofHours(1));
    stores.claims().register("node-gone", Duration.ofHours(-1));
    due("acme", 1_000, "1 hour");

    // A quarter of what would fit.
    assertThat(claim(64).runs()).hasSize(17);
    assertThat(stores.claims().claim("node-b", 64, 0).runs()).hasSize(17);
  }

  @Test
  void aHandfulIsNotWorthSharing() {
    stores.claims().register("node-b", Duration.ofHours(1));
    due("acme", 8, "1 hour");

    assertThat(claim(64))
        .satisfies(it -> assertThat(it.runs()).hasSize(8))
        .returns(false, Claimed::more);
  }

  @Test
  void theLengthOfTheQueueIsCountedUpToALimit() {
    due("acme", 20, "1 hour");
    due("acme", 20, "-1 hour");

    assertThat(stores.claims().waiting(100)).isEqualTo(20);
    assertThat(stores.claims().waiting(15)).isEqualTo(15);
  }

  private Claimed claim(int free) {
    return stores.claims().claim("node-a", free, 0);
  }

  private static Map<String, Long> byTenant(Claimed claimed) {
    return claimed.runs().stream()
        .collect(Collectors.groupingBy((Run run) -> run.tenant().id(), Collectors.counting()));
  }

  private void due(String tenant, int runs, String ago) {
    stores
        .jdbc()
        .sql(
            """
            insert into openwop.run (
              run_id, tenant_id, owner_principal, owner_issuer, owner_lane, owner_kind, workflow_scope,
              workflow_id, workflow_revision, status, state, inputs, configurable, engine_version, wake_at)
            select 'run-' || :tenant || '-' || replace(:ago, ' ', '-') || '-' || lpad(n::text, 12, '0'),
              :tenant, 'p', 'i', 'l', 'k', '*', 'sample', 1, 'PENDING',
              '{"variables":{},"nodes":{}}', '{}', '{}', 1, now() - :ago::interval
            from generate_series(1, :runs) n
            """)
        .param("tenant", tenant)
        .param("runs", runs)
        .param("ago", ago)
        .update();
  }
}
