package io.heddle.web.v1;

import io.heddle.audit.AuditEvent;
import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.run.Governance;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.web.ErrorCode;
import io.heddle.web.Problem;
import io.heddle.workflow.Fault;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What answers to questions look like, and what is answered to them, whoever gives them. */
final class V1InterruptAnswers {

  private static final String RESUME_VALUE = "resumeValue";

  private final RunService runs;

  V1InterruptAnswers(RunService runs) {
    this.runs = runs;
  }

  static Given given(Map<String, @Nullable Object> body, Answerer by) {
    return new Given(body.get(RESUME_VALUE), by, faults(body));
  }

  private static List<Fault> faults(Map<String, @Nullable Object> body) {
    List<Fault> faults = new ArrayList<>();
    if (!body.containsKey(RESUME_VALUE)) {
      faults.add(new Fault("/" + RESUME_VALUE, "is required"));
    }
    if (body.keySet().stream().anyMatch(member -> !member.equals(RESUME_VALUE))) {
      faults.add(new Fault("", "must have no members but " + RESUME_VALUE));
    }
    return faults;
  }

  /**
   * What an answer came to.
   *
   * @param audit the entry of the audit log for an action
   * @throws Problem if it was not taken
   */
  Done done(String runId, String nodeId, Outcome outcome, Function<String, AuditEvent> audit) {
    if (outcome instanceof Outcome.Overridden overridden) {
      Done done = done(runId, nodeId, overridden.then(), audit);
      List<AuditEvent> audited = new ArrayList<>(done.audited());
      audited.add(told(overridden, audit.apply(V1Audit.OVERRIDDEN)));
      return done.audited(audited);
    }
    if (outcome instanceof Outcome.Resolved resolved) {
      return new Done(
              answer(runId, nodeId, resolved.status()),
              () -> runs.answered(runId, resolved.kind(), resolved.waited()),
              () -> {})
          .audited(audit.apply(V1Audit.RESOLVED));
    }
    if (outcome instanceof Outcome.Kept kept) {
      return new Done(answer(runId, nodeId, kept.status()), () -> runs.changed(runId), () -> {})
          .audited(audit.apply(V1Audit.ANSWERED));
    }
    throw refusal(outcome);
  }

  private static AuditEvent told(Outcome.Overridden overridden, AuditEvent event) {
    Map<String, @Nullable Object> details = new LinkedHashMap<>(event.details());
    details.put(Governance.GATE, overridden.gateId());
    details.put(Governance.REASON, overridden.reason());
    return new AuditEvent(event.tenant(), event.action(), event.actor(), event.target(), details);
  }

  private static Answer answer(String runId, String nodeId, RunStatus status) {
    return new Answer(
        200,
        Json.write(
            Json.members("runId", runId, "nodeId", nodeId, "status", V1Mapping.spell(status))));
  }

  /** What the caller is told of an outcome that is no answer. */
  static Problem refusal(Outcome outcome) {
    if (outcome instanceof Outcome.Unacceptable no) {
      return Problem.invalid(places(no.faults()));
    }
    if (outcome instanceof Outcome.Malformed no) {
      return Problem.invalid(ErrorCode.INVALID_RESUME_VALUE, places(no.faults()));
    }
    if (outcome instanceof Outcome.Unrelated) {
      return new Problem(ErrorCode.CORRELATION_MISMATCH, "The run does not wait for this event");
    }
    if (outcome instanceof Outcome.NoSuchRun) {
      return Problem.notFound("run");
    }
    if (outcome instanceof Outcome.NoSuchQuestion) {
      return new Problem(ErrorCode.INTERRUPT_NOT_FOUND, "The run asks nothing at this node");
    }
    if (outcome instanceof Outcome.NotAnApprover) {
      return new Problem(ErrorCode.FORBIDDEN, "The caller is not one of those who decide this");
    }
    if (outcome instanceof Outcome.Gone) {
      return new Problem(ErrorCode.INTERRUPT_GONE, "The run was cancelled before it was answered");
    }
    if (outcome instanceof Outcome.Expired) {
      return new Problem(ErrorCode.INTERRUPT_EXPIRED, "The time for an answer is over");
    }
    return new Problem(ErrorCode.INTERRUPT_ALREADY_RESOLVED, "The run was answered already");
  }

  static List<Problem.Place> places(List<Fault> faults) {
    return faults.stream()
        .map(fault -> new Problem.Place(fault.pointer(), fault.problem()))
        .toList();
  }
}
