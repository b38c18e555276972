package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.run.RunListing;
import io.heddle.run.RunListing.Filter;
import io.heddle.run.RunListing.Page;
import io.heddle.run.RunListing.Position;
import io.heddle.run.RunStatus;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Parameters;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The list of a tenant's runs: an extension of this host, for the protocol has none. */
@RestController
public final class V1RunListController {

  private static final int DEFAULT_LIMIT = 50;

  private static final int MAX_LIMIT = 200;

  private final RunListing runs;

  public V1RunListController(RunListing runs) {
    this.runs = runs;
  }

  @GetMapping("/v1/host/heddle/runs")
  ResponseEntity<byte[]> list(HttpServletRequest request) {
    Principal caller = Callers.require(request, "runs:read");
    Filter filter =
        new Filter(
            status(Parameters.text(request, "status")),
            Parameters.text(request, "workflowId"),
            Parameters.text(request, "tag"),
            floor(Parameters.time(request, "createdAfter")),
            ceiling(Parameters.time(request, "createdBefore")));
    Position after =
        V1Cursor.read(Parameters.text(request, "cursor"))
            .map(cursor -> new Position(cursor.time(), cursor.id()))
            .orElse(null);
    int limit = Parameters.integer(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    Page page = runs.page(new Tenant(caller.tenant()), filter, after, limit);
    Map<String, @Nullable Object> document =
        Json.members("runs", page.rows().stream().map(V1Documents::row).toList());
    if (page.next() != null) {
      document.put(
          "nextCursor", new V1Cursor(page.next().createdAt(), page.next().runId()).write());
    }
    return V1RunsController.json(200, document);
  }

  private static @Nullable RunStatus status(@Nullable String spelled) {
    if (spelled == null) {
      return null;
    }
    return Arrays.stream(RunStatus.values())
        .filter(status -> V1Mapping.spell(status).equals(spelled))
        .findFirst()
        .orElseThrow(() -> Parameters.invalid("status", "must be the status of a run"));
  }

  // The database keeps microseconds and would round: a run created within the microsecond in which
  // the given time lies is earlier than it.
  private static @Nullable Instant floor(@Nullable Instant time) {
    return time == null ? null : time.truncatedTo(ChronoUnit.MICROS);
  }

  private static @Nullable Instant ceiling(@Nullable Instant time) {
    Instant floor = floor(time);
    return floor == null || floor.equals(time) ? floor : floor.plus(1, ChronoUnit.MICROS);
  }
}
