package io.heddle.web.v1;

import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.run.RunService;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Mutations;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Answers to what runs ask, by run and node [interrupt.md §Resolution]. */
@RestController
public final class V1InterruptsController {

  private static final String SCOPE = "approvals:respond";

  private final InterruptService interrupts;

  private final V1InterruptAnswers answers;

  private final Mutations mutations;

  private final Requests requests;

  public V1InterruptsController(
      InterruptService interrupts, RunService runs, Mutations mutations, Requests requests) {
    this.interrupts = interrupts;
    this.answers = new V1InterruptAnswers(runs);
    this.mutations = mutations;
    this.requests = requests;
  }

  @PostMapping(V1RunsController.RUN + "/interrupts/{nodeId}")
  ResponseEntity<byte[]> resolve(
      HttpServletRequest request, @PathVariable String runId, @PathVariable String nodeId) {
    Principal caller = Callers.require(request, SCOPE);
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> body = requests.object(request);
    Given given = V1InterruptAnswers.given(body, Answerer.of(caller));
    return mutations.runAudited(
        request,
        tenant,
        "v1.resolveInterrupt",
        Map.of("runId", runId, "nodeId", nodeId),
        body,
        () ->
            answers.done(
                runId,
                nodeId,
                permitted(request, nodeId, interrupts.resolve(tenant, runId, nodeId, given)),
                action -> V1Audit.event(caller, action, runId, V1Audit.NODE, nodeId)));
  }

  /** The outcome, unless it is that others have to decide. */
  private static Outcome permitted(HttpServletRequest request, String nodeId, Outcome outcome) {
    if (outcome instanceof Outcome.Denied denied) {
      throw Callers.denied(
          request,
          SCOPE,
          nodeId,
          "The caller does not have what the gate requires",
          denied.reason());
    }
    if (outcome instanceof Outcome.NotAnApprover) {
      throw Callers.denied(
          request,
          SCOPE,
          nodeId,
          "The caller is not one of those who decide this",
          "The principal is not one of those who decide this");
    }
    return outcome;
  }
}
