package io.heddle.postgres;

import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.TraceContext;
import io.heddle.telemetry.TraceStore;
import io.heddle.telemetry.TracedRun;
import io.heddle.telemetry.TracedRun.Event;
import io.heddle.telemetry.TracedRun.Source;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What traces tell of runs. No payload leaves the database but the few members that are named. */
public final class TraceSql implements TraceStore {

  // A trace of more is of no use to anybody.
  private static final int MOST_EVENTS = 20_000;

  static final String RUN =
      """
      select run.run_id, run.workflow_scope, run.workflow_id, run.workflow_revision, run.status,
        run.created_at, coalesce(run.ended_at, now()) as until, run.error->>'code' as error_code,
        run.trace_parent, run.trace_state,
        run.parent_run_id, run.parent_node_id, parent.workflow_id as parent_workflow_id,
        run.source_run_id, run.fork_from_sequence, run.replay_mode,
        source.run_id is not null as source_is_kept,
        source.trace_parent as source_trace_parent, source.trace_state as source_trace_state
      from openwop.run
      left join openwop.run parent
        on parent.run_id = run.parent_run_id and parent.tenant_id = run.tenant_id
      left join openwop.run source
        on source.run_id = run.source_run_id and source.tenant_id = run.tenant_id
      where run.tenant_id = :tenant and run.run_id = :run
      """;

  static final String EVENTS =
      """
      select sequence, type, node_id, occurred_at,
        case when type = 'NODE_STARTED' then payload->>'attempt' end as attempt,
        case when type in ('INTERRUPT_REQUESTED', 'CAP_BREACHED') then payload->>'kind' end as kind,
        case when type in ('INTERRUPT_REQUESTED', 'INTERRUPT_RESOLVED')
          then payload->>'interruptId' end as interrupt_id,
        case when type = 'CAP_BREACHED' then payload->>'limit' end as limit_value,
        case when type = 'CAP_BREACHED' then payload->>'observed' end as observed
      from openwop.event
      where tenant_id = :tenant and run_id = :run
        and type in ('NODE_STARTED', 'NODE_COMPLETED', 'NODE_FAILED', 'NODE_RETRIED', 'NODE_SKIPPED',
          'NODE_CANCELLED', 'INTERRUPT_REQUESTED', 'INTERRUPT_RESOLVED', 'CAP_BREACHED')
      order by sequence
      limit :most
      """;

  private final JdbcClient jdbc;

  public TraceSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public Optional<TracedRun> find(Tenant tenant, String runId) {
    List<Event> events =
        jdbc.sql(EVENTS)
            .param("tenant", tenant.id())
            .param("run", runId)
            .param("most", MOST_EVENTS)
            .query(TraceSql::event)
            .list();
    return jdbc.sql(RUN)
        .param("tenant", tenant.id())
        .param("run", runId)
        .query((row, number) -> run(tenant, row, events))
        .optional();
  }

  private static TracedRun run(Tenant tenant, ResultSet row, List<Event> events)
      throws SQLException {
    String parent = row.getString("parent_run_id");
    return new TracedRun(
        tenant,
        row.getString("run_id"),
        new Run.WorkflowRef(
            row.getString("workflow_scope"),
            row.getString("workflow_id"),
            row.getInt("workflow_revision")),
        RunStatus.valueOf(row.getString("status")),
        Objects.requireNonNull(RunRows.instant(row, "created_at")),
        Objects.requireNonNull(RunRows.instant(row, "until")),
        row.getString("error_code"),
        trace(row, ""),
        parent == null ? null : new Run.Parent(parent, row.getString("parent_node_id")),
        row.getString("parent_workflow_id"),
        source(row),
        events);
  }

  private static @Nullable Source source(ResultSet row) throws SQLException {
    String runId = row.getString("source_run_id");
    return runId == null
        ? null
        : new Source(
            runId,
            row.getLong("fork_from_sequence"),
            row.getString("replay_mode").toLowerCase(Locale.ROOT),
            row.getBoolean("source_is_kept"),
            trace(row, "source_"));
  }

  private static @Nullable TraceContext trace(ResultSet row, String prefix) throws SQLException {
    String parent = row.getString(prefix + "trace_parent");
    return parent == null ? null : new TraceContext(parent, row.getString(prefix + "trace_state"));
  }

  private static Event event(ResultSet row, int number) throws SQLException {
    String attempt = row.getString("attempt");
    return new Event(
        row.getLong("sequence"),
        EventType.valueOf(row.getString("type")),
        row.getString("node_id"),
        Objects.requireNonNull(RunRows.instant(row, "occurred_at")),
        attempt == null ? null : Integer.valueOf(attempt),
        row.getString("kind"),
        row.getString("interrupt_id"),
        number(row.getString("limit_value")),
        number(row.getString("observed")));
  }

  private static @Nullable Long number(@Nullable String text) {
    return text == null ? null : Long.valueOf(text);
  }
}
