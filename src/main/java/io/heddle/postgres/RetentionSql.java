package io.heddle.postgres;

import io.heddle.retention.RetentionStore;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** The end of runs and of what else is kept for a time. */
public final class RetentionSql implements RetentionStore {

  // Ends with the transaction, also when its node dies.
  private static final String ALONE =
      """
      select pg_try_advisory_xact_lock(hashtextextended('retention', 0))
      """;

  // Whoever makes something refer to a run holds a lock on it, and is let finish first.
  private static final String LOCK_ENDED =
      """
      select run_id, ended_at, next_sequence from openwop.run
      where ended_at < now() - :window * interval '1 millisecond'
        and (ended_at, run_id) > (:endedAt, :run)
        and status in ('COMPLETED', 'FAILED', 'CANCELLED')
      order by ended_at, run_id
      limit :limit
      for update skip locked
      """;

  private static final String LOCK_ONE =
      """
      select run_id from openwop.run
      where tenant_id = :tenant and run_id = :run and status in ('COMPLETED', 'FAILED', 'CANCELLED')
      for update
      """;

  // After the locks, in a statement of its own: it sees what was committed before they were taken.
  private static final String UNNEEDED =
      """
      select r.run_id from openwop.run r
      where r.run_id = any(:runs)
        and not exists (
          select 1 from openwop.run parent
          where parent.tenant_id = r.tenant_id and parent.run_id = r.parent_run_id and parent.ended_at is null)
        and not exists (
          select 1 from openwop.run child
          where child.tenant_id = r.tenant_id and child.parent_run_id = r.run_id and child.ended_at is null)
        and not exists (
          select 1 from openwop.run fork
          where fork.tenant_id = r.tenant_id and fork.source_run_id = r.run_id)
      """;

  private static final String LEAVE_TOMBSTONES =
      """
      insert into openwop.expired_run (run_id, tenant_id)
      select run_id, tenant_id from openwop.run where run_id = any(:runs)
      """;

  // No foreign key cascades to events: each of them would cost a look at its run.
  private static final String DELETE_EVENTS =
      """
      delete from openwop.event where run_id = any(:runs)
      """;

  // Whatever refers to a run with a cascading key goes with it.
  private static final String DELETE_RUNS =
      """
      delete from openwop.run where run_id = any(:runs)
      """;

  private static final String DELETE_IDEMPOTENCY_RECORDS =
      """
      delete from openwop.idempotency_record
      where ctid = any(array(
        select ctid from openwop.idempotency_record
        where expires_at <= now()
        order by expires_at
        limit :limit
        for update skip locked))
      """;

  private static final String DELETE_TOMBSTONES =
      """
      delete from openwop.expired_run
      where run_id = any(array(
        select run_id from openwop.expired_run
        where expired_at < now() - :age * interval '1 millisecond'
        order by expired_at
        limit :limit
        for update skip locked))
      """;

  private static final String DELETE_DELIVERIES =
      """
      delete from openwop.webhook_delivery
      where position = any(array(
        select position from openwop.webhook_delivery
        where status = :status and ended_at < now() - :age * interval '1 millisecond'
        order by ended_at
        limit :limit
        for update skip locked))
      """;

  // Queued by a transaction that did not see yet that the subscription ended.
  private static final String DELETE_ABANDONED =
      DeliverySql.QUEUES
          + """
      delete from openwop.webhook_delivery
      where position = any(array(
        select d.position
        from queue
        cross join lateral (
          select pending.position from openwop.webhook_delivery pending
          where pending.webhook_id = queue.webhook_id and pending.status = 'PENDING'
          limit :limit) d
        where not exists (
          select from openwop.webhook_subscription s
          where s.webhook_id = queue.webhook_id and s.status = 'ACTIVE')
        limit :limit))
      """;

  private static final Duration FAILURES_COUNT_FOR = Duration.ofDays(7);

  private static final String EXPIRED_AT =
      """
      select expired_at from openwop.expired_run where tenant_id = :tenant and run_id = :run
      """;

  // The one statement that asks for a run without its tenant: whose it is, is the question.
  private static final String TENANT_OF =
      """
      select tenant_id from openwop.run
      where run_id = :run and workflow_scope = '*' and workflow_id = any(:workflows)
      """;

  // Deleted at once; a single longer log is deleted on its own.
  private static final long EVENTS_PER_BATCH = 5_000;

  private final JdbcClient jdbc;

  private final TransactionOperations transactions;

  public RetentionSql(JdbcClient jdbc, TransactionOperations transactions) {
    this.jdbc = jdbc;
    this.transactions = transactions;
  }

  private record Ended(Position position, long events) {}

  @Override
  public Optional<Batch> expireRuns(Duration window, Position after, int limit) {
    return alone(
        () -> {
          List<Ended> ended = lockEnded(window, after, limit);
          List<Ended> handled = bounded(ended);
          int expired = delete(handled.stream().map(run -> run.position().runId()).toList());
          boolean done = ended.size() < limit && handled.size() == ended.size();
          return new Batch(expired, done ? null : handled.get(handled.size() - 1).position());
        });
  }

  private List<Ended> lockEnded(Duration window, Position after, int limit) {
    return jdbc.sql(LOCK_ENDED)
        .param("window", window.toMillis())
        .param("endedAt", after.endedAt().atOffset(ZoneOffset.UTC))
        .param("run", after.runId())
        .param("limit", limit)
        .query(
            (row, number) ->
                new Ended(
                    new Position(
                        row.getObject("ended_at", OffsetDateTime.class).toInstant(),
                        row.getString("run_id")),
                    row.getLong("next_sequence")))
        .list();
  }

  private static List<Ended> bounded(List<Ended> ended) {
    List<Ended> bounded = new ArrayList<>();
    long events = 0;
    for (Ended run : ended) {
      events += run.events();
      if (events > EVENTS_PER_BATCH && !bounded.isEmpty()) {
        break;
      }
      bounded.add(run);
    }
    return bounded;
  }

  /** Deletes those of these locked runs that no other run needs; returns how many. */
  private int delete(List<String> locked) {
    if (locked.isEmpty()) {
      return 0;
    }
    List<String> runs =
        jdbc.sql(UNNEEDED).param("runs", SqlArrays.text(locked)).query(String.class).list();
    if (runs.isEmpty()) {
      return 0;
    }
    for (String statement : List.of(LEAVE_TOMBSTONES, DELETE_EVENTS, DELETE_RUNS)) {
      jdbc.sql(statement).param("runs", SqlArrays.text(runs)).update();
    }
    return runs.size();
  }

  @Override
  public OptionalInt deleteIdempotencyRecords(int limit) {
    return count(() -> jdbc.sql(DELETE_IDEMPOTENCY_RECORDS).param("limit", limit).update());
  }

  @Override
  public OptionalInt deleteTombstones(Duration age, int limit) {
    return count(
        () ->
            jdbc.sql(DELETE_TOMBSTONES)
                .param("age", age.toMillis())
                .param("limit", limit)
                .update());
  }

  @Override
  public OptionalInt deleteDeliveries(Duration age, int limit) {
    Duration failures = age.compareTo(FAILURES_COUNT_FOR) > 0 ? age : FAILURES_COUNT_FOR;
    return count(
        () -> {
          int deleted = deleteDeliveries("DELIVERED", age, limit);
          deleted += deleteDeliveries("SKIPPED", age, limit - deleted);
          return deleted + deleteDeliveries("FAILED", failures, limit - deleted);
        });
  }

  @Override
  public OptionalInt deleteAbandonedDeliveries(int limit) {
    return count(() -> jdbc.sql(DELETE_ABANDONED).param("limit", limit).update());
  }

  @Override
  public OptionalInt deleteDeadLetters(Duration age, int limit) {
    return count(() -> deleteDeliveries("DEAD", age, limit));
  }

  private int deleteDeliveries(String status, Duration age, int limit) {
    return limit == 0
        ? 0
        : jdbc.sql(DELETE_DELIVERIES)
            .param("status", status)
            .param("age", age.toMillis())
            .param("limit", limit)
            .update();
  }

  @Override
  public Optional<Instant> expiredAt(Tenant tenant, String runId) {
    return jdbc.sql(EXPIRED_AT)
        .param("tenant", tenant.id())
        .param("run", runId)
        .query(OffsetDateTime.class)
        .optional()
        .map(OffsetDateTime::toInstant);
  }

  @Override
  public Optional<Tenant> tenantOf(String runId, Collection<String> offeredWorkflows) {
    return jdbc.sql(TENANT_OF)
        .param("run", runId)
        .param("workflows", SqlArrays.text(List.copyOf(offeredWorkflows)))
        .query(String.class)
        .optional()
        .map(Tenant::new);
  }

  @Override
  public boolean expire(Tenant tenant, String runId) {
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              List<String> locked =
                  jdbc.sql(LOCK_ONE)
                      .param("tenant", tenant.id())
                      .param("run", runId)
                      .query(String.class)
                      .list();
              return delete(locked) == 1;
            }));
  }

  /** In a transaction of its own, unless another one is at work. */
  private <T> Optional<T> alone(Supplier<T> work) {
    return Objects.requireNonNull(
        transactions.execute(
            status ->
                jdbc.sql(ALONE).query(Boolean.class).single()
                    ? Optional.of(work.get())
                    : Optional.empty()));
  }

  private OptionalInt count(Supplier<Integer> work) {
    return alone(work).map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }
}
