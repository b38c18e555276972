package io.heddle.postgres;

import io.heddle.interrupt.Interrupt;
import io.heddle.interrupt.InterruptStore;
import io.heddle.json.Json;
import io.heddle.spi.InterruptKind;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Questions of runs as those who answer see them. */
public final class InterruptSql implements InterruptStore {

  private static final String COLUMNS =
      """
      interrupt_id, run_id, node_id, ordinal, kind, key, data, coalesce(shown, data) as shown, resume_schema, timeout_ms,
      requested_at, deadline, state, clock_timestamp() as read_at\
      """;

  private static final String NEWEST =
      """
      select %s from openwop.interrupt
      where tenant_id = :tenant and run_id = :run and node_id = :node
      order by ordinal desc
      limit 1
      """
          .formatted(COLUMNS);

  private static final String PENDING =
      """
      select %s from openwop.interrupt
      where tenant_id = :tenant and run_id = :run and state = 'PENDING'
      order by requested_at, interrupt_id
      """
          .formatted(COLUMNS);

  private static final String TENANT_OF =
      """
      select tenant_id from openwop.interrupt where interrupt_id = :id and run_id = :run
      """;

  private static final String RESOLVE =
      """
      update openwop.interrupt set
        state = 'RESOLVED', resume_value = :value::json, resolved_by = :by, closed_at = clock_timestamp()
      where tenant_id = :tenant and interrupt_id = :id and state = 'PENDING'
      """;

  private static final String VOTE =
      """
      insert into openwop.interrupt_vote (
        interrupt_id, voter, tenant_id, principal, eligible_by, action, reason)
      values (:id, :voter, :tenant, :principal, :eligibleBy, :action, :reason)
      on conflict (interrupt_id, voter) do nothing
      """;

  private static final String TALLY =
      """
      select action, count(*) as votes from openwop.interrupt_vote
      where tenant_id = :tenant and interrupt_id = :id
      group by action
      """;

  private static final String REMARK =
      """
      update openwop.interrupt set
        remarks = (remarks::jsonb || jsonb_build_array(:remark::jsonb))::json
      where tenant_id = :tenant and interrupt_id = :id and state = 'PENDING'
        and json_array_length(remarks) < :most
      """;

  private final JdbcClient jdbc;

  public InterruptSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public Optional<Interrupt> newest(Tenant tenant, String runId, String nodeId) {
    return jdbc.sql(NEWEST)
        .param("tenant", tenant.id())
        .param("run", runId)
        .param("node", nodeId)
        .query(InterruptSql::interrupt)
        .optional();
  }

  @Override
  public List<Interrupt> pending(Tenant tenant, String runId) {
    return jdbc.sql(PENDING)
        .param("tenant", tenant.id())
        .param("run", runId)
        .query(InterruptSql::interrupt)
        .list();
  }

  @Override
  public Optional<Tenant> tenantOf(String runId, String interruptId) {
    return jdbc.sql(TENANT_OF)
        .param("id", interruptId)
        .param("run", runId)
        .query(String.class)
        .optional()
        .map(Tenant::new);
  }

  @Override
  public boolean resolve(
      Tenant tenant, String interruptId, @Nullable Object value, String resolvedBy) {
    return jdbc.sql(RESOLVE)
            .param("tenant", tenant.id())
            .param("id", interruptId)
            .param("value", Json.write(value))
            .param("by", resolvedBy)
            .update()
        == 1;
  }

  @Override
  public boolean vote(Tenant tenant, String interruptId, Vote vote) {
    return jdbc.sql(VOTE)
            .param("id", interruptId)
            .param("voter", vote.voter())
            .param("tenant", tenant.id())
            .param("principal", vote.principal())
            .param("eligibleBy", vote.eligibleBy())
            .param("action", vote.action())
            .param("reason", vote.reason())
            .update()
        == 1;
  }

  @Override
  public Map<String, Integer> tally(Tenant tenant, String interruptId) {
    Map<String, Integer> tally = new HashMap<>();
    jdbc.sql(TALLY)
        .param("tenant", tenant.id())
        .param("id", interruptId)
        .query((RowCallbackHandler) row -> tally.put(row.getString("action"), row.getInt("votes")));
    return tally;
  }

  @Override
  public boolean remark(Tenant tenant, String interruptId, Map<String, @Nullable Object> remark) {
    return jdbc.sql(REMARK)
            .param("tenant", tenant.id())
            .param("id", interruptId)
            .param("remark", Json.write(remark))
            .param("most", MOST_REMARKS)
            .update()
        == 1;
  }

  private static Interrupt interrupt(ResultSet row, int number) throws SQLException {
    String schema = row.getString("resume_schema");
    long timeout = row.getLong("timeout_ms");
    Long timeoutMs = row.wasNull() ? null : timeout;
    return new Interrupt(
        row.getString("interrupt_id"),
        row.getString("run_id"),
        row.getString("node_id"),
        row.getInt("ordinal"),
        InterruptKind.valueOf(row.getString("kind")),
        row.getString("key"),
        Json.storedObject(row.getString("data")),
        Json.storedObject(row.getString("shown")),
        schema == null ? null : Json.storedObject(schema),
        timeoutMs,
        Objects.requireNonNull(RunRows.instant(row, "requested_at")),
        RunRows.instant(row, "deadline"),
        Interrupt.State.valueOf(row.getString("state")),
        Objects.requireNonNull(RunRows.instant(row, "read_at")));
  }
}
