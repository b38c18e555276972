package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.feedback.AnnotationStore.Outcome;
import io.heddle.feedback.Remark;
import io.heddle.feedback.Signal;
import io.heddle.retention.RetentionStore.Batch;
import io.heddle.retention.RetentionStore.Position;
import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.EndedRuns;
import io.heddle.testkit.Locks;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What the time is over for goes whole and once; what is still needed stays. */
@Timeout(60)
class RunsExpireTest {

  private static final Duration WINDOW = Duration.ofDays(30);

  private static final Duration LONG_AGO = Duration.ofDays(31);

  private static final Remark REMARK =
      new Remark(null, null, new Signal(Signal.Kind.FLAG, null, null, null), null, "alice");

  private final ExecutorService threads = Executors.newCachedThreadPool();

  private static Database database;

  private static JdbcClient jdbc;

  private static Stores stores;

  private static RetentionSql retention;

  private static AnnotationSql annotations;

  @BeforeAll
  static void open() {
    database = PostgresPerJvm.freshDatabase();
    jdbc = database.jdbc();
    stores = Stores.on(database.dataSource());
    retention = new RetentionSql(stores.jdbc(), stores.transactions());
    annotations = new AnnotationSql(stores.jdbc(), stores.transactions());
  }

  @BeforeEach
  void empty() {
    jdbc.sql(
            """
            truncate openwop.run, openwop.event, openwop.expired_run, openwop.idempotency_record cascade
            """)
        .update();
  }

  @AfterEach
  void close() {
    threads.shutdownNow();
  }

  @Test
  void anExpiredRunIsGoneWithAllThatBelongsToIt() {
    String expired = EndedRuns.create(stores, LONG_AGO);
    String kept = EndedRuns.create(stores, Duration.ofDays(29));
    for (String run : List.of(expired, kept)) {
      assertThat(annotations.add(SampleRuns.TENANT, run, REMARK)).isInstanceOf(Outcome.Kept.class);
    }
    Instant before = now();

    assertThat(expire(100)).contains(new Batch(1, null));

    assertThat(rowsOf(expired)).isZero();
    assertThat(stores.runs().log(SampleRuns.TENANT, expired, -1, 10)).isEmpty();
    assertThat(retention.expiredAt(SampleRuns.TENANT, expired).orElseThrow())
        .isBetween(before, now());
    assertThat(rowsOf(kept)).isEqualTo(4);
    assertThat(retention.expiredAt(SampleRuns.TENANT, kept)).isEmpty();
    assertThat(expire(100)).contains(new Batch(0, null));
  }

  @Test
  void whatRefersToARunGoesWithItAndIsFoundByIt() {
    List<String> left =
        jdbc.sql(
                """
                select c.relname from pg_class c
                join pg_attribute a on a.attrelid = c.oid and a.attname = 'run_id'
                where c.relnamespace = 'openwop'::regnamespace and c.relkind in ('r', 'p')
                  and c.relname not in ('run', 'event', 'expired_run')
                  -- What subscribers are owed outlives the run, and ends with its own time.
                  and c.relname <> 'webhook_delivery'
                  and not (
                    exists (
                      select 1 from pg_constraint k
                      where k.conrelid = c.oid and k.confrelid = 'openwop.run'::regclass
                        and k.confdeltype = 'c' and k.conkey = array[a.attnum])
                    and exists (
                      select 1 from pg_index i
                      where i.indrelid = c.oid and i.indkey[0] = a.attnum
                        and (i.indpred is null
                          or pg_get_expr(i.indpred, i.indrelid) = '(run_id IS NOT NULL)')))
                """)
            .query(String.class)
            .list();

    assertThat(left).as("tables with a run_id that RetentionSql does not empty").isEmpty();
    assertThat(
            jdbc.sql(
                    """
                    select conname from pg_constraint
                    where contype = 'f' and connamespace = 'openwop'::regnamespace and confdeltype <> 'c'
                    """)
                .query(String.class)
                .list())
        .as("references that would keep what belongs to a run")
        .isEmpty();
  }

  @Test
  void aTombstoneIsItsTenants() {
    String expired = EndedRuns.create(stores, LONG_AGO);
    expire(100);

    assertThat(retention.expiredAt(new Tenant("globex"), expired)).isEmpty();
    assertThat(retention.expiredAt(SampleRuns.TENANT, "run-that-never-was")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PENDING",
        "RUNNING",
        "PAUSED",
        "WAITING_APPROVAL",
        "WAITING_INPUT",
        "WAITING_EXTERNAL",
        "CANCELLING"
      })
  void aRunThatHasNotEndedStaysHoweverOldItIs(String status) {
    Run run = SampleRuns.create(stores, null);
    // A time of its end is not what decides.
    for (String endedAt : List.of("null", "now() - interval '1 year'")) {
      jdbc.sql(
              "update openwop.run set status = '%s', created_at = now() - interval '1 year', ended_at = %s"
                  .formatted(status, endedAt))
          .update();

      assertThat(expire(100)).contains(new Batch(0, null));
      assertThat(retention.expire(SampleRuns.TENANT, run.runId())).isFalse();
    }
    assertThat(rowsOf(run.runId())).isEqualTo(1);
  }

  @Test
  void aRunStaysWhileARunThatItStartedIsLive() {
    String parent = EndedRuns.create(stores, LONG_AGO);
    Run child = SampleRuns.create(stores, "node");
    relate("parent_run_id", child.runId(), parent);

    assertThat(expire(100)).contains(new Batch(0, null));

    stores.runs().commit(SampleRuns.completion(SampleRuns.read(stores, child.runId())));
    assertThat(expire(100)).contains(new Batch(1, null));
    assertThat(rowsOf(parent)).isZero();
    assertThat(rowsOf(child.runId())).isPositive();
  }

  @Test
  void aRunStaysWhileTheRunThatStartedItIsLive() {
    Run parent = SampleRuns.create(stores, "node");
    String child = EndedRuns.create(stores, LONG_AGO);
    relate("parent_run_id", child, parent.runId());

    assertThat(expire(100)).contains(new Batch(0, null));
    assertThat(retention.expire(SampleRuns.TENANT, child)).isFalse();

    stores.runs().commit(SampleRuns.completion(SampleRuns.read(stores, parent.runId())));
    assertThat(expire(100)).contains(new Batch(1, null));
    assertThat(rowsOf(child)).isZero();
  }

  @Test
  void aRunStaysAsLongAsItsForks() {
    String source = EndedRuns.create(stores, LONG_AGO.plusDays(2));
    String fork = EndedRuns.create(stores, LONG_AGO.plusDays(1));
    String forkOfFork = EndedRuns.create(stores, Duration.ofDays(1));
    relate("source_run_id", fork, source);
    relate("source_run_id", forkOfFork, fork);

    assertThat(expire(100)).contains(new Batch(0, null));

    EndedRuns.age(jdbc, forkOfFork, LONG_AGO);
    for (String next : List.of(forkOfFork, fork, source)) {
      assertThat(expire(100)).contains(new Batch(1, null));
      assertThat(rowsOf(next)).isZero();
    }
  }

  @Test
  void aNamesakeOfAnotherTenantIsNoRelation() {
    String run = EndedRuns.create(stores, LONG_AGO);
    Run stranger = SampleRuns.create(stores, null);
    relate("parent_run_id", stranger.runId(), run);
    relate("source_run_id", stranger.runId(), run);
    jdbc.sql("update openwop.run set tenant_id = 'globex' where run_id = :run")
        .param("run", stranger.runId())
        .update();

    assertThat(expire(100)).contains(new Batch(1, null));
  }

  @Test
  void aBatchIsBoundedByRuns() {
    for (int i = 0; i < 7; i++) {
      EndedRuns.create(stores, LONG_AGO.plusMinutes(i));
    }
    List<Integer> batches = new ArrayList<>();

    expireAll(3, batches);

    assertThat(batches).containsExactly(3, 3, 1);
  }

  @Test
  void aBatchIsBoundedByEvents() {
    for (int i = 0; i < 5; i++) {
      EndedRuns.create(stores, LONG_AGO);
    }
    // One alone is more than a batch should have; of the others two fit.
    jdbc.sql(
            """
            update openwop.run set next_sequence = case
              when run_id = (select min(run_id) from openwop.run) then 100000 else 2500 end
            """)
        .update();
    List<Integer> batches = new ArrayList<>();

    expireAll(100, batches);

    assertThat(batches).containsExactly(1, 2, 2);
  }

  @Test
  void whatIsKeptDoesNotHoldUpWhatComesAfterIt() {
    Run parent = SampleRuns.create(stores, null);
    for (int i = 0; i < 5; i++) {
      relate("parent_run_id", EndedRuns.create(stores, LONG_AGO.plusDays(1)), parent.runId());
    }
    String behind = EndedRuns.create(stores, LONG_AGO);
    List<Integer> batches = new ArrayList<>();

    expireAll(2, batches);

    assertThat(batches.stream().mapToInt(Integer::intValue).sum()).isEqualTo(1);
    assertThat(rowsOf(behind)).isZero();
  }

  @Test
  void runsThatEndedInTheSameInstantAreAllFound() {
    for (int i = 0; i < 10; i++) {
      EndedRuns.create(stores, LONG_AGO);
    }
    jdbc.sql("update openwop.run set ended_at = now() - interval '31 days'").update();
    List<Integer> batches = new ArrayList<>();

    expireAll(3, batches);

    assertThat(batches).containsExactly(3, 3, 3, 1);
  }

  @Test
  void whatSomebodyHoldsIsLeftAndNobodyWaitsForIt() throws Exception {
    String held = EndedRuns.create(stores, LONG_AGO);
    String free = EndedRuns.create(stores, LONG_AGO);

    try (Connection holder =
        holding("select 1 from openwop.run where run_id = ? for key share", held)) {
      assertThat(expire(100)).contains(new Batch(1, null));
      assertThat(rowsOf(free)).isZero();
      assertThat(rowsOf(held)).isPositive();
    }

    assertThat(expire(100)).contains(new Batch(1, null));
  }

  /** A fork takes a lock on its source, as everything does that is to refer to a run. */
  @Test
  void aRunThatIsForkedMeanwhileStays() throws Exception {
    String source = EndedRuns.create(stores, LONG_AGO);
    Run fork = SampleRuns.create(stores, null);

    try (Connection forking =
        holding("select 1 from openwop.run where run_id = ? for key share", source)) {
      try (PreparedStatement insert =
          forking.prepareStatement("update openwop.run set source_run_id = ? where run_id = ?")) {
        insert.setString(1, source);
        insert.setString(2, fork.runId());
        insert.executeUpdate();
      }
      assertThat(expire(100)).contains(new Batch(0, null));
      forking.commit();
    }

    assertThat(expire(100)).contains(new Batch(0, null));
    assertThat(rowsOf(source)).isPositive();
  }

  @Test
  void forksAgainstSweepsNeverLoseTheirSource() throws Exception {
    List<String> sources = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      sources.add(EndedRuns.create(stores, LONG_AGO));
    }
    List<String> forks = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      forks.add(SampleRuns.create(stores, null).runId());
    }

    AtOnce.call(
        3,
        caller -> {
          if (caller == 0) {
            expireAll(2, new ArrayList<>());
          } else {
            for (int i = caller - 1; i < 40; i += 2) {
              fork(sources.get(39 - i), forks.get(i));
            }
          }
          return caller;
        });

    assertThat(count("run where source_run_id is not null")).isPositive();
    assertThat(
            count(
                """
                run fork where source_run_id is not null
                  and not exists (select 1 from openwop.run s where s.run_id = fork.source_run_id)\
                """))
        .isZero();
  }

  private void fork(String source, String fork) {
    stores
        .transactions()
        .executeWithoutResult(
            status -> {
              List<String> found =
                  stores
                      .jdbc()
                      .sql("select run_id from openwop.run where run_id = :run for key share")
                      .param("run", source)
                      .query(String.class)
                      .list();
              if (!found.isEmpty()) {
                stores
                    .jdbc()
                    .sql("update openwop.run set source_run_id = :source where run_id = :run")
                    .param("source", source)
                    .param("run", fork)
                    .update();
              }
            });
  }

  @Test
  void whoComesToARunThatIsBeingDeletedFindsNone() throws Exception {
    String run = EndedRuns.create(stores, LONG_AGO);
    try (Connection holder =
        holding("select 1 from openwop.event where run_id = ? for update", run)) {
      Future<Optional<Batch>> sweep = threads.submit(() -> expire(100));
      Locks.awaitWaiting(jdbc, 1);
      Future<Outcome> annotation =
          threads.submit(() -> annotations.add(SampleRuns.TENANT, run, REMARK));
      Future<Optional<Run>> change =
          threads.submit(() -> stores.runs().amend(SampleRuns.TENANT, run, it -> Optional.empty()));
      Locks.awaitWaiting(jdbc, 3);
      holder.rollback();

      assertThat(sweep.get()).contains(new Batch(1, null));
      assertThat(annotation.get()).isInstanceOf(Outcome.NoSuchRun.class);
      assertThat(change.get()).isEmpty();
    }
    assertThat(count("annotation")).isZero();
  }

  @Test
  void onlyOneSweepsAtATime() throws Exception {
    String run = EndedRuns.create(stores, LONG_AGO);
    try (Connection holder =
        holding("select 1 from openwop.event where run_id = ? for update", run)) {
      Future<Optional<Batch>> sweep = threads.submit(() -> expire(100));
      Locks.awaitWaiting(jdbc, 1);

      assertThat(expire(100)).isEmpty();
      assertThat(retention.deleteIdempotencyRecords(10)).isEmpty();
      assertThat(retention.deleteTombstones(WINDOW, 10)).isEmpty();

      holder.rollback();
      assertThat(sweep.get()).contains(new Batch(1, null));
    }
  }

  @Test
  void sweepersAtOnceSweepEachRunOnce() throws Exception {
    for (int i = 0; i < 60; i++) {
      EndedRuns.create(stores, LONG_AGO);
    }

    List<Integer> swept =
        AtOnce.call(
            4,
            caller -> {
              int expired = 0;
              while (count("run") > 0) {
                expired += expire(3).map(Batch::expired).orElse(0);
              }
              return expired;
            });

    assertThat(swept.stream().mapToInt(Integer::intValue).sum()).isEqualTo(60);
    assertThat(count("expired_run")).isEqualTo(60);
    assertThat(count("event")).isZero();
  }

  @Test
  void aSweeperKilledInTheMiddleLeavesNothingHalfDone() throws Exception {
    for (int i = 0; i < 5; i++) {
      EndedRuns.create(stores, LONG_AGO);
    }
    String run = jdbc.sql("select max(run_id) from openwop.run").query(String.class).single();
    try (Connection holder =
        holding("select 1 from openwop.event where run_id = ? for update", run)) {
      Future<Optional<Batch>> killed = threads.submit(() -> expire(100));
      Locks.awaitWaiting(jdbc, 1);

      jdbc.sql(
              """
              select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and wait_event_type = 'Lock'
              """)
          .query(Boolean.class)
          .single();

      assertThatThrownBy(killed::get).isInstanceOf(ExecutionException.class);
      assertThat(count("run")).isEqualTo(5);
      assertThat(count("event")).isEqualTo(10);
      assertThat(count("expired_run")).isZero();
      // And another one can go on at once, though not with the run that is held here.
      holder.rollback();
    }
    assertThat(expire(100)).contains(new Batch(5, null));
    assertThat(count("expired_run")).isEqualTo(5);
  }

  @Test
  void recordsOfMutationsGoWhenTheyCanNoLongerBeRepeated() {
    jdbc.sql(
            """
            insert into openwop.idempotency_record (tenant_id, operation, key_hash, request_digest, expires_at)
            select 'acme', 'op', int4send(n), 'digest', now() + (n - 7) * interval '1 hour'
            from generate_series(1, 10) n
            """)
        .update();

    assertThat(retention.deleteIdempotencyRecords(4)).hasValue(4);
    assertThat(
            jdbc.sql(
                    "select min(expires_at) > now() - interval '3 hours' from openwop.idempotency_record")
                .query(Boolean.class)
                .single())
        .isTrue();
    assertThat(retention.deleteIdempotencyRecords(4)).hasValue(3);
    assertThat(retention.deleteIdempotencyRecords(4)).hasValue(0);
    assertThat(count("idempotency_record")).isEqualTo(3);
  }

  @Test
  void tombstonesEndToo() {
    jdbc.sql(
            """
            insert into openwop.expired_run (run_id, tenant_id, expired_at)
            select 'run-' || n, 'acme', now() - n * interval '1 day' from generate_series(1, 10) n
            """)
        .update();
    Duration age = Duration.ofDays(4).plusHours(1);

    assertThat(retention.deleteTombstones(age, 4)).hasValue(4);
    assertThat(retention.deleteTombstones(age, 4)).hasValue(2);
    assertThat(retention.deleteTombstones(age, 4)).hasValue(0);

    assertThat(retention.expiredAt(SampleRuns.TENANT, "run-4")).isPresent();
    assertThat(retention.expiredAt(SampleRuns.TENANT, "run-5")).isEmpty();
  }

  @Test
  void aRunCanExpireBeforeItsTimeOnceItHasEnded() {
    String ended = EndedRuns.create(stores, Duration.ZERO);

    assertThat(retention.expire(new Tenant("globex"), ended)).isFalse();
    assertThat(retention.expire(SampleRuns.TENANT, ended)).isTrue();
    assertThat(retention.expire(SampleRuns.TENANT, ended)).isFalse();

    assertThat(rowsOf(ended)).isZero();
    assertThat(retention.expiredAt(SampleRuns.TENANT, ended)).isPresent();
  }

  @Test
  void onlyRunsOfOfferedWorkflowsAreFoundWithoutTheirTenant() {
    String run = EndedRuns.create(stores, Duration.ZERO);

    assertThat(retention.tenantOf(run, List.of("other", "sample"))).contains(SampleRuns.TENANT);
    assertThat(retention.tenantOf(run, List.of("other"))).isEmpty();
    jdbc.sql("update openwop.run set workflow_scope = 'acme'").update();
    assertThat(retention.tenantOf(run, List.of("sample"))).isEmpty();
  }

  private Optional<Batch> expire(int limit) {
    return retention.expireRuns(WINDOW, Position.START, limit);
  }

  private void expireAll(int limit, List<Integer> batches) {
    Position position = Position.START;
    while (position != null) {
      Batch batch = retention.expireRuns(WINDOW, position, limit).orElseThrow();
      batches.add(batch.expired());
      position = batch.next();
    }
  }

  private void relate(String column, String runId, String other) {
    jdbc.sql("update openwop.run set %s = :other where run_id = :run".formatted(column))
        .param("other", other)
        .param("run", runId)
        .update();
  }

  /** A transaction of somebody else's who has come first. */
  private Connection holding(String statement, String runId) throws Exception {
    Connection holder = database.dataSource().getConnection();
    holder.setAutoCommit(false);
    try (PreparedStatement lock = holder.prepareStatement(statement)) {
      lock.setString(1, runId);
      lock.executeQuery();
    }
    return holder;
  }

  /** How many rows there are of a run, its log and its annotations. */
  private long rowsOf(String runId) {
    return count("run where run_id = '%s'".formatted(runId))
        + count("event where run_id = '%s'".formatted(runId))
        + count("annotation where run_id = '%s'".formatted(runId));
  }

  private long count(String from) {
    return jdbc.sql("select count(*) from openwop." + from).query(Long.class).single();
  }

  private Instant now() {
    return jdbc.sql("select clock_timestamp()").query(OffsetDateTime.class).single().toInstant();
  }
}
