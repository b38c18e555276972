package io.heddle.postgres;

import io.heddle.claim.ClaimStore;
import io.heddle.run.Run;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

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
      update openwop.run set lease_owner = null, lease_epoch = lease_epoch + 1, wake_at = now()
      where run_id in (
        select run_id from openwop.run
        where lease_owner is not null
          and not exists (select 1 from openwop.host_node where host_node.node_id = run.lease_owner)
        for no key update skip locked)
      """;

  private static final String CLAIM =
      """
      with due as (
        select run_id from openwop.run where wake_at <= now()
        order by wake_at
        limit :limit
        for no key update skip locked)
      update openwop.run set lease_owner = :node, lease_epoch = lease_epoch + 1, wake_at = null
      from due where run.run_id = due.run_id
      returning %s
      """
          .formatted(RunRows.COLUMNS);

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

  public ClaimSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
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
  public List<Run> claimDue(String nodeId, int limit) {
    return jdbc.sql(CLAIM).param("node", nodeId).param("limit", limit).query(RunRows::run).list();
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
