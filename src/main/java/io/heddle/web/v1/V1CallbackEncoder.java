package io.heddle.web.v1;

import io.heddle.interrupt.Interrupt;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptStore;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.interrupt.InterruptTokens.Intent;
import io.heddle.json.Json;
import io.heddle.run.InterruptEvents;
import io.heddle.run.RunEvent;
import io.heddle.tenancy.Tenant;
import io.heddle.webhook.CallbackEncoder;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the callback address of a run is told of a question: how to answer it, and nothing of what
 * it asks [rest-endpoints §Runs].
 */
public final class V1CallbackEncoder implements CallbackEncoder {

  private final InterruptStore interrupts;

  private final InterruptTokens tokens;

  private final String publicUrl;

  /**
   * @param publicUrl what precedes the paths of this host for whoever is told, without a slash at
   *     its end; empty to tell paths
   */
  public V1CallbackEncoder(InterruptStore interrupts, InterruptTokens tokens, String publicUrl) {
    this.interrupts = interrupts;
    this.tokens = tokens;
    this.publicUrl = publicUrl;
  }

  @Override
  public Optional<byte[]> encode(Tenant tenant, RunEvent asked) {
    Object interruptId = Json.storedObject(asked.payload()).get("interruptId");
    return interrupts
        .newest(tenant, asked.runId(), Objects.requireNonNull(asked.nodeId()))
        .filter(question -> question.interruptId().equals(interruptId))
        .filter(question -> question.state() == Interrupt.State.PENDING && !question.isOverdue())
        .map(this::document)
        .map(Json::bytes);
  }

  private Map<String, @Nullable Object> document(Interrupt question) {
    Map<String, @Nullable Object> document =
        Json.members(
            "runId",
            question.runId(),
            "nodeId",
            question.nodeId(),
            "interruptId",
            question.interruptId(),
            "kind",
            InterruptEvents.spelled(question.kind()));
    if (!InterruptService.isForCallersOnly(question)) {
      String token = tokens.mint(question, Intent.RESOLVE);
      document.put("callbackUrl", publicUrl + "/v1/interrupts/" + token);
      document.put("expiresAt", V1Documents.time(InterruptTokens.expiry(question)));
    }
    return document;
  }
}
