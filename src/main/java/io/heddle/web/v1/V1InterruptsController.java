package io.heddle.web.v1;

import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Mutations;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import io.heddle.workflow.Fault;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Answers to what runs ask, by run and node [interrupt.md §Resolution]. */
@RestController
public final class V1InterruptsController {

  static final String RESUME_VALUE = "resumeValue";

  private final InterruptService interrupts;

  private final RunService runs;

  private final Mutations mutations;

  private final Requests requests;

  public V1InterruptsController(
      InterruptService interrupts, RunService runs, Mutations mutations, Requests requests) {
    this.interrupts = interrupts;
    this.runs = runs;
    this.mutations = mutations;
    this.requests = requests;
  }

  @PostMapping(V1RunsController.RUN + "/interrupts/{nodeId}")
  ResponseEntity<byte[]> resolve(
      HttpServletRequest request, @PathVariable String runId, @PathVariable String nodeId) {
    Principal caller = Callers.require(request, "approvals:respond");
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> body = requests.object(request);
    Given given = new Given(body.get(RESUME_VALUE), Answerer.of(caller), faults(body));
    return mutations.runAudited(
        request,
        tenant,
        "v1.resolveInterrupt",
        Map.of("runId", runId, "nodeId", nodeId),
        body,
        () -> done(runId, nodeId, interrupts.resolve(tenant, runId, nodeId, given), caller));
  }

  static List<Fault> faults(Map<String, @Nullable Object> body) {
    List<Fault> faults = new ArrayList<>();
    if (!body.containsKey(RESUME_VALUE)) {
      faults.add(new Fault("/" + RESUME_VALUE, "is required"));
    }
    if (body.keySet().stream().anyMatch(member -> !member.equals(RESUME_VALUE))) {
      faults.add(new Fault("", "must have no members but " + RESUME_VALUE));
    }
    return faults;
  }

  private Done done(String runId, String nodeId, Outcome outcome, Principal caller) {
    if (outcome instanceof Outcome.Resolved resolved) {
      return new Done(
              answer(runId, nodeId, resolved.status()),
              () -> runs.answered(runId, resolved.kind(), resolved.waited()),
              () -> {})
          .audited(V1Audit.event(caller, V1Audit.RESOLVED, runId, V1Audit.NODE, nodeId));
    }
    if (outcome instanceof Outcome.Kept kept) {
      return Done.of(answer(runId, nodeId, kept.status()))
          .audited(V1Audit.event(caller, V1Audit.ANSWERED, runId, V1Audit.NODE, nodeId));
    }
    throw refusal(outcome);
  }

  static Answer answer(String runId, String nodeId, RunStatus status) {
    return new Answer(
        200,
        Json.write(
            Json.members("runId", runId, "nodeId", nodeId, "status", V1Mapping.spell(status))));
  }

  static Problem refusal(Outcome outcome) {
    if (outcome instanceof Outcome.Unacceptable no) {
      return Problem.invalid(
          no.faults().stream()
              .map(fault -> new Problem.Place(fault.pointer(), fault.problem()))
              .toList());
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
}
