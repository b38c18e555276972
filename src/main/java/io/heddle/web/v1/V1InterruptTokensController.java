package io.heddle.web.v1;

import io.heddle.audit.AuditEvent;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.Interrupt;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Inspection;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.interrupt.InterruptTokens.Claims;
import io.heddle.interrupt.InterruptTokens.Intent;
import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.InterruptEvents;
import io.heddle.run.RunService;
import io.heddle.tenancy.Tenant;
import io.heddle.web.ErrorCode;
import io.heddle.web.Mutations;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Questions by token [interrupt.md §Signed resolution tokens]. The token is the only credential;
 * whatever is not genuine is answered like a question that never was.
 */
@RestController
public final class V1InterruptTokensController {

  private final InterruptTokens tokens;

  private final InterruptService interrupts;

  private final V1InterruptAnswers answers;

  private final Mutations mutations;

  private final Requests requests;

  public V1InterruptTokensController(
      InterruptTokens tokens,
      InterruptService interrupts,
      RunService runs,
      Mutations mutations,
      Requests requests) {
    this.tokens = tokens;
    this.interrupts = interrupts;
    this.answers = new V1InterruptAnswers(runs);
    this.mutations = mutations;
    this.requests = requests;
  }

  @GetMapping("/v1/interrupts/{token}")
  ResponseEntity<byte[]> inspect(@PathVariable String token) {
    Claims claims = genuine(token);
    Inspection inspection = interrupts.inspect(tenant(claims), claims);
    if (inspection instanceof Inspection.Closed closed) {
      throw V1InterruptAnswers.refusal(asTold(closed.outcome()));
    }
    return ResponseEntity.ok()
        .cacheControl(CacheControl.noStore())
        .contentType(MediaType.APPLICATION_JSON)
        .body(Json.bytes(document(((Inspection.Open) inspection).question())));
  }

  @PostMapping("/v1/interrupts/{token}")
  ResponseEntity<byte[]> resolve(HttpServletRequest request, @PathVariable String token) {
    Claims claims = genuine(token);
    Tenant tenant = tenant(claims);
    if (claims.intent() != Intent.RESOLVE) {
      throw new Problem(ErrorCode.FORBIDDEN, "The token permits to see the question only");
    }
    Map<String, @Nullable Object> body = requests.object(request);
    Given given = V1InterruptAnswers.given(body, Answerer.of("interrupt-token"));
    return mutations.runAudited(
        request,
        tenant,
        "v1.resolveInterruptByToken",
        Map.of("interruptId", claims.interruptId()),
        body,
        () ->
            answers.done(
                claims.runId(),
                claims.nodeId(),
                asTold(interrupts.resolve(tenant, claims, given)),
                action -> audited(tenant, action, given, claims)));
  }

  private static AuditEvent audited(Tenant tenant, String action, Given given, Claims claims) {
    return new AuditEvent(
        tenant,
        action,
        given.by().id(),
        claims.runId(),
        Json.members(V1Audit.NODE, claims.nodeId(), "interruptId", claims.interruptId()));
  }

  private Claims genuine(String token) {
    return tokens.verify(token).orElseThrow(V1InterruptTokensController::unknown);
  }

  private Tenant tenant(Claims claims) {
    return interrupts.tenantOf(claims).orElseThrow(V1InterruptTokensController::unknown);
  }

  /** To the bearer of a token it is all one why its run does not wait any more. */
  private static Outcome asTold(Outcome outcome) {
    return outcome instanceof Outcome.Gone ? new Outcome.AlreadyResolved() : outcome;
  }

  private static Problem unknown() {
    return new Problem(ErrorCode.INTERRUPT_NOT_FOUND, "There is no such question");
  }

  /** A question in the closed shape of the protocol. */
  static Map<String, @Nullable Object> document(Interrupt question) {
    Map<String, @Nullable Object> document =
        Json.members(
            "kind",
            InterruptEvents.spelled(question.kind()),
            "key",
            question.key(),
            "data",
            Tokens.redactedMembers(question.shown()));
    if (question.resumeSchema() != null) {
      document.put("resumeSchema", Tokens.redactedMembers(question.resumeSchema()));
    }
    if (question.timeoutMs() != null) {
      document.put("timeoutMs", question.timeoutMs());
    }
    return document;
  }
}
