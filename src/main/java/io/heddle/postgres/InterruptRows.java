package io.heddle.postgres;

import io.heddle.json.Json;
import io.heddle.run.NewInterrupt;
import io.heddle.run.Step;
import java.time.ZoneOffset;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What a worker's step changes of the questions of its run. Joins the step's transaction. */
final class InterruptRows {

  // Nothing if the step was stored by an earlier try.
  private static final String OPEN =
      """
      insert into openwop.interrupt (
        interrupt_id, tenant_id, run_id, node_id, ordinal, kind, key, data, shown,
        resume_schema, timeout_ms, requested_at, deadline, state, closed_at)
      select :id, :tenant, :run, :node, :ordinal, :kind, :key, :data::json, :shown::json, :schema::json,
        :timeout, :requestedAt, :deadline,
        case when :ended then 'INVALIDATED' else 'PENDING' end,
        case when :ended then clock_timestamp() end
      on conflict (interrupt_id) do nothing
      """;

  private static final String TIME_OUT =
      """
      update openwop.interrupt set state = 'TIMED_OUT', closed_at = clock_timestamp()
      where tenant_id = :tenant and interrupt_id = any(:ids) and state <> 'TIMED_OUT'
      """;

  private final JdbcClient jdbc;

  InterruptRows(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  void open(Step step) {
    for (NewInterrupt interrupt : step.interrupts()) {
      jdbc.sql(OPEN)
          .param("id", interrupt.interruptId())
          .param("tenant", step.tenant().id())
          .param("run", step.runId())
          .param("node", interrupt.nodeId())
          .param("ordinal", interrupt.ordinal())
          .param("kind", interrupt.kind().name())
          .param("key", interrupt.key())
          .param("data", Json.write(interrupt.data()))
          .param(
              "shown",
              interrupt.shown().equals(interrupt.data()) ? null : Json.write(interrupt.shown()))
          .param("schema", json(interrupt.resumeSchema()))
          .param("timeout", interrupt.timeoutMs())
          .param("requestedAt", interrupt.requestedAt().atOffset(ZoneOffset.UTC))
          .param(
              "deadline",
              interrupt.deadline() == null ? null : interrupt.deadline().atOffset(ZoneOffset.UTC),
              java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
          .param("ended", step.status().isTerminal())
          .update();
    }
  }

  void timeOut(Step step) {
    if (!step.timedOut().isEmpty()) {
      jdbc.sql(TIME_OUT)
          .param("tenant", step.tenant().id())
          .param("ids", SqlArrays.text(step.timedOut()))
          .update();
    }
  }

  private static @Nullable String json(@Nullable Map<String, @Nullable Object> value) {
    return value == null ? null : Json.write(value);
  }
}
