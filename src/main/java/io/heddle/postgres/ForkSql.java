package io.heddle.postgres;

import io.heddle.run.ForkStore;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Forks of runs. */
public final class ForkSql implements ForkStore {

  // What deletes expired runs waits for this lock, and finds the fork afterwards.
  private static final String KEEP =
      """
      select %s from openwop.run where tenant_id = :tenant and run_id = :run for key share
      """
          .formatted(RunRows.COLUMNS);

  // A revision that is no longer the newest will do: the source executes it, too.
  private static final String INSERT =
      """
      insert into openwop.run (
        run_id, tenant_id, owner_principal, owner_issuer, owner_lane, owner_kind,
        workflow_scope, workflow_id, workflow_revision, status, started_at,
        wake_at, lease_owner, lease_epoch, next_sequence,
        state, inputs, configurable, tags, metadata, depth, trace_parent, trace_state,
        source_run_id, fork_from_sequence, fork_source_length, replay_mode, engine_version, event_log_schema_version)
      values (
        :run, :tenant, :principal, :issuer, :lane, :kind,
        :scope, :workflow, :revision,
        case when :from = 0 then 'PENDING' else 'RUNNING' end, case when :from > 0 then now() end,
        case when :owner::text is null then now() end, :owner, case when :owner::text is null then 0 else 1 end, :from,
        :state::json, :inputs::json, :configurable::json, :tags::json, :metadata::json, :depth, :trace, :traceState,
        :source, :from, :length, :mode, :engineVersion, :eventLogSchemaVersion)
      """;

  // Ids are those of one log; what an event is the consequence of is in the same log.
  private static final String COPY_EVENTS =
      """
      with fresh as (
        select event.*, id.event_id as fresh_id
        from openwop.event
        join unnest(:ids::text[]) with ordinality as id(event_id, ordinal) on id.ordinal = event.sequence + 1
        where event.tenant_id = :tenant and event.run_id = :source and event.sequence < :from
      )
      insert into openwop.event (
        run_id, sequence, tenant_id, event_id, type, node_id, causation_id, payload,
        occurred_at, schema_version, engine_version)
      select :run, e.sequence, e.tenant_id, e.fresh_id, e.type, e.node_id, cause.fresh_id, e.payload,
        e.occurred_at, e.schema_version, e.engine_version
      from fresh e left join fresh cause on cause.event_id = e.causation_id
      """;

  private static final String COPY_ARTIFACTS =
      """
      insert into openwop.artifact (
        run_id, artifact_id, tenant_id, node_id, type, media_type, content, bytes, created_at)
      select :run, artifact_id, tenant_id, node_id, type, media_type, content, bytes, created_at
      from openwop.artifact
      where tenant_id = :tenant and run_id = :source and artifact_id = any(:artifacts)
      """;

  private final JdbcClient jdbc;

  private final int engineVersion;

  private final int eventLogSchemaVersion;

  public ForkSql(JdbcClient jdbc, int engineVersion, int eventLogSchemaVersion) {
    this.jdbc = jdbc;
    this.engineVersion = engineVersion;
    this.eventLogSchemaVersion = eventLogSchemaVersion;
  }

  @Override
  public Optional<Run> keep(Tenant tenant, String runId) {
    return jdbc.sql(KEEP)
        .param("tenant", tenant.id())
        .param("run", runId)
        .query(RunRows::run)
        .optional();
  }

  @Override
  public void insert(
      NewRun run,
      Run.Fork fork,
      List<String> eventIds,
      List<String> artifacts,
      @Nullable String leaseOwner) {
    RunRows.bind(jdbc.sql(INSERT), run, leaseOwner)
        .param("from", fork.fromSequence())
        .param("source", fork.sourceRunId())
        .param("length", fork.sourceLength())
        .param("mode", fork.mode().name())
        .param("engineVersion", engineVersion)
        .param("eventLogSchemaVersion", eventLogSchemaVersion)
        .update();
    if (fork.fromSequence() > 0) {
      copyEvents(run, fork, eventIds);
    }
    if (!artifacts.isEmpty()) {
      jdbc.sql(COPY_ARTIFACTS)
          .param("run", run.runId())
          .param("tenant", run.tenant().id())
          .param("source", fork.sourceRunId())
          .param("artifacts", SqlArrays.text(artifacts))
          .update();
    }
  }

  private void copyEvents(NewRun run, Run.Fork fork, List<String> eventIds) {
    int copied =
        jdbc.sql(COPY_EVENTS)
            .param("run", run.runId())
            .param("tenant", run.tenant().id())
            .param("source", fork.sourceRunId())
            .param("from", fork.fromSequence())
            .param("ids", SqlArrays.text(eventIds))
            .update();
    if (copied != fork.fromSequence()) {
      throw new IllegalStateException("A log has a gap before " + fork.fromSequence());
    }
  }
}
