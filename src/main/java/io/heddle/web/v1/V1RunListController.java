package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.run.Ids;
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
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The list of a tenant's runs: an extension of this host, for the protocol has none. */
@RestController
public final class V1RunListController {

  private static final int DEFAULT_LIMIT = 50;

  private static final int MAX_LIMIT = 200;

  private static final int LONGEST_CURSOR = 256;

  // Microseconds since 1970 up to the year 9999, and a run id.
  private static final Pattern POSITION = Pattern.compile("(\\d{1,18})/(.+)");

  private static final long LAST_MICROS = 253_402_300_799_999_999L;

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
    Position after = position(Parameters.text(request, "cursor"));
    int limit = Parameters.integer(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    Page page = runs.page(new Tenant(caller.tenant()), filter, after, limit);
    Map<String, @Nullable Object> document =
        Json.members("runs", page.rows().stream().map(V1Documents::row).toList());
    if (page.next() != null) {
      document.put("nextCursor", cursor(page.next()));
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

  /** Nothing but a place among the runs that the caller may see, so there is nothing to forge. */
  private static String cursor(Position position) {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, position.createdAt());
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString((micros + "/" + position.runId()).getBytes(StandardCharsets.UTF_8));
  }

  private static @Nullable Position position(@Nullable String cursor) {
    if (cursor == null) {
      return null;
    }
    if (cursor.length() <= LONGEST_CURSOR) {
      try {
        byte[] decoded = Base64.getUrlDecoder().decode(cursor);
        Matcher position = POSITION.matcher(new String(decoded, StandardCharsets.UTF_8));
        if (position.matches() && Ids.isWellFormed(position.group(2))) {
          long micros = Long.parseLong(position.group(1));
          if (micros <= LAST_MICROS) {
            return new Position(Instant.EPOCH.plus(micros, ChronoUnit.MICROS), position.group(2));
          }
        }
      } catch (IllegalArgumentException e) {
        // Refused below like any other text that is no cursor.
      }
    }
    throw Parameters.invalid("cursor", "must be a cursor of this list");
  }
}
