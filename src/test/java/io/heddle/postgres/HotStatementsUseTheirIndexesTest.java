package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.retention.RetentionStore.Position;
import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.QueryPlans;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import io.heddle.webhook.DeadLetters;
import io.heddle.webhook.DeliveryStore.Lease;
import io.heddle.webhook.DeliveryStore.Prepared;
import io.heddle.webhook.DeliveryStore.Queued;
import io.heddle.webhook.DeliveryStore.Recorded;
import io.heddle.webhook.DeliveryStore.Released;
import io.heddle.webhook.DeliveryStore.Status;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a host asks again and again costs the same however many runs there are. */
class HotStatementsUseTheirIndexesTest {

  private static final int RUNS = 20_000;

  private static Database database;

  private static QueryPlans plans;

  private static Stores explained;

  private static RetentionSql retention;

  @BeforeAll
  static void fill() {
    database = PostgresPerJvm.freshDatabase();
    plans = new QueryPlans(database);
    explained = Stores.on(plans.dataSource());
    retention = new RetentionSql(explained.jdbc(), explained.transactions());
    explained.claims().register("node-a", Duration.ofHours(1));
    // A few hundred runs are due, some are held, many sleep and most have ended.
    database
        .jdbc()
        .sql(
            """
            insert into openwop.run (
              run_id, tenant_id, owner_principal, owner_issuer, owner_lane, owner_kind, workflow_scope,
              workflow_id, workflow_revision, status, state, inputs, configurable, engine_version,
              next_sequence, wake_at, lease_owner, lease_epoch, ended_at, parent_run_id, source_run_id)
            select 'run-' || lpad(n::text, 20, '0'), 'acme', 'p', 'i', 'l', 'k', '*', 'sample', 1,
              case when n % 20 = 0 then 'RUNNING' else 'COMPLETED' end,
              '{"variables":{},"nodes":{}}', '{}', '{}', 1, 4,
              case
                when n % 100 = 0 then now() - n * interval '1 second'
                when n % 20 = 0 and n % 1000 <> 20 then now() + interval '1 day'
              end,
              case when n % 1000 = 20 then 'node-' || n % 3 end,
              1,
              case when n % 20 <> 0 then now() end,
              case when n % 10 = 3 then 'run-' || lpad((n - 1)::text, 20, '0') end,
              case when n % 10 = 7 then 'run-' || lpad((n - 1)::text, 20, '0') end
            from generate_series(1, :runs) n
            """)
        .param("runs", RUNS)
        .update();
    database
        .jdbc()
        .sql(
            """
            insert into openwop.event (
              run_id, sequence, tenant_id, event_id, type, payload, occurred_at, schema_version, engine_version)
            select run_id, s, tenant_id, run_id || s, 'NODE_STARTED', '{}', now(), 1, 1
            from openwop.run, generate_series(0, 3) s
            """)
        .update();
    database
        .jdbc()
        .sql(
            """
            insert into openwop.idempotency_record (tenant_id, operation, key_hash, request_digest, expires_at)
            select 'acme', 'op', int4send(n), 'digest', now() + n * interval '1 minute' - interval '1 hour'
            from generate_series(1, :records) n
            """)
        .param("records", RUNS)
        .update();
    database
        .jdbc()
        .sql(
            """
            insert into openwop.expired_run (run_id, tenant_id, expired_at)
            select 'run-gone-' || n, 'acme', now() - n * interval '1 minute'
            from generate_series(1, :tombstones) n
            """)
        .param("tombstones", RUNS)
        .update();
    database
        .jdbc()
        .sql(
            """
            insert into openwop.webhook_subscription (
              webhook_id, tenant_id, url, events, algorithms, secret, principal)
            select 'wh-' || lpad(n::text, 20, '0'), 'tenant-' || n / 10, 'https://example.org',
              '{CAP_BREACHED}', '{v1}', '', 'p'
            from generate_series(1, 20000) n
            """)
        .update();
    // Questions of runs that call back, most of them of the tenant whose runs are looked at.
    database
        .jdbc()
        .sql(
            """
            insert into openwop.webhook_subscription (
              webhook_id, tenant_id, run_id, url, events, algorithms, principal)
            select 'callback-' || run_id, tenant_id, run_id, 'https://example.org',
              '{INTERRUPT_REQUESTED}', '{heddle-ed25519-1}', 'p'
            from openwop.run
            """)
        .update();
    // Few are queued, and most were delivered long ago.
    database
        .jdbc()
        .sql(
            """
            insert into openwop.webhook_delivery (
              message_id, webhook_id, tenant_id, run_id, sequence, type, status, ended_at)
            select 'msg-' || n, 'wh-' || lpad((n % 50 + 1)::text, 20, '0'), 'tenant-' || (n % 50 + 1) / 10,
              'run', n, 'CAP_BREACHED',
              case when n % 100 = 0 then 'PENDING' when n % 100 < 10 then 'DEAD' else 'DELIVERED' end,
              case when n % 100 <> 0 then now() - n * interval '1 minute' end
            from generate_series(1, :deliveries) n
            """)
        .param("deliveries", RUNS)
        .update();
    database.jdbc().sql("analyze openwop.webhook_subscription").update();
    database.jdbc().sql("analyze openwop.webhook_delivery").update();
    database.jdbc().sql("analyze openwop.idempotency_record").update();
    database.jdbc().sql("analyze openwop.expired_run").update();
    database.jdbc().sql("analyze openwop.run").update();
    database.jdbc().sql("analyze openwop.event").update();
    database.jdbc().sql("analyze openwop.host_node").update();
    plans.drain();
  }

  @Test
  void claimingWhatIsDue() {
    assertThat(explained.claims().claimDue("node-a", 64)).hasSize(64);

    assertUsesIndexes("run_due", "run_due_by_tenant", "run_leased");
  }

  @Test
  void claimingWithALimitPerTenant() {
    assertThat(explained.claims().claim("node-a", 64, 1).runs()).isEmpty();

    assertUsesIndexes("run_due", "run_due_by_tenant", "run_leased");
  }

  @Test
  void countingWhatATenantExecutes() {
    explained.claims().executing(SampleRuns.TENANT);

    assertUsesIndexes("run_leased");
  }

  @Test
  void countingWhatWaits() {
    assertThat(explained.claims().waiting(50)).isEqualTo(50);

    assertUsesIndexes("run_due");
  }

  @Test
  void lookingAtTheQueue() {
    assertThat(new QueueSql(explained.jdbc()).get().due()).isGreaterThanOrEqualTo(200);

    assertUsesIndexes("run_due", "run_leased");
  }

  @Test
  void lookingAtTheCluster() {
    assertThat(new ClusterSql(explained.jdbc()).figures().waiting()).isGreaterThanOrEqualTo(200);

    assertUsesIndexes("run_due", "run_leased", "webhook_delivery_queue", "webhook_delivery_dead");
  }

  @Test
  void readingWhatTracesTell() {
    assertThat(new TraceSql(explained.jdbc()).find(SampleRuns.TENANT, ended())).isPresent();

    assertUsesIndexes("run_pkey", "event_pkey");
  }

  @Test
  void freeingOrphans() {
    explained.claims().freeOrphans();

    assertUsesIndexes("run_leased");
  }

  @Test
  void askingWhatANodeHolds() {
    explained.claims().heldBy("node-1");

    assertUsesIndexes("run_leased");
  }

  @Test
  void leaving() {
    explained.claims().release("node-2");

    assertUsesIndexes("run_leased");
  }

  @Test
  void readingAPageOfALog() {
    assertThat(explained.runs().log(SampleRuns.TENANT, ended(), 1, 500).orElseThrow().events())
        .hasSize(2);

    assertUsesIndexes("run_pkey", "event_pkey");
  }

  @Test
  void readingARun() {
    assertThat(explained.runs().find(SampleRuns.TENANT, ended())).isPresent();

    assertUsesIndexes("run_pkey");
  }

  @Test
  void appendingAStep() {
    Run run = SampleRuns.create(explained, "node-a");
    plans.drain();

    explained.runs().commit(SampleRuns.step(run, 3));
    // Sent again, which looks the step up.
    explained.runs().commit(SampleRuns.step(run, 3));

    assertUsesIndexes("run_pkey", "event_pkey", "webhook_subscription_of_tenant");
  }

  @Test
  void deliveringWhatIsQueued() {
    DeliverySql deliveries = new DeliverySql(explained.jdbc(), explained.transactions());

    List<Lease> leases = deliveries.lease("node-a", 8, Duration.ofMinutes(1));
    assertThat(leases).hasSize(1);
    assertUsesIndexes("webhook_delivery_queue", "webhook_subscription_pkey");

    List<Queued> heads = deliveries.heads(leases, 100, 1_000_000);
    assertThat(heads).hasSize(100);
    assertUsesIndexes("webhook_delivery_queue", "event_pkey", "run_pkey");

    List<Prepared> prepared =
        heads.stream()
            .map(head -> new Prepared(leases.get(0), head.delivery().position(), new byte[1]))
            .toList();
    assertThat(deliveries.prepare("node-a", prepared)).hasSize(100);
    assertUsesIndexes("webhook_delivery_queue", "webhook_subscription_pkey");

    deliveries.record(
        "node-a",
        heads.stream()
            .map(
                head ->
                    new Recorded(
                        leases.get(0),
                        head.delivery().position(),
                        Status.DELIVERED,
                        true,
                        200,
                        null))
            .toList(),
        List.of(new Released(leases.get(0), Duration.ZERO, 0, null)));
    assertUsesIndexes("webhook_subscription_pkey");

    assertThat(deliveries.oldestDue()).isPositive();
    assertUsesIndexes("webhook_delivery_queue");
  }

  @Test
  void lookingAtDeadLetters() {
    DeadLetterSql letters = new DeadLetterSql(explained.jdbc());

    DeadLetters.Page page = letters.page(new Tenant("tenant-1"), null, null, 50);
    assertThat(page.letters()).hasSize(50);
    assertUsesIndexes("webhook_delivery_dead");

    assertThat(letters.find(new Tenant("tenant-1"), page.letters().get(0).messageId())).isPresent();
    assertUsesIndexes("webhook_dead_letter");
  }

  @Test
  void deletingOldDeliveries() {
    assertThat(retention.deleteDeliveries(Duration.ofDays(10), 50)).hasValue(50);
    assertUsesIndexes("webhook_delivery_ended");

    assertThat(retention.deleteDeadLetters(Duration.ofDays(10), 50)).hasValue(50);
    assertUsesIndexes("webhook_delivery_ended");

    assertThat(retention.deleteAbandonedDeliveries(50)).hasValue(0);
    assertUsesIndexes("webhook_delivery_queue");
  }

  @Test
  void changingARunFromOutside() {
    explained.runs().amend(SampleRuns.TENANT, ended(), run -> Optional.empty());

    assertUsesIndexes("run_pkey");
  }

  @Test
  void lookingForNewsOfOtherNodes() {
    explained
        .runs()
        .lengths(
            List.of(ended(), "run-unknown"), (runId, length) -> assertThat(length).isEqualTo(4));

    assertUsesIndexes("run_pkey");
  }

  @Test
  void expiringRuns() {
    // From the middle, where no other test looks for a run.
    String middle = "run-" + "0".repeat(15) + (RUNS / 2 + 1);
    Position position =
        new Position(
            explained.runs().find(SampleRuns.TENANT, middle).orElseThrow().endedAt(), middle);
    plans.drain();

    assertThat(retention.expireRuns(Duration.ofMillis(1), position, 100).orElseThrow().expired())
        .isBetween(50, 99);

    assertUsesIndexes("run_ended", "run_pkey", "run_children", "run_forks", "event_pkey");
  }

  @Test
  void askingWhetherARunHasExpired() {
    assertThat(retention.expiredAt(SampleRuns.TENANT, "run-gone-1")).isPresent();

    assertUsesIndexes("expired_run_pkey");
  }

  @Test
  void deletingTombstones() {
    assertThat(retention.deleteTombstones(Duration.ofDays(1), 100)).hasValue(100);

    assertUsesIndexes("expired_run_by_age", "expired_run_pkey");
  }

  @Test
  void deletingIdempotencyRecords() {
    assertThat(retention.deleteIdempotencyRecords(50)).hasValue(50);

    assertUsesIndexes("idempotency_record_expiry");
  }

  private static String ended() {
    return "run-00000000000000000001";
  }

  private static void assertUsesIndexes(String... indexes) {
    List<String> seen = plans.drain();
    assertThat(seen).isNotEmpty();
    assertThat(seen)
        .allSatisfy(
            plan ->
                assertThat(plan)
                    .doesNotContain("Seq Scan on run", "Seq Scan on event")
                    .doesNotContain("Seq Scan on expired_run", "Seq Scan on idempotency_record")
                    .doesNotContain("Seq Scan on webhook")
                    .doesNotContain("Seq Scan on openwop"));
    for (String index : indexes) {
      assertThat(seen).anySatisfy(plan -> assertThat(plan).contains(index));
    }
  }
}
