package io.heddle.retention;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.metrics.RetentionMetrics;
import io.heddle.postgres.RetentionSql;
import io.heddle.testkit.EndedRuns;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SweeperTest {

  private static final Duration LONG_AGO = Duration.ofDays(31);

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

  private Stores stores;

  private Sweeper sweeper;

  @BeforeEach
  void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    RetentionMetrics metrics = new RetentionMetrics();
    metrics.bindTo(meters);
    sweeper =
        new Sweeper(
            new RetentionSql(stores.jdbc(), stores.transactions()),
            new RetentionSettings(
                Duration.ofDays(30),
                Duration.ofDays(365),
                Duration.ofMillis(1),
                Duration.ofDays(1),
                Duration.ofDays(20)),
            metrics);
  }

  @Test
  void oneSweepTakesAsManyBatchesAsItNeeds() {
    int many = 2 * Sweeper.BATCH + 1;
    copy(EndedRuns.create(stores, LONG_AGO), many - 1);
    String kept = EndedRuns.create(stores, Duration.ofDays(29));
    execute(
        """
        insert into openwop.idempotency_record (tenant_id, operation, key_hash, request_digest, expires_at)
        select 'acme', 'op', int4send(n), 'digest', now() from generate_series(1, %d) n
        """
            .formatted(many));
    execute(
        """
        insert into openwop.expired_run (run_id, tenant_id, expired_at)
        select 'old-' || n, 'acme', now() - interval '366 days' from generate_series(1, %d) n
        """
            .formatted(many));

    sweeper.sweep();

    assertThat(SampleRuns.read(stores, kept)).isNotNull();
    assertThat(count("run")).isEqualTo(1);
    assertThat(count("event")).isEqualTo(2);
    assertThat(count("idempotency_record")).isZero();
    assertThat(count("expired_run")).isEqualTo(many);
    for (String kind : new String[] {"run", "idempotency_record", "tombstone"}) {
      assertThat(deleted(kind)).as(kind).isEqualTo(many);
    }
    assertThat(failures()).isZero();
  }

  @Test
  void aSweepThatFailsIsCountedAndTheNextOneGoesOn() {
    EndedRuns.create(stores, LONG_AGO);
    execute("alter table openwop.event rename to elsewhere");

    sweeper.sweep();

    assertThat(failures()).isEqualTo(1);
    assertThat(deleted("run")).isZero();
    assertThat(count("run")).isEqualTo(1);
    assertThat(count("expired_run")).isZero();
    execute("alter table openwop.elsewhere rename to event");

    sweeper.sweep();

    assertThat(failures()).isEqualTo(1);
    assertThat(deleted("run")).isEqualTo(1);
    assertThat(count("run")).isZero();
  }

  @Test
  void aSweeperSweepsAgainAfterAStopAndAStart() {
    for (int round = 1; round <= 2; round++) {
      EndedRuns.create(stores, LONG_AGO);

      sweeper.start();

      int expected = round;
      await("the sweep").until(() -> deleted("run") == expected);
      sweeper.close();
      assertThat(count("run")).isZero();
    }
  }

  @Test
  void aClosedSweeperLeavesThingsAlone() {
    sweeper.start();
    sweeper.close();
    EndedRuns.create(stores, LONG_AGO);

    sweeper.sweep();

    assertThat(count("run")).isEqualTo(1);
  }

  private void copy(String runId, int copies) {
    String columns = "lease_epoch, next_sequence, state, inputs, configurable, engine_version";
    execute(
        """
        insert into openwop.run (
          run_id, tenant_id, owner_principal, owner_issuer, owner_lane, owner_kind, workflow_scope,
          workflow_id, workflow_revision, status, ended_at, %1$s)
        select run_id || n, tenant_id, owner_principal, owner_issuer, owner_lane, owner_kind, workflow_scope,
          workflow_id, workflow_revision, status, ended_at, %1$s
        from openwop.run, generate_series(1, %2$d) n where run_id = '%3$s'
        """
            .formatted(columns, copies, runId));
  }

  private void execute(String sql) {
    stores.jdbc().sql(sql).update();
  }

  private long count(String table) {
    return stores.jdbc().sql("select count(*) from openwop." + table).query(Long.class).single();
  }

  private double deleted(String kind) {
    return meters.get("heddle.retention.deleted").tag("kind", kind).functionCounter().count();
  }

  private double failures() {
    return meters.get("heddle.retention.failures").functionCounter().count();
  }
}
