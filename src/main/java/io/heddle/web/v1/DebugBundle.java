package io.heddle.web.v1;

import io.heddle.feedback.Annotation;
import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What there is to know of a run in one document [debug-bundle.md]. The run is told as it stood at
 * one moment, with the events up to it. Written as it is read, so that a long log takes no more
 * memory than a short one. Used by one thread.
 */
final class DebugBundle {

  /** More events than any log has. */
  static final int ALL_EVENTS = Integer.MAX_VALUE;

  private static final String VERSION = "1.0";

  private static final int EVENTS_PER_READ = 1_000;

  private static final long CHARACTERS_PER_READ = 1_000_000;

  // What follows the events.
  private static final int REST = 1_024;

  // No more than these, whatever a snapshot has besides [debug-bundle.md §run field].
  private static final Set<String> OF_RUN =
      Set.of(
          "runId",
          "workflowId",
          "status",
          "owner",
          "currentNodeId",
          "startedAt",
          "completedAt",
          "endedAt",
          "agent",
          "runOrchestrator",
          "nodeStates",
          "inputs",
          "variables",
          "channels",
          "error",
          "engineVersion",
          "eventLogSchemaVersion",
          "tags",
          "metadata",
          "configurable");

  // Left out one after the other until the rest fits.
  private static final List<String> LARGE =
      List.of("variables", "channels", "inputs", "metadata", "configurable", "nodeStates", "tags");

  private final RunStore store;

  private final Run run;

  private final long cap;

  private final int maxEvents;

  private final List<String> cuts = new ArrayList<>();

  private final Set<String> nodes = new HashSet<>();

  private long written;

  private int events;

  private @Nullable LogPage page;

  /**
   * @param cap the most bytes
   * @param maxEvents the most events
   */
  DebugBundle(RunStore store, Run run, long cap, int maxEvents) {
    this.store = store;
    this.run = run;
    this.cap = cap;
    this.maxEvents = maxEvents;
  }

  /** How much of a bundle annotations can take, so that events find a place. */
  static long annotations(long cap) {
    return cap / 4;
  }

  /**
   * Whether the log can be read; nothing has been written before that.
   *
   * @return false if the run is gone
   */
  boolean open() {
    page = read(-1);
    return page != null;
  }

  void write(OutputStream out, Instant now, Map<String, Object> host, List<Annotation> annotations)
      throws IOException {
    print(
        out,
        "{\"bundleVersion\":\"%s\",\"generatedAt\":\"%s\",\"host\":%s,\"run\":"
            .formatted(VERSION, V1Documents.time(now), Json.write(host)));
    out.write(snapshot());
    print(out, ",\"annotations\":[");
    annotations(out, annotations);
    print(out, "],\"events\":[");
    log(out);
    print(out, "],\"spans\":[],\"metrics\":");
    Map<String, @Nullable Object> metrics =
        Json.members(
            // Of a log that is cut below, too.
            "eventCount", run.nextSequence(), "nodeCount", nodes.size(), "openwopCost", null);
    Map<String, @Nullable Object> rest =
        Json.members("redactionApplied", true, "redactionMode", "mask");
    if (!cuts.isEmpty()) {
      rest.put("truncated", true);
      rest.put("truncatedReason", String.join(",", cuts));
    }
    print(out, Json.write(metrics) + "," + Json.write(rest).substring(1));
  }

  private byte[] snapshot() {
    Map<String, @Nullable Object> members =
        new LinkedHashMap<>(V1Documents.snapshot(run, List.of()));
    members.keySet().retainAll(OF_RUN);
    members.put("status", status(run.status()));
    byte[] bytes = Json.bytes(members);
    for (int i = 0; bytes.length > cap / 2 && i < LARGE.size(); i++) {
      members.remove(LARGE.get(i));
      bytes = Json.bytes(members);
      cut("run_truncated_to_size_cap");
    }
    written += bytes.length;
    return bytes;
  }

  /** The schema of bundles knows fewer statuses than runs have; the events tell more. */
  private static String status(RunStatus status) {
    return switch (status) {
      case PAUSED, WAITING_EXTERNAL -> V1Mapping.spell(RunStatus.RUNNING);
      case WAITING_INPUT -> "waiting-clarification";
      default -> V1Mapping.spell(status);
    };
  }

  private void annotations(OutputStream out, List<Annotation> annotations) throws IOException {
    long size = 0;
    for (Annotation annotation : annotations) {
      byte[] bytes =
          ((size == 0 ? "" : ",")
                  + Json.write(Tokens.redactedMembers(V1Documents.annotation(annotation))))
              .getBytes(StandardCharsets.UTF_8);
      size += bytes.length;
      if (size > annotations(cap) || !fits(bytes)) {
        cut("annotations_truncated_to_size_cap");
        return;
      }
      out.write(bytes);
    }
  }

  private void log(OutputStream out) throws IOException {
    long last = -1;
    while (page != null) {
      for (RunEvent event : page.events()) {
        if (event.sequence() >= run.nextSequence()) {
          return;
        }
        if (events == maxEvents) {
          cut("events_truncated_on_request");
          return;
        }
        byte[] bytes =
            ((events == 0 ? "" : ",") + V1Documents.event(redacted(event)))
                .getBytes(StandardCharsets.UTF_8);
        if (!fits(bytes)) {
          cut("events_truncated_to_size_cap");
          return;
        }
        out.write(bytes);
        events++;
        if (event.nodeId() != null) {
          nodes.add(event.nodeId());
        }
      }
      last = page.last(last);
      if (last >= run.nextSequence() - 1) {
        return;
      }
      if (events == maxEvents) {
        cut("events_truncated_on_request");
        return;
      }
      page = read(last);
    }
    // Its time was over while it was being told.
    cut("run_expired");
  }

  /** Events that were stored by an older host were not looked at then. */
  private static RunEvent redacted(RunEvent event) {
    return new RunEvent(
        event.runId(),
        event.sequence(),
        event.eventId(),
        event.type(),
        event.nodeId(),
        event.causationId(),
        Tokens.redactedJson(event.payload()),
        event.timestamp(),
        event.schemaVersion(),
        event.engineVersion());
  }

  private @Nullable LogPage read(long after) {
    return store
        .log(
            run.tenant(),
            run.runId(),
            after,
            Math.min(EVENTS_PER_READ, Math.max(1, maxEvents)),
            Math.min(CHARACTERS_PER_READ, cap))
        .orElse(null);
  }

  private boolean fits(byte[] bytes) {
    if (written + bytes.length > cap - REST) {
      return false;
    }
    written += bytes.length;
    return true;
  }

  private void cut(String reason) {
    if (!cuts.contains(reason)) {
      cuts.add(reason);
    }
  }

  private void print(OutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    written += bytes.length;
    out.write(bytes);
  }
}
