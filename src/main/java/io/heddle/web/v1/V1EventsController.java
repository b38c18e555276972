package io.heddle.web.v1;

import io.heddle.run.Ids;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.EventStreams;
import io.heddle.web.LongPolls;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;

/** Event logs: as a stream, as a document, by polling [stream-modes]. */
@RestController
public final class V1EventsController {

  private static final int EVENTS_PER_READ = 1_000;

  private static final long CHARACTERS_PER_READ = 1_000_000;

  private static final int LONGEST_BUFFER_MS = 5_000;

  private static final int LONGEST_POLL_SECONDS = 60;

  private static final int DEFAULT_POLL_SECONDS = 30;

  private final RunStore store;

  private final EventStreams streams;

  private final LongPolls polls;

  public V1EventsController(RunStore store, EventStreams streams, LongPolls polls) {
    this.store = store;
    this.streams = streams;
    this.polls = polls;
  }

  @GetMapping(V1RunsController.RUN + "/events")
  void events(HttpServletRequest request, HttpServletResponse response, @PathVariable String runId)
      throws IOException {
    Tenant tenant = tenant(request);
    Set<StreamMode> modes = StreamMode.parse(Requests.parameter(request, "streamMode"));
    long bufferMs = number(request, "bufferMs", 0, 0, LONGEST_BUFFER_MS);
    MediaType preferred = preferred(request.getHeader("Accept"));
    if (preferred.equals(MediaType.APPLICATION_JSON)) {
      writeLog(
          response,
          preferred,
          tenant,
          wellFormed(runId),
          "{\"events\":[",
          V1Documents::event,
          "]}");
      return;
    }
    if (preferred.equals(CloudEvents.BATCH)) {
      writeLog(
          response,
          preferred,
          tenant,
          wellFormed(runId),
          "[",
          event -> CloudEvents.event(tenant, event),
          "]");
      return;
    }
    long after = cursor(request.getHeader("Last-Event-ID"));
    Tellings tellings =
        modes.contains(StreamMode.VALUES)
            ? new SnapshotTellings(store, tenant, wellFormed(runId), after)
            : new EventTellings(store, tenant, wellFormed(runId), modes, after);
    EventStreams.Source source =
        bufferMs == 0
            ? new Frames(tellings)
            : new BatchFrames(tellings, Duration.ofMillis(bufferMs), System::nanoTime);
    if (!streams.stream(request, response, runId, source)) {
      throw Problem.notFound("run");
    }
  }

  @GetMapping(V1RunsController.RUN + "/events/poll")
  DeferredResult<ResponseEntity<byte[]>> poll(
      HttpServletRequest request, @PathVariable String runId) {
    Tenant tenant = tenant(request);
    long after = number(request, "lastSequence", -1, -1, Long.MAX_VALUE - 1);
    long seconds = number(request, "timeout", DEFAULT_POLL_SECONDS, 0, LONGEST_POLL_SECONDS);
    if (request.getMethod().equals("HEAD")) {
      seconds = 0;
    }
    return polls.poll(
        tenant,
        wellFormed(runId),
        after,
        Duration.ofSeconds(seconds),
        page ->
            ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(V1Documents.page(runId, page, after).getBytes(StandardCharsets.UTF_8)));
  }

  private static Tenant tenant(HttpServletRequest request) {
    Principal caller = Callers.require(request, "runs:read");
    return new Tenant(caller.tenant());
  }

  private static String wellFormed(String runId) {
    if (!Ids.isWellFormed(runId)) {
      throw Problem.notFound("run");
    }
    return runId;
  }

  /** The whole log at once, whether or not the run has ended. */
  private void writeLog(
      HttpServletResponse response,
      MediaType type,
      Tenant tenant,
      String runId,
      String beginning,
      Function<RunEvent, String> written,
      String end)
      throws IOException {
    long last = -1;
    LogPage page = read(tenant, runId, last);
    response.setContentType(type.toString());
    OutputStream out = response.getOutputStream();
    out.write(beginning.getBytes(StandardCharsets.UTF_8));
    boolean first = true;
    while (true) {
      for (RunEvent event : page.events()) {
        out.write(((first ? "" : ",") + written.apply(event)).getBytes(StandardCharsets.UTF_8));
        first = false;
      }
      if (page.isNewest(last)) {
        break;
      }
      last = page.last(last);
      page = read(tenant, runId, last);
    }
    out.write(end.getBytes(StandardCharsets.UTF_8));
  }

  private LogPage read(Tenant tenant, String runId, long after) {
    return store
        .log(tenant, runId, after, EVENTS_PER_READ, CHARACTERS_PER_READ)
        .orElseThrow(() -> Problem.notFound("run"));
  }

  /** A document only if it is asked for, and no less than the stream is. */
  private static MediaType preferred(@Nullable String accept) {
    MediaType preferred = MediaType.TEXT_EVENT_STREAM;
    if (accept == null) {
      return preferred;
    }
    try {
      List<MediaType> accepted = MediaType.parseMediaTypes(accept);
      for (MediaType document : List.of(MediaType.APPLICATION_JSON, CloudEvents.BATCH)) {
        double quality = quality(accepted, document);
        if (quality > 0 && quality >= quality(accepted, preferred)) {
          preferred = document;
        }
      }
      return preferred;
    } catch (InvalidMediaTypeException e) {
      return MediaType.TEXT_EVENT_STREAM;
    }
  }

  private static double quality(List<MediaType> accepted, MediaType type) {
    return accepted.stream()
        .filter(candidate -> candidate.equalsTypeAndSubtype(type))
        .map(MediaType::getQualityValue)
        .max(Comparator.naturalOrder())
        .orElse(0.0);
  }

  private static long cursor(@Nullable String lastEventId) {
    if (lastEventId == null) {
      return -1;
    }
    return parse(lastEventId, 0, Long.MAX_VALUE - 1, "Last-Event-ID");
  }

  private static long number(
      HttpServletRequest request, String parameter, long otherwise, long min, long max) {
    String text = Requests.parameter(request, parameter);
    return text == null ? otherwise : parse(text, min, max, parameter);
  }

  private static long parse(String text, long min, long max, String what) {
    try {
      long number = Long.parseLong(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Refused below like a number out of range.
    }
    throw new Problem(
        ErrorCode.VALIDATION_ERROR,
        "%s must be an integer of at least %d".formatted(what, min)
            + (max < Long.MAX_VALUE - 1 ? " and at most " + max : ""));
  }
}
