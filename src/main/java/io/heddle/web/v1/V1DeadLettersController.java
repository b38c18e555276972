package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.run.Ids;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Parameters;
import io.heddle.web.Problem;
import io.heddle.webhook.DeadLetters;
import io.heddle.webhook.DeadLetters.Letter;
import io.heddle.webhook.DeadLetters.Page;
import io.heddle.webhook.DeadLetters.Position;
import io.heddle.webhook.OutboxSignal;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Deliveries that were given up: an extension of this host. */
@RestController
public final class V1DeadLettersController {

  private static final String LETTERS = "/v1/host/heddle/webhooks/dead-letters";

  private static final String LETTER = LETTERS + "/{messageId}";

  private static final int DEFAULT_LIMIT = 50;

  private static final int MAX_LIMIT = 200;

  private final DeadLetters letters;

  private final OutboxSignal signal;

  public V1DeadLettersController(DeadLetters letters, OutboxSignal signal) {
    this.letters = letters;
    this.signal = signal;
  }

  @GetMapping(LETTERS)
  ResponseEntity<byte[]> list(HttpServletRequest request) {
    Tenant tenant = tenant(request);
    String webhookId = Parameters.text(request, "webhookId");
    Position after =
        V1Cursor.read(Parameters.text(request, "cursor"))
            .map(cursor -> new Position(cursor.time(), cursor.id()))
            .orElse(null);
    int limit = Parameters.integer(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    Page page = letters.page(tenant, webhookId, after, limit);
    Map<String, @Nullable Object> document =
        Json.members(
            "deadLetters", page.letters().stream().map(V1DeadLettersController::row).toList());
    if (page.next() != null) {
      document.put(
          "nextCursor", new V1Cursor(page.next().diedAt(), page.next().messageId()).write());
    }
    return V1RunsController.json(200, document);
  }

  @GetMapping(LETTER)
  ResponseEntity<byte[]> read(HttpServletRequest request, @PathVariable String messageId) {
    Tenant tenant = tenant(request);
    Letter letter = letters.find(tenant, wellFormed(messageId)).orElseThrow(() -> unknown());
    String document = Json.write(row(letter));
    if (letter.body() != null) {
      // As it was sent, byte for byte.
      document =
          document.substring(0, document.length() - 1)
              + ",\"body\":"
              + new String(letter.body(), StandardCharsets.UTF_8)
              + "}";
    }
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .body(document.getBytes(StandardCharsets.UTF_8));
  }

  @PostMapping(LETTER + "/redrive")
  ResponseEntity<byte[]> redrive(HttpServletRequest request, @PathVariable String messageId) {
    Tenant tenant = tenant(request);
    switch (letters.redrive(tenant, wellFormed(messageId))) {
      case QUEUED -> signal.raise();
      case UNKNOWN -> throw unknown();
      case NOBODY_LISTENS ->
          throw new Problem(
              ErrorCode.DEAD_LETTER_NOT_REDRIVABLE, "The webhook of this dead letter is gone");
      case NOTHING_TO_SEND ->
          throw new Problem(
              ErrorCode.DEAD_LETTER_NOT_REDRIVABLE,
              "The run of this dead letter expired before there was a body to send");
    }
    return V1RunsController.json(202, Json.members("messageId", messageId, "status", "queued"));
  }

  private static Tenant tenant(HttpServletRequest request) {
    Principal caller = Callers.require(request, V1WebhooksController.SCOPE);
    return new Tenant(caller.tenant());
  }

  private static String wellFormed(String messageId) {
    if (!Ids.isWellFormed(messageId)) {
      throw unknown();
    }
    return messageId;
  }

  private static Problem unknown() {
    return Problem.notFound("dead letter");
  }

  private static Map<String, @Nullable Object> row(Letter letter) {
    Map<String, @Nullable Object> row =
        Json.members(
            "messageId",
            letter.messageId(),
            "webhookId",
            letter.webhookId(),
            "runId",
            letter.runId(),
            "sequence",
            letter.sequence(),
            "type",
            V1Mapping.spell(letter.type()),
            "attempts",
            letter.attempts(),
            "queuedAt",
            V1Documents.time(letter.queuedAt()),
            "deadAt",
            V1Documents.time(letter.diedAt()));
    if (letter.lastStatus() != null) {
      row.put("lastStatus", letter.lastStatus());
    }
    if (letter.lastError() != null) {
      row.put("lastError", letter.lastError());
    }
    return row;
  }
}
