package io.heddle.postgres;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.NewRun;
import io.heddle.run.PauseRequest;
import io.heddle.run.Run;
import io.heddle.run.RunAlreadyActiveException;
import io.heddle.run.RunEvent;
import io.heddle.run.RunState;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.Step;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** Runs and the reading of their logs; what appends to a log is {@link StepCommit}. */
public final class RunSql implements RunStore {

  // A newer revision makes the insert find nothing, so that a node with a stale cache looks again.
  // A child's parent has looked, and would wait for ever for a child that was not inserted.
  private static final String INSERT =
      """
      with created as (
      insert into openwop.run (
        run_id, tenant_id, owner_principal, owner_issuer, owner_lane, owner_kind,
        workflow_scope, workflow_id, workflow_revision, status, wake_at, lease_owner, lease_epoch,
        state, inputs, configurable, tags, metadata, scope_id, exclusive_in_scope, callback_url,
        parent_run_id, parent_node_id, depth, trace_parent, trace_state,
        engine_version, event_log_schema_version)
      select
        :run, :tenant, :principal, :issuer, :lane, :kind,
        :scope, :workflow, :revision, 'PENDING',
        case when :owner::text is null then now() end, :owner, case when :owner::text is null then 0 else 1 end,
        :state::json, :inputs::json, :configurable::json, :tags::json, :metadata::json, :scopeId, :exclusive, :callbackUrl,
        :parentRun, :parentNode, :depth, :trace, :traceState,
        :engineVersion, :eventLogSchemaVersion
      where :parentRun::text is not null or not exists (
        select 1 from openwop.workflow_revision w
        where w.scope = :scope and w.scope <> '*' and w.workflow_id = :workflow and w.revision > :revision)
      %s
      returning created_at), audited as (
        insert into openwop.audit_pending (tenant_id, action, actor, target, details)
        select :tenant, 'run.created', :principal, :run, :audit::json from created
        where :audit::text is not null)
      select created_at from created
      """;

  private static final String INSERT_ANY = INSERT.formatted("");

  // Waits for a transaction that is about to take the scope, and leaves this one usable if it does.
  private static final String INSERT_EXCLUSIVE =
      INSERT.formatted(
          """
          on conflict (tenant_id, scope_id) where exclusive_in_scope and ended_at is null do nothing\
          """);

  private static final String ACTIVE_IN_SCOPE =
      """
      select run_id from openwop.run
      where tenant_id = :tenant and scope_id = :scopeId and exclusive_in_scope and ended_at is null
      """;

  private static final String FIND =
      """
      select %s from openwop.run where tenant_id = :tenant and run_id = :run
      """
          .formatted(RunRows.COLUMNS);

  private static final String LOCK = FIND + "for no key update";

  private static final String LOG =
      """
      select r.status, r.next_sequence, e.sequence, e.event_id, e.type, e.node_id, e.causation_id,
             e.payload, e.occurred_at, e.schema_version, e.engine_version
      from openwop.run r
      left join lateral (
        select part.*,
          sum(length(payload::text)) over (order by sequence) - length(payload::text) as characters_before
        from (
          select sequence, event_id, type, node_id, causation_id, payload, occurred_at, schema_version,
                 engine_version
          from openwop.event
          where event.run_id = r.run_id and event.tenant_id = r.tenant_id and event.sequence > :after
          order by event.sequence
          limit :limit) part) e on e.characters_before < :characters
      where r.tenant_id = :tenant and r.run_id = :run
      order by e.sequence
      """;

  private static final String STANDINGS =
      """
      select run_id, status,
        case when status in ('COMPLETED', 'FAILED', 'CANCELLED') then state end as state,
        error
      from openwop.run
      where tenant_id = :tenant and run_id = any(:runs)
      order by ended_at, run_id
      """;

  private static final String LIVE_CHILDREN =
      """
      select run_id from openwop.run
      where tenant_id = :tenant and parent_run_id = :run
        and status not in ('COMPLETED', 'FAILED', 'CANCELLED')
      order by run_id
      """;

  private static final String CHILDREN =
      """
      select run_id, status from openwop.run
      where tenant_id = :tenant and parent_run_id = :run
      order by created_at, run_id
      limit :limit
      """;

  private static final String REQUEST_PAUSE =
      """
      update openwop.run set pause_request = :request::json, signals = signals + 1
      where tenant_id = :tenant and run_id = :run
      """;

  private static final String LOSSES =
      """
      select losses from openwop.run
      where tenant_id = :tenant and run_id = :run and lost_epoch = :epoch - 1
      """;

  private static final String LENGTHS =
      """
      select run_id, next_sequence from openwop.run where run_id = any(:runs)
      """;

  private final JdbcClient jdbc;

  private final StepCommit steps;

  private final InterruptRows interrupts;

  private final ArtifactSql artifacts;

  private final TransactionOperations transactions;

  private final int engineVersion;

  private final int eventLogSchemaVersion;

  private final boolean audited;

  /** Without an audit log, and with nobody who is woken for deliveries. */
  public RunSql(
      JdbcClient jdbc,
      TransactionOperations transactions,
      int engineVersion,
      int eventLogSchemaVersion) {
    this(jdbc, transactions, engineVersion, eventLogSchemaVersion, false, () -> {});
  }

  /**
   * @param audited whether callers' runs are recorded in the audit log with the statement that
   *     inserts them
   * @param queued is told after each commit that queued deliveries for subscribers; must return at
   *     once
   */
  public RunSql(
      JdbcClient jdbc,
      TransactionOperations transactions,
      int engineVersion,
      int eventLogSchemaVersion,
      boolean audited,
      Runnable queued) {
    this.jdbc = jdbc;
    this.steps = new StepCommit(jdbc, queued);
    this.interrupts = new InterruptRows(jdbc);
    this.artifacts = new ArtifactSql(jdbc);
    this.transactions = transactions;
    this.engineVersion = engineVersion;
    this.eventLogSchemaVersion = eventLogSchemaVersion;
    this.audited = audited;
  }

  @Override
  public Optional<Instant> create(NewRun run, @Nullable String leaseOwner) {
    Run.Scope scope = run.scope();
    if (scope == null || !scope.exclusive()) {
      return insert(INSERT_ANY, run, leaseOwner);
    }
    Optional<Instant> created = insert(INSERT_EXCLUSIVE, run, leaseOwner);
    if (created.isEmpty()) {
      Optional<String> active = activeInScope(run.tenant(), scope);
      if (active.isPresent()) {
        throw new RunAlreadyActiveException(active.get());
      }
    }
    return created;
  }

  private Optional<String> activeInScope(Tenant tenant, Run.Scope scope) {
    return jdbc.sql(ACTIVE_IN_SCOPE)
        .param("tenant", tenant.id())
        .param("scopeId", scope.id())
        .query(String.class)
        .optional();
  }

  private Optional<Instant> insert(String sql, NewRun run, @Nullable String leaseOwner) {
    return RunRows.bind(jdbc.sql(sql), run, leaseOwner)
        .param("scopeId", run.scope() == null ? null : run.scope().id(), Types.VARCHAR)
        .param("exclusive", run.scope() != null && run.scope().exclusive())
        .param("callbackUrl", run.callbackUrl(), Types.VARCHAR)
        .param("parentRun", run.parent() == null ? null : run.parent().runId(), Types.VARCHAR)
        .param("parentNode", run.parent() == null ? null : run.parent().nodeId(), Types.VARCHAR)
        .param("engineVersion", engineVersion)
        .param("eventLogSchemaVersion", eventLogSchemaVersion)
        .param("audit", audit(run), Types.VARCHAR)
        .query(OffsetDateTime.class)
        .optional()
        .map(OffsetDateTime::toInstant);
  }

  /** A run that another one started is the doing of nobody but that run. */
  private @Nullable String audit(NewRun run) {
    return audited && run.parent() == null
        ? Json.write(
            Json.members(
                "workflowId",
                run.workflow().workflowId(),
                "workflowRevision",
                run.workflow().revision()))
        : null;
  }

  @Override
  public Optional<Run> find(Tenant tenant, String runId) {
    return one(FIND, tenant, runId);
  }

  @Override
  public Optional<LogPage> log(
      Tenant tenant, String runId, long after, int limit, long characters) {
    LogRows rows = new LogRows(runId);
    jdbc.sql(LOG)
        .param("tenant", tenant.id())
        .param("run", runId)
        .param("after", after)
        .param("limit", limit)
        .param("characters", characters)
        .query((RowCallbackHandler) rows::add);
    return rows.page();
  }

  @Override
  public Step.Outcome commit(Step step) {
    if (step.children().isEmpty()
        && step.interrupts().isEmpty()
        && step.timedOut().isEmpty()
        && step.artifacts().isEmpty()) {
      return steps.commit(step);
    }
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              Step.Outcome outcome = steps.commit(step);
              if (outcome == Step.Outcome.COMMITTED) {
                // A step that was stored by an earlier try has stored these with it.
                if (!step.children().isEmpty() && !exists(step.children().get(0))) {
                  step.children().forEach(child -> create(child, null));
                }
                interrupts.open(step);
                interrupts.timeOut(step);
                artifacts.keep(step);
              }
              return outcome;
            }));
  }

  private boolean exists(NewRun run) {
    return one(FIND, run.tenant(), run.runId()).isPresent();
  }

  @Override
  public Optional<Run> amend(
      Tenant tenant, String runId, Function<Run, Optional<Amendment>> change) {
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              Optional<Run> found = one(LOCK, tenant, runId);
              found.ifPresent(
                  run -> change.apply(run).ifPresent(amendment -> steps.amend(run, amendment)));
              return found;
            }));
  }

  @Override
  public int losses(Run run) {
    return jdbc.sql(LOSSES)
        .param("tenant", run.tenant().id())
        .param("run", run.runId())
        .param("epoch", run.leaseEpoch())
        .query(Integer.class)
        .optional()
        .orElse(0);
  }

  @Override
  public List<ChildStanding> standings(Tenant tenant, List<String> runIds) {
    return jdbc.sql(STANDINGS)
        .param("tenant", tenant.id())
        .param("runs", SqlArrays.text(runIds))
        .query(
            (row, number) -> {
              String state = row.getString("state");
              return new ChildStanding(
                  row.getString("run_id"),
                  RunStatus.valueOf(row.getString("status")),
                  state == null ? RunState.initial(Map.of(), Map.of()) : RunState.fromJson(state),
                  RunRows.error(row.getString("error")));
            })
        .list();
  }

  @Override
  public List<String> liveChildren(Tenant tenant, String runId) {
    return jdbc.sql(LIVE_CHILDREN)
        .param("tenant", tenant.id())
        .param("run", runId)
        .query(String.class)
        .list();
  }

  @Override
  public List<Child> children(Tenant tenant, String runId, int limit) {
    return jdbc.sql(CHILDREN)
        .param("tenant", tenant.id())
        .param("run", runId)
        .param("limit", limit)
        .query(
            (row, number) ->
                new Child(row.getString("run_id"), RunStatus.valueOf(row.getString("status"))))
        .list();
  }

  @Override
  public <T> T together(Supplier<T> changes) {
    return Objects.requireNonNull(transactions.execute(status -> changes.get()));
  }

  @Override
  public void requestPause(Tenant tenant, String runId, PauseRequest request) {
    jdbc.sql(REQUEST_PAUSE)
        .param("tenant", tenant.id())
        .param("run", runId)
        .param("request", RunRows.pauseRequest(request))
        .update();
  }

  @Override
  public void lengths(List<String> runIds, LengthConsumer consumer) {
    jdbc.sql(LENGTHS)
        .param("runs", SqlArrays.text(runIds))
        .query(
            (RowCallbackHandler)
                row -> consumer.length(row.getString("run_id"), row.getLong("next_sequence")));
  }

  private Optional<Run> one(String sql, Tenant tenant, String runId) {
    return jdbc.sql(sql)
        .param("tenant", tenant.id())
        .param("run", runId)
        .query(RunRows::run)
        .optional();
  }

  private static final class LogRows {

    private final String runId;

    private final List<RunEvent> events = new ArrayList<>();

    private @Nullable RunStatus status;

    private long nextSequence;

    LogRows(String runId) {
      this.runId = runId;
    }

    void add(ResultSet row) throws SQLException {
      status = RunStatus.valueOf(row.getString("status"));
      nextSequence = row.getLong("next_sequence");
      String eventId = row.getString("event_id");
      if (eventId != null) {
        events.add(
            new RunEvent(
                runId,
                row.getLong("sequence"),
                eventId,
                EventType.valueOf(row.getString("type")),
                row.getString("node_id"),
                row.getString("causation_id"),
                row.getString("payload"),
                row.getObject("occurred_at", OffsetDateTime.class).toInstant(),
                row.getInt("schema_version"),
                row.getInt("engine_version")));
      }
    }

    Optional<LogPage> page() {
      return status == null
          ? Optional.empty()
          : Optional.of(new LogPage(status, nextSequence, List.copyOf(events)));
    }
  }
}
