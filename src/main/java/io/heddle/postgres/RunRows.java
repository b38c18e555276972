package io.heddle.postgres;

import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.NewRun;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunStatus;
import io.heddle.run.TraceContext;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient.StatementSpec;

/** The columns of a run, how a row of them is read, and what every insert of one is given. */
final class RunRows {

  static final String COLUMNS =
      """
      run.run_id, run.tenant_id, run.owner_principal, run.owner_issuer, run.owner_lane, run.owner_kind,
      run.workflow_scope, run.workflow_id, run.workflow_revision, run.status, run.lease_epoch,
      run.next_sequence, run.signals, run.pause_request, run.state, run.inputs, run.configurable, run.tags, run.metadata, run.error,
      run.engine_version, run.event_log_schema_version, run.created_at, run.started_at, run.ended_at,
      run.paused_at, coalesce(run.timed_from, run.started_at) as timed_from, run.parent_run_id, run.parent_node_id, run.depth, run.trace_parent, run.trace_state,
      run.source_run_id, run.fork_from_sequence, run.fork_source_length, run.replay_mode\
      """;

  // What a run stands for whose row was written before the column existed.
  private static final int LEGACY_EVENT_LOG = 2;

  private RunRows() {}

  static Run run(ResultSet row, int number) throws SQLException {
    int eventLog = row.getInt("event_log_schema_version");
    return new Run(
        new Tenant(row.getString("tenant_id")),
        row.getString("run_id"),
        new Run.Owner(
            row.getString("owner_principal"),
            row.getString("owner_issuer"),
            row.getString("owner_lane"),
            row.getString("owner_kind")),
        new Run.WorkflowRef(
            row.getString("workflow_scope"),
            row.getString("workflow_id"),
            row.getInt("workflow_revision")),
        RunStatus.valueOf(row.getString("status")),
        row.getLong("lease_epoch"),
        row.getLong("next_sequence"),
        row.getLong("signals"),
        pauseRequest(row.getString("pause_request")),
        RunState.fromJson(row.getString("state")),
        Json.parseObject(row.getString("inputs")),
        Json.parseObject(row.getString("configurable")),
        tags(row.getString("tags")),
        object(row.getString("metadata")),
        error(row.getString("error")),
        row.getInt("engine_version"),
        eventLog == 0 ? LEGACY_EVENT_LOG : eventLog,
        Objects.requireNonNull(instant(row, "created_at")),
        instant(row, "started_at"),
        instant(row, "ended_at"),
        instant(row, "paused_at"),
        instant(row, "timed_from"),
        parent(row),
        row.getInt("depth"),
        trace(row),
        fork(row));
  }

  /**
   * What any new run is inserted with, however it came about. What may be null has a type: the
   * driver prepares a statement again whenever the types of its parameters change.
   */
  static StatementSpec bind(StatementSpec insert, NewRun run, @Nullable String leaseOwner) {
    return insert
        .param("run", run.runId())
        .param("tenant", run.tenant().id())
        .param("principal", run.owner().principal())
        .param("issuer", run.owner().issuer())
        .param("lane", run.owner().lane())
        .param("kind", run.owner().kind())
        .param("scope", run.workflow().scope())
        .param("workflow", run.workflow().workflowId())
        .param("revision", run.workflow().revision())
        .param("owner", leaseOwner, Types.VARCHAR)
        .param("state", run.state().toJson())
        .param("inputs", Json.write(run.inputs()))
        .param("configurable", Json.write(run.configurable()))
        .param("tags", run.tags() == null ? null : Json.write(run.tags()), Types.VARCHAR)
        .param(
            "metadata", run.metadata() == null ? null : Json.write(run.metadata()), Types.VARCHAR)
        .param("depth", run.depth())
        .param("trace", run.trace() == null ? null : run.trace().traceparent(), Types.VARCHAR)
        .param("traceState", run.trace() == null ? null : run.trace().traceState(), Types.VARCHAR);
  }

  static @Nullable String error(@Nullable RunError error) {
    return error == null
        ? null
        : Tokens.redactedJson(
            Json.write(Json.members("code", error.code(), "message", error.message())));
  }

  static @Nullable RunError error(@Nullable String json) {
    if (json == null) {
      return null;
    }
    Map<String, @Nullable Object> error = Json.parseObject(json);
    return new RunError(
        (String) Objects.requireNonNull(error.get("code")),
        (String) Objects.requireNonNull(error.get("message")));
  }

  static String pauseRequest(PauseRequest request) {
    return Json.write(Json.members("policy", request.policy().name(), "reason", request.reason()));
  }

  private static @Nullable PauseRequest pauseRequest(@Nullable String json) {
    if (json == null) {
      return null;
    }
    Map<String, @Nullable Object> request = Json.parseObject(json);
    return new PauseRequest(
        DrainPolicy.valueOf((String) Objects.requireNonNull(request.get("policy"))),
        (String) request.get("reason"));
  }

  private static Run.@Nullable Parent parent(ResultSet row) throws SQLException {
    String runId = row.getString("parent_run_id");
    return runId == null ? null : new Run.Parent(runId, row.getString("parent_node_id"));
  }

  private static Run.@Nullable Fork fork(ResultSet row) throws SQLException {
    String source = row.getString("source_run_id");
    return source == null
        ? null
        : new Run.Fork(
            source,
            row.getLong("fork_from_sequence"),
            row.getLong("fork_source_length"),
            Run.Fork.Mode.valueOf(row.getString("replay_mode")));
  }

  static @Nullable TraceContext trace(ResultSet row) throws SQLException {
    String traceparent = row.getString("trace_parent");
    return traceparent == null ? null : new TraceContext(traceparent, row.getString("trace_state"));
  }

  @SuppressWarnings("unchecked")
  static @Nullable List<String> tags(@Nullable String json) {
    return json == null ? null : (List<String>) Json.parse(json);
  }

  private static @Nullable Map<String, @Nullable Object> object(@Nullable String json) {
    return json == null ? null : Json.parseObject(json);
  }

  static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }
}
