package io.heddle.web.v1;

import io.heddle.interrupt.Inbox;
import io.heddle.interrupt.Inbox.Page;
import io.heddle.interrupt.Inbox.Position;
import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.InterruptEvents;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Parameters;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * What a tenant's runs wait for people to answer, the oldest first: an extension of this host
 * [interrupt.md §Admin].
 */
@RestController
public final class V1InboxController {

  private static final int DEFAULT_LIMIT = 50;

  private static final int MAX_LIMIT = 200;

  private final Inbox inbox;

  public V1InboxController(Inbox inbox) {
    this.inbox = inbox;
  }

  @GetMapping("/v1/host/heddle/interrupts")
  ResponseEntity<byte[]> list(HttpServletRequest request) {
    Principal caller = Callers.require(request, "approvals:read");
    InterruptKind kind = kind(Parameters.text(request, "kind"));
    Position after =
        V1Cursor.read(Parameters.text(request, "cursor"))
            .map(cursor -> new Position(cursor.time(), cursor.id()))
            .orElse(null);
    int limit = Parameters.integer(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    Page page = inbox.page(new Tenant(caller.tenant()), kind, after, limit);
    Map<String, @Nullable Object> document =
        Json.members("interrupts", page.rows().stream().map(V1InboxController::row).toList());
    if (page.next() != null) {
      document.put(
          "nextCursor", new V1Cursor(page.next().requestedAt(), page.next().interruptId()).write());
    }
    return V1RunsController.json(200, document);
  }

  private static @Nullable InterruptKind kind(@Nullable String spelled) {
    if (spelled == null) {
      return null;
    }
    return InterruptEvents.kind(spelled)
        .orElseThrow(() -> Parameters.invalid("kind", "must be a kind of interrupt"));
  }

  private static Map<String, @Nullable Object> row(Inbox.Row row) {
    Map<String, @Nullable Object> document =
        Json.members(
            "interruptId",
            row.interruptId(),
            "runId",
            row.runId(),
            "workflowId",
            row.workflowId(),
            "nodeId",
            row.nodeId(),
            "kind",
            InterruptEvents.spelled(row.kind()),
            "requestedAt",
            V1Documents.time(row.requestedAt()),
            "ageMs",
            row.ageMs(),
            "resolveUrl",
            "/v1/runs/" + row.runId() + "/interrupts/" + row.nodeId());
    if (row.title() != null) {
      document.put("title", Tokens.redacted(row.title()));
    }
    if (row.deadline() != null) {
      document.put("deadline", V1Documents.time(row.deadline()));
    }
    return document;
  }
}
