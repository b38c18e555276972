package io.heddle.postgres;

import static io.heddle.testkit.SampleRuns.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.effect.EffectStore;
import io.heddle.effect.Execution;
import io.heddle.effect.LogicalEffect;
import io.heddle.effect.Outcome;
import io.heddle.effect.Standing;
import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.Locks;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.QueryPlans;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Of all who reach an effect, one may perform it, and only whoever holds the run writes of it. */
@Timeout(60)
class EffectsAreClaimedOnceTest {

  private static final Outcome DONE = new Outcome(false, "{\"paid\":1}");

  private static Database database;

  private static Stores stores;

  private static EffectStore effects;

  @BeforeAll
  static void open() {
    database = PostgresPerJvm.freshDatabase();
    stores = Stores.on(database.dataSource());
    effects = stores.effects();
  }

  @Test
  void byOneOfManyAtOnce() throws Exception {
    Execution execution = execution(SampleRuns.create(stores, "node-a"));
    LogicalEffect effect = LogicalEffect.of(execution, 0, "k");

    List<Standing> standings =
        AtOnce.call(8, caller -> effects.claim(execution, effect, "claim-" + caller));

    assertThat(standings).filteredOn(Standing.Claimed.class::isInstance).hasSize(1);
    assertThat(standings).filteredOn(Standing.UnderWay.class::isInstance).hasSize(7);
  }

  @Test
  void andWhoComesLaterIsGivenWhatItCameTo() {
    Execution execution = execution(SampleRuns.create(stores, "node-a"));
    LogicalEffect effect = LogicalEffect.of(execution, 0, "k");
    effects.claim(execution, effect, "first");
    assertThat(effects.settle(execution, effect, "first", DONE)).isTrue();

    assertThat(effects.claim(execution, effect, "second")).isEqualTo(new Standing.Settled(DONE));
    assertThat(effects.look(execution, effect)).isEqualTo(new Standing.Settled(DONE));
    assertThat(effects.settle(execution, effect, "second", new Outcome(true, "{}"))).isFalse();
    effects.release(execution, effect, "first");
    assertThat(effects.look(execution, effect)).isEqualTo(new Standing.Settled(DONE));
  }

  @Test
  void aRequestWhoseAnswerWasLostIsRepeated() {
    Execution execution = execution(SampleRuns.create(stores, "node-a"));
    LogicalEffect effect = LogicalEffect.of(execution, 0, "k");

    for (int i = 0; i < 2; i++) {
      assertThat(effects.claim(execution, effect, "mine")).isInstanceOf(Standing.Claimed.class);
    }
    for (int i = 0; i < 2; i++) {
      assertThat(effects.settle(execution, effect, "mine", DONE)).isTrue();
    }
  }

  @Test
  void aClaimThatWasGivenUpIsFreeAgain() {
    Execution execution = execution(SampleRuns.create(stores, "node-a"));
    LogicalEffect effect = LogicalEffect.of(execution, 0, "k");
    effects.claim(execution, effect, "first");

    effects.release(execution, effect, "first");

    assertThat(effects.look(execution, effect)).isInstanceOf(Standing.Unknown.class);
    assertThat(effects.settle(execution, effect, "first", DONE)).isFalse();
    assertThat(effects.claim(execution, effect, "second")).isInstanceOf(Standing.Claimed.class);
  }

  @Test
  void whoLostTheRunWritesNothingAndItsClaimIsTakenOver() {
    Run run = SampleRuns.create(stores, "node-a");
    Execution before = execution(run);
    LogicalEffect effect = LogicalEffect.of(before, 0, "k");
    LogicalEffect next = LogicalEffect.of(before, 1, "k");
    effects.claim(before, effect, "first");
    takeAway(run);
    Execution after = execution(SampleRuns.read(stores, run.runId()));

    assertThat(effects.claim(before, next, "late")).isInstanceOf(Standing.Fenced.class);
    assertThat(effects.settle(before, effect, "first", DONE)).isFalse();
    effects.release(before, effect, "first");
    assertThat(effects.look(before, effect)).isInstanceOf(Standing.Fenced.class);
    assertThat(row(effect)).containsEntry("status", "CLAIMED");
    assertThat(effects.look(after, next)).isInstanceOf(Standing.Unknown.class);
    assertThat(effects.claim(after, effect, "second")).isInstanceOf(Standing.Claimed.class);
    assertThat(effects.settle(before, effect, "second", DONE)).isFalse();
    assertThat(effects.settle(after, effect, "second", DONE)).isTrue();
    assertThat(effects.claim(after, effect, "third")).isEqualTo(new Standing.Settled(DONE));
  }

  @Test
  void whoIsAboutToLoseTheRunIsToldSoWhenItHas() throws Exception {
    Run run = SampleRuns.create(stores, "node-a");
    Execution execution = execution(run);
    LogicalEffect effect = LogicalEffect.of(execution, 0, "k");
    CompletableFuture<Standing> claim;
    try (Connection thief = database.dataSource().getConnection()) {
      thief.setAutoCommit(false);
      try (var raise =
          thief.prepareStatement(
              "update openwop.run set lease_epoch = lease_epoch + 1 where run_id = ?")) {
        raise.setString(1, run.runId());
        raise.executeUpdate();
      }
      claim = CompletableFuture.supplyAsync(() -> effects.claim(execution, effect, "late"));
      Locks.awaitWaiting(database.jdbc(), 1);
      thief.commit();
    }

    assertThat(claim.get()).isInstanceOf(Standing.Fenced.class);
    assertThat(rows(run)).isZero();
  }

  @Test
  void nothingIsPerformedForARunThatHasEnded() {
    Run run = SampleRuns.create(stores, "node-a");
    Execution execution = execution(run);
    LogicalEffect effect = LogicalEffect.of(execution, 0, "k");
    effects.claim(execution, effect, "first");
    stores.runs().commit(SampleRuns.completion(run));

    assertThat(effects.claim(execution, LogicalEffect.of(execution, 1, "k"), "late"))
        .isInstanceOf(Standing.Fenced.class);
    assertThat(effects.settle(execution, effect, "first", DONE)).isFalse();
    assertThat(effects.look(execution, effect)).isInstanceOf(Standing.Fenced.class);
  }

  @Test
  void anotherTenantHasNoPartInIt() {
    Run run = SampleRuns.create(stores, "node-a");
    Execution own = execution(run);
    LogicalEffect effect = LogicalEffect.of(own, 0, "k");
    effects.claim(own, effect, "mine");
    effects.settle(own, effect, "mine", DONE);
    Execution foreign =
        new Execution(new Tenant("globex"), run.runId(), run.leaseEpoch(), "act", 1, 0, 0);

    assertThat(effects.claim(foreign, effect, "mine")).isInstanceOf(Standing.Fenced.class);
    assertThat(effects.look(foreign, effect)).isInstanceOf(Standing.Fenced.class);
    assertThat(effects.settle(foreign, effect, "mine", DONE)).isFalse();
    assertThat(effects.countBefore(foreign)).isZero();
    assertThat(effects.countBefore(new Execution(TENANT, run.runId(), 1, "act", 1, 0, 0))).isOne();
  }

  @Test
  void whatIsBeforeACallIsCountedByVisitQuestionAndWakeup() {
    Run run = SampleRuns.create(stores, "node-a");
    claim(run, 0, 0, 0, 0);
    claim(run, 0, 0, 0, 1);
    claim(run, 0, 0, 2, 2);
    claim(run, 0, 1, 0, 3);
    claim(run, 1, 1, 0, 4);

    assertThat(List.of(before(run, 0, 0, 0), before(run, 0, 0, 1), before(run, 0, 0, 2)))
        .containsExactly(0, 2, 2);
    assertThat(List.of(before(run, 0, 0, 3), before(run, 0, 1, 0), before(run, 0, 1, 1)))
        .containsExactly(3, 3, 4);
    assertThat(List.of(before(run, 1, 1, 0), before(run, 1, 2, 0), before(run, 2, 1, 0)))
        .containsExactly(4, 5, 5);
  }

  @Test
  void itIsKeptForItsTimeAndNotLongerThanItsRun() {
    Run run = SampleRuns.create(stores, "node-a");
    claim(run, 0, 0, 0, 0);

    assertThat(
            database
                .jdbc()
                .sql(
                    """
                    select expires_at - now() between interval '13 days 23 hours' and interval '14 days'
                    from openwop.effect where run_id = ?
                    """)
                .param(run.runId())
                .query(Boolean.class)
                .single())
        .isTrue();
    database.jdbc().sql("delete from openwop.run where run_id = ?").param(run.runId()).update();
    assertThat(rows(run)).isZero();
  }

  @Test
  void noStatementReadsMoreThanItsOwn() {
    database
        .jdbc()
        .sql(
            """
            insert into openwop.effect (tenant_id, invocation_id, run_id, node_id, visit, suspensions, wakeups,
              ordinal, provider_key, status, claim_id, lease_epoch, expires_at)
            select 'acme', lpad(n::text, 43, 'x'), :run, 'node-' || n, 0, 0, 0, 0, 'k', 'CLAIMED', 'c', 1,
              now() from generate_series(1, 5000) n
            """)
        .param("run", SampleRuns.create(stores, "node-a").runId())
        .update();
    database.jdbc().sql("analyze openwop.effect").update();
    QueryPlans plans = new QueryPlans(database);
    EffectStore explained = Stores.on(plans.dataSource()).effects();
    Execution execution = execution(SampleRuns.create(stores, "node-a"));
    LogicalEffect effect = LogicalEffect.of(execution, 0, "k");

    explained.claim(execution, effect, "a");
    explained.claim(execution, effect, "b");
    explained.settle(execution, effect, "a", DONE);
    explained.release(execution, effect, "a");
    explained.countBefore(execution);

    assertThat(plans.drain()).allSatisfy(plan -> assertThat(plan).doesNotContain("Seq Scan"));
  }

  private static Execution execution(Run run) {
    return new Execution(run.tenant(), run.runId(), run.leaseEpoch(), "act", 0, 0, 0);
  }

  private static void claim(Run run, int visit, int suspensions, int wakeups, int ordinal) {
    Execution execution =
        new Execution(
            run.tenant(), run.runId(), run.leaseEpoch(), "act", visit, suspensions, wakeups);
    assertThat(effects.claim(execution, LogicalEffect.of(execution, ordinal, "k"), "c" + ordinal))
        .isInstanceOf(Standing.Claimed.class);
  }

  private static int before(Run run, int visit, int suspensions, int wakeups) {
    return effects.countBefore(
        new Execution(TENANT, run.runId(), 1, "act", visit, suspensions, wakeups));
  }

  private static void takeAway(Run run) {
    database
        .jdbc()
        .sql("update openwop.run set lease_epoch = lease_epoch + 1 where run_id = ?")
        .param(run.runId())
        .update();
  }

  private static Map<String, Object> row(LogicalEffect effect) {
    return database
        .jdbc()
        .sql("select status, claim_id from openwop.effect where invocation_id = ?")
        .param(effect.invocationId())
        .query()
        .singleRow();
  }

  private static long rows(Run run) {
    return database
        .jdbc()
        .sql("select count(*) from openwop.effect where run_id = ?")
        .param(run.runId())
        .query(Long.class)
        .single();
  }
}
