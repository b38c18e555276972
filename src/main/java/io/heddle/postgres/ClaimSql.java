package io.heddle.postgres;

import io.heddle.claim.ClaimStore;
import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** Node liveness and the claim of due runs. Every time in here is the database's. */
public final class ClaimSql implements ClaimStore {

  private static final String REGISTER =
      """
      insert into openwop.host_node (node_id, expires_at)
      values (:node, now() + :ttl * interval '1 millisecond')
      returning clock_timestamp()
      """;

  private static final String HEARTBEAT =
      """
      update openwop.host_node set heartbeat_at = now(), expires_at = now() + :ttl * interval '1 millisecond'
      where node_id = :node
      returning clock_timestamp()
      """;

  private static final String REMOVE_EXPIRED_NODES =
      """
      delete from openwop.host_node where expires_at < now()
      """;

  // Also finds a run that was leased in the instant in which its node was being fenced.
  private static final String FREE_ORPHANS =
      """
      update openwop.run set lease_owner = null, lease_epoch = lease_epoch + 1, wake_at = now(),
        losses = case when lost_sequence = next_sequence then losses + 1 else 1 end,
        lost_epoch = lease_epoch + 1,
        lost_sequence = next_sequence
      where run_id in (
        select run_id from openwop.run
        where lease_owner is not null
          and not exists (select 1 from openwop.host_node where host_node.node_id = run.lease_owner)
        for no key update skip locked)
      """;

  // While everything that is due fits, its tenants are those of the oldest runs; only behind a
  // backlog are they looked up one after the other, each by one probe of an index. Every tenant's
  // share is settled before a row is locked, so that no more rows are locked than taken. A tenant
  // is asked for no more than would lift it to the level of the others: with many tenants that is
  // a row or two of each, and whoever finds too little so asks again at once.
  static final String CLAIM =
      """
      with recursive oldest as materialized (
        select tenant_id from openwop.run where wake_at <= now()
        order by wake_at
        limit :free + 1
      ), backlog as materialized (
        select count(*) as length from oldest
      ), walk as (
        (select run.tenant_id, run.wake_at from openwop.run
         where run.wake_at is not null and (select length from backlog) > :free
         order by run.tenant_id, run.wake_at
         limit 1)
        union all
        select next.tenant_id, next.wake_at
        from walk cross join lateral (
          select run.tenant_id, run.wake_at from openwop.run
          where run.wake_at is not null and run.tenant_id > walk.tenant_id
          order by run.tenant_id, run.wake_at
          limit 1) next
      ), room as (
        select least(:free, greatest(:smallest, ceil(length::numeric / greatest(1, (
          select count(*) from openwop.host_node where expires_at > now())))))::bigint as runs
        from backlog
      ), tenant as (
        select tenant_id, coalesce(held.runs, 0) as executing, random() as lot
        from (
          select tenant_id from oldest
          union
          select tenant_id from walk where wake_at <= now()) waiting
        left join (
          select run.tenant_id, count(*) as runs from openwop.run
          where run.lease_owner is not null
          group by run.tenant_id) held using (tenant_id)
      ), asked as (
        select tenant_id, executing, lot, least(runs, ceil(greatest(
          :probes / count(*) over (),
          (runs + sum(executing) over ()) / count(*) over () - executing)))::bigint as turns
        from tenant cross join room
      ), share as (
        select tenant_id, count(*) as runs
        from (
          select asked.tenant_id
          from asked cross join lateral (
            select row_number() over () as turn
            from (
              select from openwop.run
              where run.tenant_id = asked.tenant_id and run.wake_at <= now()
              order by run.wake_at
              limit asked.turns) due) queued
          where :perTenant = 0 or executing + turn <= :perTenant
          order by executing + turn, lot
          limit (select runs from room)) turns
        group by tenant_id
      ), due as (
        select taken.run_id
        from share cross join lateral (
          select run.run_id from openwop.run
          where run.tenant_id = share.tenant_id and run.wake_at <= now()
          order by run.wake_at
          limit share.runs
          for no key update skip locked) taken
      )
      update openwop.run set lease_owner = :node, lease_epoch = lease_epoch + 1, wake_at = null
      where run.run_id = any(array(select run_id from due))
      returning %s, (select length from backlog) as backlog
      """
          .formatted(RunRows.COLUMNS);

  // Not worth dividing: another node would be asked for a round trip's work.
  private static final int SMALLEST_SHARE = 8;

  // So many waiting runs may be counted, whatever the number of tenants.
  private static final int PROBES = 1_000;

  // Whoever counts what is in execution must see what the one before it took.
  private static final String ONE_AT_A_TIME =
      """
      select count(pg_advisory_xact_lock(7346071930467))
      """;

  private static final String EXECUTING =
      """
      select count(*) from openwop.run where lease_owner is not null and tenant_id = :tenant
      """;

  private static final String WAITING =
      """
      select count(*) from (
        select 1 from openwop.run where wake_at <= now() order by wake_at limit :limit) waiting
      """;

  private static final String HAND_BACK =
      """
      update openwop.run set lease_owner = null, lease_epoch = lease_epoch + 1,
        wake_at = now() + :delay * interval '1 millisecond'
      where run_id = :run and lease_owner = :node and lease_epoch = :epoch
      """;

  private static final String HELD =
      """
      select run_id, lease_epoch from openwop.run where lease_owner = :node
      """;

  private static final String RELEASE =
      """
      with gone as (delete from openwop.host_node where node_id = :node)
      update openwop.run set lease_owner = null, lease_epoch = lease_epoch + 1, wake_at = now()
      where lease_owner = :node
      """;

  private final JdbcClient jdbc;

  private final TransactionOperations transactions;

  public ClaimSql(JdbcClient jdbc, TransactionOperations transactions) {
    this.jdbc = jdbc;
    this.transactions = transactions;
  }

  @Override
  public Instant register(String nodeId, Duration ttl) {
    return jdbc.sql(REGISTER)
        .param("node", nodeId)
        .param("ttl", ttl.toMillis())
        .query(OffsetDateTime.class)
        .single()
        .toInstant();
  }

  @Override
  public Optional<Instant> heartbeat(String nodeId, Duration ttl) {
    return jdbc.sql(HEARTBEAT)
        .param("node", nodeId)
        .param("ttl", ttl.toMillis())
        .query(OffsetDateTime.class)
        .optional()
        .map(OffsetDateTime::toInstant);
  }

  @Override
  public int freeOrphans() {
    jdbc.sql(REMOVE_EXPIRED_NODES).update();
    return jdbc.sql(FREE_ORPHANS).update();
  }

  @Override
  public Claimed claim(String nodeId, int free, int perTenant) {
    if (perTenant == 0) {
      return claimed(nodeId, free, 0);
    }
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              jdbc.sql(ONE_AT_A_TIME).query(Integer.class).single();
              return claimed(nodeId, free, perTenant);
            }));
  }

  private Claimed claimed(String nodeId, int free, int perTenant) {
    AtomicLong backlog = new AtomicLong();
    List<Run> runs =
        jdbc.sql(CLAIM)
            .param("node", nodeId)
            .param("free", free)
            .param("perTenant", perTenant)
            .param("smallest", SMALLEST_SHARE)
            .param("probes", PROBES)
            .query(
                (row, number) -> {
                  backlog.set(row.getLong("backlog"));
                  return RunRows.run(row, number);
                })
            .list();
    return new Claimed(runs, backlog.get() > runs.size());
  }

  @Override
  public int executing(Tenant tenant) {
    return jdbc.sql(EXECUTING).param("tenant", tenant.id()).query(Integer.class).single();
  }

  @Override
  public int waiting(int limit) {
    return jdbc.sql(WAITING).param("limit", limit).query(Integer.class).single();
  }

  @Override
  public void handBack(String nodeId, String runId, long leaseEpoch, Duration delay) {
    jdbc.sql(HAND_BACK)
        .param("node", nodeId)
        .param("run", runId)
        .param("epoch", leaseEpoch)
        .param("delay", delay.toMillis())
        .update();
  }

  @Override
  public List<Held> heldBy(String nodeId) {
    return jdbc.sql(HELD)
        .param("node", nodeId)
        .query((row, number) -> new Held(row.getString("run_id"), row.getLong("lease_epoch")))
        .list();
  }

  @Override
  public void release(String nodeId) {
    jdbc.sql(RELEASE).param("node", nodeId).update();
  }
}
