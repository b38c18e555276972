package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.audit.AuditReport;
import io.heddle.audit.Checkpoint;
import io.heddle.audit.Entry;
import io.heddle.json.Json;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AuditChain;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.SealingProcess;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process that seals the audit log is killed again and again, at instants that a seed chooses.
 */
@Timeout(300)
class TheAuditLogOutlastsTheDeathOfItsSealerTest {

  private static final Logger log =
      LoggerFactory.getLogger(TheAuditLogOutlastsTheDeathOfItsSealerTest.class);

  private static final int ROUNDS = Integer.getInteger("sealing.rounds", 20);

  private static final long SEED = Long.getLong("sealing.seed", 5L);

  private static final int ENTRIES = 2_500;

  private static final int CHECKPOINT_ENTRIES = 50;

  private static final List<Tenant> TENANTS = List.of(new Tenant("acme"), new Tenant("globex"));

  private final Database database = PostgresPerJvm.freshDatabase();

  private final AuditChain chain = AuditChain.on(database, CHECKPOINT_ENTRIES);

  private final Random random = new Random(SEED);

  @Test
  void everyEntryIsThereOnceAndEveryCheckpointFollowsTheOneBefore() throws Exception {
    int interrupted = 0;
    long anchored = 0;
    for (int round = 0; round < ROUNDS; round++) {
      try (SealingProcess sealing = SealingProcess.on(database, CHECKPOINT_ENTRIES)) {
        record(round);
        int spared = random.nextInt(ENTRIES);
        await("some to be sealed").until(() -> pending() <= spared);
        Thread.sleep(0, random.nextInt(1_000_000));
      }
      interrupted += pending() > 0 ? 1 : 0;
      long now = checkpoints();
      assertThat(now).isGreaterThanOrEqualTo(anchored);
      anchored = now;
    }
    log.info("Seed {}: killed {} times, with work left {} times", SEED, ROUNDS, interrupted);
    assertThat(interrupted).isPositive();

    int entries = 0;
    for (Tenant tenant : TENANTS) {
      AuditReport report = chain.verify(tenant);
      assertThat(report.anomalies()).isEmpty();
      List<Entry> sealed = chain.log().entries(tenant, 0, Long.MAX_VALUE, Integer.MAX_VALUE);
      assertThat(sealed)
          .extracting(Entry::sequence)
          .isEqualTo(IntStream.rangeClosed(1, sealed.size()).mapToObj(Long::valueOf).toList());
      Set<Object> targets = new HashSet<>();
      sealed.forEach(entry -> targets.add(Json.parseObject(entry.json()).get("target")));
      assertThat(targets).hasSameSizeAs(sealed).isEqualTo(recorded(tenant));
      assertContinued(report.checkpoints(), sealed.size());
      entries += sealed.size();
    }
    assertThat(entries).isEqualTo(ROUNDS * ENTRIES);
    assertThat(checkpoints()).isGreaterThan(anchored - 1);
    assertThat(pending()).isZero();
  }

  private static void assertContinued(List<Checkpoint> checkpoints, int entries) {
    long before = 0;
    for (int i = 0; i < checkpoints.size(); i++) {
      Checkpoint checkpoint = checkpoints.get(i);
      assertThat(checkpoint.number()).isEqualTo(i + 1L);
      assertThat(checkpoint.afterSequence()).isEqualTo(before);
      assertThat(checkpoint.atSequence() - before).isEqualTo(CHECKPOINT_ENTRIES);
      before = checkpoint.atSequence();
    }
    assertThat(entries - before).isBetween(0L, CHECKPOINT_ENTRIES - 1L);
  }

  private void record(int round) {
    chain
        .jdbc()
        .sql(
            """
            insert into openwop.audit_pending (tenant_id, action, actor, target, details)
            select case when n % 5 = 0 then 'globex' else 'acme' end, 'thing.done', 'somebody',
              :round::text || '-' || n, '{}'::json
            from generate_series(1, :entries) n
            """)
        .param("round", String.valueOf(round))
        .param("entries", ENTRIES)
        .update();
  }

  private static Set<Object> recorded(Tenant tenant) {
    Set<Object> targets = new HashSet<>();
    for (int round = 0; round < ROUNDS; round++) {
      for (int n = 1; n <= ENTRIES; n++) {
        if (TENANTS.get(n % 5 == 0 ? 1 : 0).equals(tenant)) {
          targets.add(round + "-" + n);
        }
      }
    }
    return targets;
  }

  private long pending() {
    return chain
        .jdbc()
        .sql("select count(*) from openwop.audit_pending")
        .query(Long.class)
        .single();
  }

  private long checkpoints() {
    return chain
        .jdbc()
        .sql("select count(*) from openwop.audit_checkpoint")
        .query(Long.class)
        .single();
  }
}
