package io.heddle.postgres;

import io.heddle.effect.EffectStore;
import io.heddle.effect.Execution;
import io.heddle.effect.LogicalEffect;
import io.heddle.effect.Outcome;
import io.heddle.effect.Standing;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Effects of nodes. */
public final class EffectSql implements EffectStore {

  // The lock makes whoever takes the run away wait for this statement, or this statement for it.
  private static final String LEASED =
      """
      leased as (
        select tenant_id, run_id from openwop.run
        where tenant_id = :tenant and run_id = :run and lease_epoch = :epoch
          and status not in ('COMPLETED', 'FAILED', 'CANCELLED')
        for share
      )\
      """;

  private static final String CLAIM =
      """
      with %s, claimed as (
        insert into openwop.effect as e (
          tenant_id, invocation_id, run_id, node_id, visit, suspensions, wakeups, ordinal, provider_key,
          status, claim_id, lease_epoch, expires_at)
        select
          tenant_id, :invocation, run_id, :node, :visit, :suspensions, :wakeups, :ordinal, :provider,
          'CLAIMED', :claim, :epoch, clock_timestamp() + :retention * interval '1 second'
        from leased
        on conflict (tenant_id, invocation_id) do update set
          status = 'CLAIMED', claim_id = excluded.claim_id, lease_epoch = excluded.lease_epoch,
          expires_at = excluded.expires_at
        where e.status = 'UNKNOWN'
          or (e.status = 'CLAIMED'
            and (e.lease_epoch < excluded.lease_epoch or e.claim_id = excluded.claim_id))
        returning 1
      )
      select exists (select 1 from leased) as leased, exists (select 1 from claimed) as claimed
      """
          .formatted(LEASED);

  private static final String LOOK =
      """
      select e.status, e.outcome
      from openwop.run r
      left join openwop.effect e on e.tenant_id = r.tenant_id and e.invocation_id = :invocation
      where r.tenant_id = :tenant and r.run_id = :run and r.lease_epoch = :epoch
        and r.status not in ('COMPLETED', 'FAILED', 'CANCELLED')
      """;

  private static final String SETTLE =
      """
      with %s
      update openwop.effect e set
        status = :status, outcome = :outcome::json,
        expires_at = clock_timestamp() + :retention * interval '1 second'
      from leased
      where e.tenant_id = :tenant and e.invocation_id = :invocation and e.claim_id = :claim
        and e.status in ('CLAIMED', :status)
      """
          .formatted(LEASED);

  private static final String RELEASE =
      """
      with %s
      update openwop.effect e set status = 'UNKNOWN'
      from leased
      where e.tenant_id = :tenant and e.invocation_id = :invocation and e.claim_id = :claim
        and e.status = 'CLAIMED'
      """
          .formatted(LEASED);

  private static final String COUNT_BEFORE =
      """
      select coalesce(max(ordinal) + 1, 0) from openwop.effect
      where tenant_id = :tenant and run_id = :run and node_id = :node
        and (visit, suspensions, wakeups) < (:visit, :suspensions, :wakeups)
      """;

  private final JdbcClient jdbc;

  private final Duration retention;

  /**
   * @param retention how long a settled effect is kept at least, in whole seconds
   */
  public EffectSql(JdbcClient jdbc, Duration retention) {
    this.jdbc = jdbc;
    this.retention = retention;
  }

  private record Written(boolean leased, boolean claimed) {}

  @Override
  public Standing claim(Execution execution, LogicalEffect effect, String claimId) {
    Written written =
        about(CLAIM, execution)
            .param("invocation", effect.invocationId())
            .param("node", execution.nodeId())
            .param("visit", execution.visit())
            .param("suspensions", execution.suspensions())
            .param("wakeups", execution.wakeups())
            .param("ordinal", effect.ordinal())
            .param("provider", effect.providerKey())
            .param("claim", claimId)
            .param("retention", retention.toSeconds())
            .query(
                (row, number) -> new Written(row.getBoolean("leased"), row.getBoolean("claimed")))
            .single();
    if (!written.leased()) {
      return new Standing.Fenced();
    }
    return written.claimed() ? new Standing.Claimed() : look(execution, effect);
  }

  @Override
  public Standing look(Execution execution, LogicalEffect effect) {
    return about(LOOK, execution)
        .param("invocation", effect.invocationId())
        .query(EffectSql::standing)
        .optional()
        .orElseGet(Standing.Fenced::new);
  }

  private static Standing standing(ResultSet row, int number) throws SQLException {
    String status = row.getString("status");
    if (status == null || status.equals("UNKNOWN")) {
      return new Standing.Unknown();
    }
    return status.equals("CLAIMED")
        ? new Standing.UnderWay()
        : new Standing.Settled(new Outcome(status.equals("FAILED"), row.getString("outcome")));
  }

  @Override
  public boolean settle(
      Execution execution, LogicalEffect effect, String claimId, Outcome outcome) {
    return about(SETTLE, execution)
            .param("invocation", effect.invocationId())
            .param("claim", claimId)
            .param("status", outcome.failed() ? "FAILED" : "DONE")
            .param("outcome", outcome.json())
            .param("retention", retention.toSeconds())
            .update()
        == 1;
  }

  @Override
  public void release(Execution execution, LogicalEffect effect, String claimId) {
    about(RELEASE, execution)
        .param("invocation", effect.invocationId())
        .param("claim", claimId)
        .update();
  }

  @Override
  public int countBefore(Execution execution) {
    return jdbc.sql(COUNT_BEFORE)
        .param("tenant", execution.tenant().id())
        .param("run", execution.runId())
        .param("node", execution.nodeId())
        .param("visit", execution.visit())
        .param("suspensions", execution.suspensions())
        .param("wakeups", execution.wakeups())
        .query(Integer.class)
        .single();
  }

  @Override
  public Duration retention() {
    return retention;
  }

  private JdbcClient.StatementSpec about(String sql, Execution execution) {
    return jdbc.sql(sql)
        .param("tenant", execution.tenant().id())
        .param("run", execution.runId())
        .param("epoch", execution.leaseEpoch());
  }
}
