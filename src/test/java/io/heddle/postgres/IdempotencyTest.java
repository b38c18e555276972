package io.heddle.postgres;

import static io.heddle.testkit.SampleRuns.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotencyStore.Key;
import io.heddle.idempotency.IdempotentOperations;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.idempotency.IdempotentOperations.Given;
import io.heddle.idempotency.KeyMismatchException;
import io.heddle.run.NewRun;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.Await;
import io.heddle.testkit.Locks;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.dao.DataAccessException;

/** A mutation happens once for a key, and everybody who sends the key gets its answer. */
@Timeout(60)
class IdempotencyTest {

  private static final int CALLERS = 20;

  private static final ExecutorService THREADS = Executors.newCachedThreadPool();

  private Stores stores;

  private IdempotentOperations operations;

  @BeforeEach
  void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    operations =
        new IdempotentOperations(stores.idempotency(), stores.transactions(), Duration.ofHours(24));
  }

  @AfterAll
  static void end() {
    THREADS.shutdownNow();
  }

  @Test
  void manyCallersAtOnceCauseOneExecution() throws Exception {
    Key key = key("create", "k", "body");
    AtomicInteger executions = new AtomicInteger();
    AtomicInteger started = new AtomicInteger();
    List<Callable<Given>> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      callers.add(
          () ->
              operations.execute(
                  TENANT,
                  key,
                  () -> {
                    int number = executions.incrementAndGet();
                    String runId = createRun();
                    // All others stand in line before the first has ended.
                    Locks.awaitWaiting(stores.jdbc(), CALLERS - 1);
                    return new Done(
                        new Answer(201, runId + " " + number), started::incrementAndGet, () -> {});
                  }));
    }

    List<Given> given = new ArrayList<>();
    for (Future<Given> caller : THREADS.invokeAll(callers)) {
      given.add(caller.get());
    }

    assertThat(executions).hasValue(1);
    assertThat(started).hasValue(1);
    assertThat(runs()).hasSize(1);
    assertThat(given).extracting(Given::answer).containsOnly(new Answer(201, runs().get(0) + " 1"));
    assertThat(given).filteredOn(answer -> !answer.replayed()).hasSize(1);
  }

  @Test
  void anotherRequestUnderTheSameKeyIsRefused() {
    operations.execute(TENANT, key("create", "k", "one body"), () -> answer("first"));

    assertThatExceptionOfType(KeyMismatchException.class)
        .isThrownBy(
            () ->
                operations.execute(
                    TENANT, key("create", "k", "another body"), this::createAndAnswer));
    assertThat(runs()).isEmpty();
    assertThat(operations.execute(TENANT, key("create", "k", "one body"), this::createAndAnswer))
        .isEqualTo(new Given(new Answer(200, "first"), true));
  }

  @Test
  void aKeyBelongsToItsTenantAndItsOperation() {
    operations.execute(TENANT, key("create", "k", "body"), () -> answer("first"));

    Given other =
        operations.execute(new Tenant("other"), key("create", "k", "body"), () -> answer("second"));
    Given cancel = operations.execute(TENANT, key("cancel", "k", "body"), () -> answer("third"));

    assertThat(other).isEqualTo(new Given(new Answer(200, "second"), false));
    assertThat(cancel).isEqualTo(new Given(new Answer(200, "third"), false));
  }

  @Test
  void aFailureLeavesNeitherItsEffectNorARecord() {
    Key key = key("create", "k", "body");

    assertThatThrownBy(
            () ->
                operations.execute(
                    TENANT,
                    key,
                    () -> {
                      createRun();
                      throw new IllegalStateException("too late");
                    }))
        .hasMessage("too late");

    assertThat(runs()).isEmpty();
    assertThat(records()).isZero();
    assertThat(operations.execute(TENANT, key, () -> answer("again")))
        .isEqualTo(new Given(new Answer(200, "again"), false));
  }

  @Test
  void aCallerWhoWaitedForAFailureExecutesItself() throws Exception {
    Key key = key("create", "k", "body");
    Future<Given> first =
        THREADS.submit(
            () ->
                operations.execute(
                    TENANT,
                    key,
                    () -> {
                      createRun();
                      Locks.awaitWaiting(stores.jdbc(), 1);
                      throw new IllegalStateException("too late");
                    }));
    awaitExecution();
    Given second = operations.execute(TENANT, key, this::createAndAnswer);

    assertThatThrownBy(first::get).hasRootCauseMessage("too late");
    assertThat(second.replayed()).isFalse();
    assertThat(runs()).hasSize(1);
  }

  @Test
  void whatIsDoneAfterwardsTellsARollbackFromACommit() {
    AtomicInteger committed = new AtomicInteger();
    AtomicInteger rolledBack = new AtomicInteger();
    Done done =
        new Done(new Answer(200, "kept"), committed::incrementAndGet, rolledBack::incrementAndGet);

    assertThatThrownBy(
            () ->
                operations.execute(
                    TENANT,
                    // A text that no column holds, so that recording it fails after the mutation.
                    key("create", "k", "body"),
                    () ->
                        new Done(new Answer(200, "\0"), done.afterCommit(), done.afterRollback())))
        .isInstanceOf(DataAccessException.class);
    assertThat(committed).hasValue(0);
    assertThat(rolledBack).hasValue(1);

    operations.execute(TENANT, key("create", "k", "body"), () -> done);
    operations.execute(TENANT, key("create", "k", "body"), () -> done);
    assertThat(committed).hasValue(1);
    assertThat(rolledBack).hasValue(1);
  }

  @Test
  void anExpiredRecordIsReplaced() {
    Key old = key("create", "k", "old body");
    Key fresh = key("create", "k", "new body");
    operations.execute(TENANT, old, () -> answer("old"));
    stores
        .jdbc()
        .sql("update openwop.idempotency_record set expires_at = now() - interval '1 second'")
        .update();

    assertThat(operations.execute(TENANT, fresh, () -> answer("new")))
        .isEqualTo(new Given(new Answer(200, "new"), false));

    assertThat(records()).isEqualTo(1);
    assertThat(operations.execute(TENANT, fresh, () -> answer("never")))
        .isEqualTo(new Given(new Answer(200, "new"), true));
    assertThatExceptionOfType(KeyMismatchException.class)
        .isThrownBy(() -> operations.execute(TENANT, old, () -> answer("never")));
  }

  @Test
  void withoutAKeyEverythingHappensEveryTime() {
    operations.execute(TENANT, null, this::createAndAnswer);
    operations.execute(TENANT, null, this::createAndAnswer);

    assertThat(runs()).hasSize(2);
    assertThat(records()).isZero();
  }

  /** Waits until a transaction has claimed its key, which others cannot see yet. */
  private void awaitExecution() {
    Await.await("a transaction that has written")
        .until(
            () ->
                stores
                        .jdbc()
                        .sql(
                            """
                            select count(*) from pg_stat_activity
                            where datname = current_database() and backend_xid is not null
                            """)
                        .query(Integer.class)
                        .single()
                    == 1);
  }

  private Done createAndAnswer() {
    return answer(createRun());
  }

  private String createRun() {
    NewRun run = SampleRuns.pending();
    stores.runs().create(run, null).orElseThrow();
    return run.runId();
  }

  private List<String> runs() {
    return stores.jdbc().sql("select run_id from openwop.run").query(String.class).list();
  }

  private long records() {
    return stores
        .jdbc()
        .sql("select count(*) from openwop.idempotency_record")
        .query(Long.class)
        .single();
  }

  private static Done answer(String body) {
    return Done.of(new Answer(200, body));
  }

  private static Key key(String operation, String key, String body) {
    return new Key(
        operation, key.getBytes(StandardCharsets.UTF_8), body.getBytes(StandardCharsets.UTF_8));
  }
}
