package io.heddle.postgres;

import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunTrace;
import io.heddle.webhook.Delivery;
import io.heddle.webhook.DeliveryStore;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** The outbox of events for subscribers. */
public final class DeliverySql implements DeliveryStore {

  /**
   * Part of the statement that appends {@code appended} to the log of {@code target}: the only
   * place, with {@link #CALL}, that decides who is told of an event. A replay tells nobody, for its
   * source has.
   */
  static final String QUEUE =
      """
      insert into openwop.webhook_delivery (message_id, webhook_id, tenant_id, run_id, sequence, type)
      select 'msg_' || replace(gen_random_uuid()::text, '-', ''),
        s.webhook_id, t.tenant_id, t.run_id, a.sequence, a.type
      from target t
      join openwop.webhook_subscription s on s.tenant_id = t.tenant_id
        and s.run_id is null
        and s.status = 'ACTIVE'
        and (s.open_until is null or s.open_until <= t.at)
        and (s.tags is null or exists (
          select from json_array_elements_text(
            case when json_typeof(t.tags) = 'array' then t.tags end) tag
          where tag = any(s.tags)))
      join appended a on a.type = any(s.events)
      where t.replay_mode is distinct from 'REPLAY'
      order by a.sequence
      returning 1\
      """;

  /**
   * Another part of it: whoever a run calls back is told of its questions, each in a queue of its
   * own, so that one that is not heard holds up no other.
   */
  static final String CALL =
      """
      call as materialized (
        select 'callback-' || replace(gen_random_uuid()::text, '-', '') as webhook_id,
          'msg_' || replace(gen_random_uuid()::text, '-', '') as message_id,
          t.tenant_id, t.run_id, t.callback_url, t.owner_principal, a.sequence, a.type
        from target t join appended a on a.type = 'INTERRUPT_REQUESTED'
        where t.callback_url is not null and t.replay_mode is distinct from 'REPLAY'
      ), callee as (
        insert into openwop.webhook_subscription (
          webhook_id, tenant_id, run_id, url, events, algorithms, principal)
        select webhook_id, tenant_id, run_id, callback_url, array[type], '{heddle-ed25519-1}', owner_principal
        from call
      ), called as (
        insert into openwop.webhook_delivery (message_id, webhook_id, tenant_id, run_id, sequence, type)
        select message_id, webhook_id, tenant_id, run_id, sequence, type
        from call
        order by sequence
        returning 1
      )\
      """;

  // One probe of the index for each subscription with a queue, however long that is.
  static final String QUEUES =
      """
      with recursive queue as (
        (select d.webhook_id from openwop.webhook_delivery d
         where d.status = 'PENDING'
         order by d.webhook_id, d.position
         limit 1)
        union all
        select next.webhook_id
        from queue cross join lateral (
          select d.webhook_id from openwop.webhook_delivery d
          where d.status = 'PENDING' and d.webhook_id > queue.webhook_id
          order by d.webhook_id, d.position
          limit 1) next
      )\
      """;

  static final String LEASE =
      QUEUES
          + """
      , due as materialized (
        select s.webhook_id, s.due_at,
          row_number() over (partition by s.tenant_id order by s.due_at) as turn
        from queue join openwop.webhook_subscription s on s.webhook_id = queue.webhook_id
        where s.due_at <= clock_timestamp()
          and (s.lease_until is null or s.lease_until <= clock_timestamp())
      ), taken as materialized (
        select s.webhook_id
        from due join openwop.webhook_subscription s on s.webhook_id = due.webhook_id
        where s.due_at <= clock_timestamp()
          and (s.lease_until is null or s.lease_until <= clock_timestamp())
        order by due.turn, due.due_at
        limit :most
        for no key update of s skip locked
      )
      update openwop.webhook_subscription s set
        lease_owner = :owner,
        lease_epoch = s.lease_epoch + 1,
        lease_until = clock_timestamp() + :lease * interval '1 millisecond'
      from taken where s.webhook_id = taken.webhook_id
      returning %s, s.lease_epoch, s.failures
      """
              .formatted(WebhookSql.COLUMNS);

  // A statement of its own after the lease, so that it sees what the holder before recorded.
  static final String HEADS =
      """
      select d.*
      from unnest(:webhooks::text[]) leased(webhook_id)
      cross join lateral (
        select head.webhook_id, head.position, head.message_id, head.run_id, head.type, head.body,
          head.attempts,
          (extract(epoch from clock_timestamp() - head.queued_at) * 1000)::bigint as age_ms,
          e.sequence, e.event_id, e.node_id, e.causation_id, e.payload, e.occurred_at,
          e.schema_version, e.engine_version,
          r.run_id is not null as is_known, r.trace_parent, r.trace_state,
          coalesce(sum(coalesce(length(head.body), length(e.payload::text))) over (
            order by head.position rows between unbounded preceding and 1 preceding), 0) as bytes_before
        from (
          select queued.* from openwop.webhook_delivery queued
          where queued.webhook_id = leased.webhook_id and queued.status = 'PENDING'
          order by queued.position
          limit :most) head
        left join openwop.event e
          on head.body is null and e.run_id = head.run_id and e.sequence = head.sequence
            and e.tenant_id = head.tenant_id
        left join openwop.run r on r.run_id = head.run_id and r.tenant_id = head.tenant_id) d
      where d.bytes_before < :bytes
      order by d.position
      """;

  private static final String HELD =
      """
      join openwop.webhook_subscription s
        on s.webhook_id = given.webhook_id and s.lease_epoch = given.epoch and s.lease_owner = :owner\
      """;

  static final String PREPARE =
      """
      update openwop.webhook_delivery d set body = given.body
      from unnest(:positions::bigint[], :webhooks::text[], :epochs::bigint[], :bodies::bytea[])
        as given(position, webhook_id, epoch, body)
      %s
      where d.position = given.position and d.webhook_id = s.webhook_id and d.tenant_id = s.tenant_id
        and d.status = 'PENDING' and d.body is null
      returning d.position
      """
          .formatted(HELD);

  // The subscription is locked before its deliveries, as by everybody who locks both.
  static final String RECORD =
      """
      with given as materialized (
        select given.*, s.tenant_id
        from unnest(:positions::bigint[], :webhooks::text[], :epochs::bigint[], :statuses::text[],
            :attempted::integer[], :answers::integer[], :errors::text[])
          as given(position, webhook_id, epoch, status, attempted, answer, error)
        %s
        order by s.webhook_id
        for no key update of s
      )
      update openwop.webhook_delivery d set
        status = given.status,
        body = case when given.status in ('PENDING', 'DEAD') then d.body end,
        attempts = d.attempts + given.attempted,
        last_status = given.answer,
        last_error = given.error,
        attempted_at = clock_timestamp(),
        ended_at = case when given.status <> 'PENDING' then clock_timestamp() end
      from given
      where d.position = given.position and d.webhook_id = given.webhook_id
        and d.tenant_id = given.tenant_id and d.status = 'PENDING'
      """
          .formatted(HELD);

  static final String RELEASE =
      """
      with given as (
        select * from unnest(:webhooks::text[], :epochs::bigint[], :delays::bigint[],
            :failures::integer[], :opens::bigint[])
          as given(webhook_id, epoch, delay, failures, opens)
      ), released as (
        update openwop.webhook_subscription s set
          lease_owner = null,
          lease_until = null,
          due_at = clock_timestamp() + given.delay * interval '1 millisecond',
          failures = given.failures,
          open_until = clock_timestamp() + given.opens * interval '1 millisecond'
        from given
        where s.webhook_id = given.webhook_id and s.lease_epoch = given.epoch and s.lease_owner = :owner
        returning s.webhook_id, s.tenant_id, given.opens
      )
      update openwop.webhook_delivery d set status = 'SKIPPED', ended_at = clock_timestamp()
      from released
      where released.opens is not null and d.webhook_id = released.webhook_id
        and d.tenant_id = released.tenant_id and d.status = 'PENDING'
      """;

  static final String GIVE_UP =
      """
      with failed as (
        update openwop.webhook_subscription s set status = 'FAILED'
        where s.webhook_id = any(:webhooks) and s.status = 'ACTIVE' and :failures <= (
          select count(*) from (
            select from openwop.webhook_delivery f
            where f.webhook_id = s.webhook_id and f.status = 'FAILED'
              and f.ended_at > clock_timestamp() - :within * interval '1 millisecond'
            limit :failures) counted)
        returning s.webhook_id, s.tenant_id
      )
      update openwop.webhook_delivery d set status = 'SKIPPED', ended_at = clock_timestamp()
      from failed
      where d.webhook_id = failed.webhook_id and d.tenant_id = failed.tenant_id and d.status = 'PENDING'
      """;

  static final String OLDEST_DUE =
      QUEUES
          + """
      select coalesce(max(extract(epoch from clock_timestamp() - head.queued_at) * 1000), 0)::bigint
      from queue
      join openwop.webhook_subscription s on s.webhook_id = queue.webhook_id
      cross join lateral (
        select d.queued_at from openwop.webhook_delivery d
        where d.webhook_id = queue.webhook_id and d.status = 'PENDING'
        order by d.position
        limit 1) head
      where s.due_at <= clock_timestamp()
      """;

  private final JdbcClient jdbc;

  private final TransactionOperations transactions;

  public DeliverySql(JdbcClient jdbc, TransactionOperations transactions) {
    this.jdbc = jdbc;
    this.transactions = transactions;
  }

  @Override
  public List<Lease> lease(String owner, int most, Duration lease) {
    return jdbc.sql(LEASE)
        .param("owner", owner)
        .param("most", most)
        .param("lease", lease.toMillis())
        .query(
            (row, number) ->
                new Lease(
                    WebhookSql.subscription(row),
                    row.getLong("lease_epoch"),
                    row.getInt("failures")))
        .list();
  }

  @Override
  public List<Queued> heads(List<Lease> leases, int most, int bytes) {
    return jdbc.sql(HEADS)
        .param("webhooks", SqlArrays.text(webhooks(leases, Function.identity())))
        .param("most", most)
        .param("bytes", bytes)
        .query((row, number) -> new Queued(row.getString("webhook_id"), delivery(row)))
        .list();
  }

  private static Delivery delivery(ResultSet row) throws SQLException {
    return new Delivery(
        row.getLong("position"),
        row.getString("message_id"),
        row.getString("run_id"),
        EventType.valueOf(row.getString("type")),
        row.getBytes("body"),
        event(row),
        row.getBoolean("is_known")
            ? RunTrace.outward(row.getString("run_id"), RunRows.trace(row))
            : null,
        row.getInt("attempts"),
        Duration.ofMillis(row.getLong("age_ms")));
  }

  private static @Nullable RunEvent event(ResultSet row) throws SQLException {
    String eventId = row.getString("event_id");
    return eventId == null
        ? null
        : new RunEvent(
            row.getString("run_id"),
            row.getLong("sequence"),
            eventId,
            EventType.valueOf(row.getString("type")),
            row.getString("node_id"),
            row.getString("causation_id"),
            row.getString("payload"),
            Objects.requireNonNull(RunRows.instant(row, "occurred_at")),
            row.getInt("schema_version"),
            row.getInt("engine_version"));
  }

  @Override
  public List<Long> prepare(String owner, List<Prepared> prepared) {
    return jdbc.sql(PREPARE)
        .param("owner", owner)
        .param(
            "positions", SqlArrays.of("bigint", prepared.stream().map(Prepared::position).toList()))
        .param("webhooks", SqlArrays.text(webhooks(prepared, Prepared::lease)))
        .param(
            "epochs",
            SqlArrays.of("bigint", prepared.stream().map(given -> given.lease().epoch()).toList()))
        .param("bodies", SqlArrays.bytes(prepared.stream().map(Prepared::body).toList()))
        .query(Long.class)
        .list();
  }

  @Override
  public void record(String owner, List<Recorded> outcomes, List<Released> released) {
    transactions.executeWithoutResult(
        status -> {
          if (!outcomes.isEmpty()) {
            record(owner, outcomes);
          }
          if (!released.isEmpty()) {
            release(owner, released);
          }
        });
  }

  private void record(String owner, List<Recorded> outcomes) {
    jdbc.sql(RECORD)
        .param("owner", owner)
        .param(
            "positions", SqlArrays.of("bigint", outcomes.stream().map(Recorded::position).toList()))
        .param("webhooks", SqlArrays.text(webhooks(outcomes, Recorded::lease)))
        .param(
            "epochs",
            SqlArrays.of("bigint", outcomes.stream().map(given -> given.lease().epoch()).toList()))
        .param(
            "statuses",
            SqlArrays.of("text", outcomes.stream().map(given -> given.status().name()).toList()))
        .param(
            "attempted",
            SqlArrays.of(
                "integer", outcomes.stream().map(given -> given.attempted() ? 1 : 0).toList()))
        .param("answers", SqlArrays.of("integer", outcomes.stream().map(Recorded::answer).toList()))
        .param("errors", SqlArrays.of("text", outcomes.stream().map(Recorded::error).toList()))
        .update();
  }

  private void release(String owner, List<Released> released) {
    jdbc.sql(RELEASE)
        .param("owner", owner)
        .param("webhooks", SqlArrays.text(webhooks(released, Released::lease)))
        .param(
            "epochs",
            SqlArrays.of("bigint", released.stream().map(given -> given.lease().epoch()).toList()))
        .param(
            "delays",
            SqlArrays.of(
                "bigint", released.stream().map(given -> given.delay().toMillis()).toList()))
        .param(
            "failures", SqlArrays.of("integer", released.stream().map(Released::failures).toList()))
        .param(
            "opens",
            SqlArrays.of(
                "bigint", released.stream().map(given -> millis(given.opensFor())).toList()))
        .update();
  }

  private static @Nullable Long millis(@Nullable Duration duration) {
    return duration == null ? null : duration.toMillis();
  }

  private static <T> List<String> webhooks(List<T> rows, Function<T, Lease> lease) {
    return rows.stream().map(lease).map(held -> held.subscription().webhookId()).toList();
  }

  @Override
  public void giveUp(List<String> webhookIds, int failures, Duration within) {
    jdbc.sql(GIVE_UP)
        .param("webhooks", SqlArrays.text(webhookIds))
        .param("failures", failures)
        .param("within", within.toMillis())
        .update();
  }

  @Override
  public Duration oldestDue() {
    return Duration.ofMillis(jdbc.sql(OLDEST_DUE).query(Long.class).single());
  }
}
