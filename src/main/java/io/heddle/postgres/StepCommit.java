package io.heddle.postgres;

import io.heddle.redaction.Tokens;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.Amendment;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import java.sql.Types;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Everything that appends to a log: one statement updates the run's row, which locks it, takes the
 * sequences from it, inserts the events and queues them for whoever subscribed to them. A statement
 * alone is its own transaction.
 */
final class StepCommit {

  // clock_timestamp() is read under the row's lock, so the times of a log never run backwards.
  private static final String APPEND =
      """
      with target as (
        update openwop.run set
          status = :status,
          state = :state::json,
          error = coalesce(:error::json, error),
          next_sequence = next_sequence + :count,
          lease_owner = case when :keepLease then lease_owner end,
          lease_epoch = lease_epoch + :raise,
          signals = signals + :signal,
          wake_at = case when :keepLease and lease_owner is not null then null
            when :wakeNow then clock_timestamp() when :wakeAsBefore then wake_at else :wakeAt end,
          pause_request = case when :settlesPause then null else pause_request end,
          timed_from = case when status = 'PAUSED' and :status <> 'PAUSED'
            then coalesce(timed_from, started_at) + (clock_timestamp() - paused_at) else timed_from end,
          paused_at = case when :status = 'PAUSED' then coalesce(paused_at, clock_timestamp()) end,
          started_at = coalesce(started_at, case when :starts then clock_timestamp() end),
          ended_at = case when :terminal then clock_timestamp() end
        where tenant_id = :tenant and run_id = :run
          and lease_epoch = :epoch and next_sequence = :first and signals = :signals
          and status not in ('COMPLETED', 'FAILED', 'CANCELLED')
        returning tenant_id, run_id, next_sequence - :count as first_sequence, engine_version,
          parent_run_id, tags, replay_mode, callback_url, owner_principal, clock_timestamp() as at
      ), told as (
        update openwop.run parent set
          signals = parent.signals + 1,
          wake_at = case
            when parent.lease_owner is null
              and parent.status in ('RUNNING', 'WAITING_APPROVAL', 'WAITING_INPUT', 'WAITING_EXTERNAL')
            then clock_timestamp() else parent.wake_at end
        from target t
        where :tellsParent and parent.run_id = t.parent_run_id and parent.tenant_id = t.tenant_id
          and parent.status not in ('COMPLETED', 'FAILED', 'CANCELLED')
      ), invalidated as (
        update openwop.interrupt set state = 'INVALIDATED', closed_at = t.at
        from target t
        where :terminal and interrupt.run_id = t.run_id and interrupt.tenant_id = t.tenant_id
          and interrupt.state = 'PENDING'
      ), appended as (
        insert into openwop.event (
          run_id, sequence, tenant_id, event_id, type, node_id, causation_id, payload,
          occurred_at, schema_version, engine_version)
        select t.run_id, t.first_sequence + e.ordinal - 1, t.tenant_id,
          e.event_id, e.type, e.node_id, e.causation_id, e.payload::json, t.at, 1, t.engine_version
        from target t,
          unnest(:ids::text[], :types::text[], :nodes::text[], :causes::text[], :payloads::text[])
            with ordinality as e(event_id, type, node_id, causation_id, payload, ordinal)
        returning sequence, type
      ), queued as (
        %s
      ), %s
      select (select count(*) from target) as written,
        (select count(*) from queued) + (select count(*) from called) as queued
      """
          .formatted(DeliverySql.QUEUE, DeliverySql.CALL);

  private record Written(int rows, long queued) {}

  private static final String IS_SIGNALLED =
      """
      select count(*) from openwop.run
      where tenant_id = :tenant and run_id = :run
        and lease_epoch = :epoch and signals <> :signals
        and status not in ('COMPLETED', 'FAILED', 'CANCELLED')
      """;

  private static final String WAS_APPENDED =
      """
      select count(*) from openwop.event
      where tenant_id = :tenant and run_id = :run and sequence = :first and event_id = :event
      """;

  private final JdbcClient jdbc;

  private final Runnable queued;

  /**
   * @param queued is told after a commit that queued deliveries
   */
  StepCommit(JdbcClient jdbc, Runnable queued) {
    this.jdbc = jdbc;
    this.queued = queued;
  }

  Step.Outcome commit(Step step) {
    boolean keepLease = step.wakeup() instanceof Wakeup.KeepLease;
    int written =
        append(
            step.tenant().id(),
            step.runId(),
            step.leaseEpoch(),
            step.firstSequence(),
            step.signals(),
            step.events(),
            step.status(),
            step.state().toJson(),
            RunRows.error(step.error()),
            step.wakeup(),
            step.status() == RunStatus.PAUSED || step.status().isTerminal(),
            keepLease,
            step.status().isTerminal() || step.tellsParent(),
            0,
            0);
    // Looked for first: after this step was stored, others may have left signals or appended.
    if (written == 1 || wasAppended(step)) {
      return Step.Outcome.COMMITTED;
    }
    return isSignalled(step) ? Step.Outcome.SIGNALLED : Step.Outcome.FENCED;
  }

  /** Appends to a run whose row the caller's transaction has locked. */
  void amend(Run run, Amendment amendment) {
    int written =
        append(
            run.tenant().id(),
            run.runId(),
            run.leaseEpoch(),
            run.nextSequence(),
            run.signals(),
            amendment.events(),
            amendment.status(),
            amendment.state().toJson(),
            null,
            amendment.wakeup(),
            !amendment.keepsWorker(),
            amendment.keepsWorker(),
            amendment.status().isTerminal() || amendment.status() != run.status(),
            amendment.keepsWorker() ? 0 : 1,
            amendment.keepsWorker() ? 1 : 0);
    if (written != 1) {
      throw new IllegalStateException("A locked run changed under its lock");
    }
  }

  private int append(
      String tenant,
      String runId,
      long epoch,
      long first,
      long signals,
      List<NewEvent> events,
      RunStatus status,
      String state,
      @Nullable String error,
      Wakeup wakeup,
      boolean settlesPause,
      boolean keepLease,
      boolean tellsParent,
      int raise,
      int signal) {
    Written written =
        jdbc.sql(APPEND)
            .param("tenant", tenant)
            .param("run", runId)
            .param("epoch", epoch)
            .param("first", first)
            .param("count", events.size())
            .param("status", status.name())
            .param("state", state)
            .param("error", error, Types.VARCHAR)
            .param(
                "wakeAt",
                wakeup instanceof Wakeup.At at ? at.instant().atOffset(ZoneOffset.UTC) : null,
                Types.TIMESTAMP_WITH_TIMEZONE)
            .param("wakeNow", wakeup instanceof Wakeup.Now)
            .param("wakeAsBefore", wakeup instanceof Wakeup.AsBefore)
            .param("settlesPause", settlesPause)
            .param("signals", signals)
            .param("keepLease", keepLease)
            .param("tellsParent", tellsParent)
            .param("raise", raise)
            .param("signal", signal)
            .param("starts", status != RunStatus.PENDING && status != RunStatus.CANCELLED)
            .param("terminal", status.isTerminal())
            .param("ids", SqlArrays.text(events.stream().map(NewEvent::eventId).toList()))
            .param(
                "types", SqlArrays.text(events.stream().map(event -> event.type().name()).toList()))
            .param("nodes", SqlArrays.text(events.stream().map(NewEvent::nodeId).toList()))
            .param("causes", SqlArrays.text(events.stream().map(NewEvent::causationId).toList()))
            .param("payloads", SqlArrays.text(events.stream().map(StepCommit::payload).toList()))
            .query((row, number) -> new Written(row.getInt("written"), row.getLong("queued")))
            .single();
    if (written.queued() > 0) {
      tellAfterCommit();
    }
    return written.rows();
  }

  private void tellAfterCommit() {
    if (TransactionSynchronizationManager.isSynchronizationActive()) {
      TransactionSynchronizationManager.registerSynchronization(
          new TransactionSynchronization() {

            @Override
            public void afterCommit() {
              queued.run();
            }
          });
    } else {
      queued.run();
    }
  }

  // Here, for nothing reaches a log but through this statement.
  private static String payload(NewEvent event) {
    return Tokens.redactedJson(event.payload());
  }

  private boolean isSignalled(Step step) {
    return jdbc.sql(IS_SIGNALLED)
            .param("tenant", step.tenant().id())
            .param("run", step.runId())
            .param("epoch", step.leaseEpoch())
            .param("signals", step.signals())
            .query(Integer.class)
            .single()
        == 1;
  }

  // The answer to an earlier try may have been lost after it was committed.
  private boolean wasAppended(Step step) {
    return !step.events().isEmpty()
        && jdbc.sql(WAS_APPENDED)
                .param("tenant", step.tenant().id())
                .param("run", step.runId())
                .param("first", step.firstSequence())
                .param("event", step.events().get(0).eventId())
                .query(Integer.class)
                .single()
            == 1;
  }
}
