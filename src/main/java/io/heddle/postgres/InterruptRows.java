package io.heddle.postgres;

import io.heddle.json.Json;
import io.heddle.run.NewInterrupt;
import io.heddle.run.Step;
import java.util.List;
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
      select q.id, :tenant, :run, q.node, q.ordinal, q.kind, q.key, q.data::json, q.shown::json, q.schema::json,
        q.timeout, q.requested_at, q.deadline,
        case when :ended then 'INVALIDATED' else 'PENDING' end,
        case when :ended then clock_timestamp() end
      from unnest(
        :ids::text[], :nodes::text[], :ordinals::int[], :kinds::text[], :keys::text[], :data::text[],
        :shown::text[], :schemas::text[], :timeouts::bigint[], :requestedAt::timestamptz[],
        :deadlines::timestamptz[])
        as q(id, node, ordinal, kind, key, data, shown, schema, timeout, requested_at, deadline)
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
    List<NewInterrupt> questions = step.interrupts();
    if (questions.isEmpty()) {
      return;
    }
    jdbc.sql(OPEN)
        .param("tenant", step.tenant().id())
        .param("run", step.runId())
        .param("ids", SqlArrays.text(questions.stream().map(NewInterrupt::interruptId).toList()))
        .param("nodes", SqlArrays.text(questions.stream().map(NewInterrupt::nodeId).toList()))
        .param(
            "ordinals", SqlArrays.of("int", questions.stream().map(NewInterrupt::ordinal).toList()))
        .param(
            "kinds",
            SqlArrays.text(questions.stream().map(question -> question.kind().name()).toList()))
        .param("keys", SqlArrays.text(questions.stream().map(NewInterrupt::key).toList()))
        .param(
            "data",
            SqlArrays.text(
                questions.stream().map(question -> Json.write(question.data())).toList()))
        .param("shown", SqlArrays.text(questions.stream().map(InterruptRows::shown).toList()))
        .param("schemas", SqlArrays.text(questions.stream().map(InterruptRows::schema).toList()))
        .param(
            "timeouts",
            SqlArrays.of("bigint", questions.stream().map(NewInterrupt::timeoutMs).toList()))
        .param(
            "requestedAt",
            SqlArrays.text(
                questions.stream().map(question -> question.requestedAt().toString()).toList()))
        .param(
            "deadlines", SqlArrays.text(questions.stream().map(InterruptRows::deadline).toList()))
        .param("ended", step.status().isTerminal())
        .update();
  }

  void timeOut(Step step) {
    if (!step.timedOut().isEmpty()) {
      jdbc.sql(TIME_OUT)
          .param("tenant", step.tenant().id())
          .param("ids", SqlArrays.text(step.timedOut()))
          .update();
    }
  }

  private static @Nullable String shown(NewInterrupt question) {
    return question.shown().equals(question.data()) ? null : Json.write(question.shown());
  }

  private static @Nullable String schema(NewInterrupt question) {
    return question.resumeSchema() == null ? null : Json.write(question.resumeSchema());
  }

  private static @Nullable String deadline(NewInterrupt question) {
    return question.deadline() == null ? null : question.deadline().toString();
  }
}
