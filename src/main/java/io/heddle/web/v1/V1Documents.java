package io.heddle.web.v1;

import io.heddle.diff.RunDiff;
import io.heddle.diff.RunDiff.EventDiff;
import io.heddle.feedback.Annotation;
import io.heddle.feedback.Remark;
import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.redaction.Tokens;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunListing;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The documents of major 1: run snapshots and events. */
final class V1Documents {

  // A fixed number of digits, so that texts sort as the times do.
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private V1Documents() {}

  static String time(Instant instant) {
    return TIME.format(instant);
  }

  static String eventsUrl(String runId) {
    return "/v1/runs/" + runId + "/events";
  }

  static Map<String, @Nullable Object> accepted(Run run) {
    Map<String, @Nullable Object> accepted = new LinkedHashMap<>();
    accepted.put("runId", run.runId());
    accepted.put("status", V1Mapping.spell(run.status()));
    accepted.put("eventsUrl", eventsUrl(run.runId()));
    accepted.put("statusUrl", "/v1/runs/" + run.runId());
    return accepted;
  }

  /**
   * @param children the runs it waits for
   */
  static Map<String, @Nullable Object> snapshot(Run run, List<RunStore.Child> children) {
    Map<String, @Nullable Object> snapshot = new LinkedHashMap<>();
    snapshot.put("runId", run.runId());
    snapshot.put("workflowId", run.workflow().workflowId());
    snapshot.put("status", V1Mapping.spell(run.status()));
    snapshot.put(
        "owner", Json.members("tenant", run.tenant().id(), "principal", run.owner().principal()));
    snapshot.put("createdAt", time(run.createdAt()));
    if (run.startedAt() != null) {
      snapshot.put("startedAt", time(run.startedAt()));
    }
    if (run.status().isWaiting()) {
      waitingNode(run).ifPresent(nodeId -> snapshot.put("currentNodeId", nodeId));
    }
    if (run.endedAt() != null) {
      snapshot.put("completedAt", time(run.endedAt()));
      snapshot.put("endedAt", time(run.endedAt()));
    }
    if (run.pausedAt() != null) {
      snapshot.put("pausedAt", time(run.pausedAt()));
    }
    if (run.parent() != null) {
      snapshot.put("parentRunId", run.parent().runId());
      snapshot.put("parentNodeId", run.parent().nodeId());
    }
    if (run.state().agent() != null) {
      snapshot.put("agent", Tokens.redactedMembers(run.state().agent()));
    }
    if (run.state().orchestration() != null) {
      snapshot.put("runOrchestrator", Tokens.redactedMembers(run.state().orchestration().agent()));
    }
    if (!children.isEmpty()) {
      snapshot.put(
          "childRuns",
          children.stream()
              .map(
                  child ->
                      Json.members(
                          "runId", child.runId(), "status", V1Mapping.spell(child.status())))
              .toList());
    }
    Masking masking = Masking.of(run.state());
    snapshot.put("inputs", Tokens.redactedMembers(masking.named(run.inputs())));
    snapshot.put("variables", Tokens.redactedMembers(masking.named(run.state().variables())));
    if (!run.state().channels().isEmpty()) {
      snapshot.put("channels", Tokens.redactedMembers(masking.members(run.state().channels())));
    }
    Map<String, Object> nodes = new LinkedHashMap<>();
    run.state().nodes().forEach((id, node) -> nodes.put(id, node(node)));
    snapshot.put("nodeStates", nodes);
    if (run.status() == RunStatus.FAILED && run.error() != null) {
      Map<String, Object> error = new LinkedHashMap<>();
      error.put("code", Tokens.redacted(run.error().code()));
      error.put("message", Tokens.redacted(run.error().message()));
      snapshot.put("error", error);
    }
    snapshot.put("configurable", Tokens.redactedMembers(run.configurable()));
    if (run.tags() != null) {
      snapshot.put("tags", Tokens.redactedValue(run.tags()));
    }
    if (run.metadata() != null) {
      snapshot.put("metadata", Tokens.redactedMembers(run.metadata()));
    }
    snapshot.put("engineVersion", run.engineVersion());
    snapshot.put("eventLogSchemaVersion", run.eventLogSchemaVersion());
    return snapshot;
  }

  /** The node that keeps a run waiting: one that asks, or else one whose own run does. */
  private static Optional<String> waitingNode(Run run) {
    return Stream.of(Progress.SUSPENDED, Progress.WAITING)
        .flatMap(
            progress ->
                run.state().nodes().entrySet().stream()
                    .filter(node -> node.getValue().progress() == progress))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /** A run in a list. */
  static Map<String, @Nullable Object> row(RunListing.Row run) {
    Map<String, @Nullable Object> row =
        Json.members(
            "runId",
            run.runId(),
            "workflowId",
            run.workflowId(),
            "status",
            V1Mapping.spell(run.status()),
            "createdAt",
            time(run.createdAt()));
    putPresent(row, "startedAt", run.startedAt() == null ? null : time(run.startedAt()));
    putPresent(row, "endedAt", run.endedAt() == null ? null : time(run.endedAt()));
    putPresent(row, "tags", Tokens.redactedValue(run.tags()));
    putPresent(row, "errorCode", Tokens.redactedValue(run.errorCode()));
    return row;
  }

  static Map<String, @Nullable Object> annotation(Annotation annotation) {
    Remark remark = annotation.remark();
    Map<String, @Nullable Object> target = Json.members("runId", annotation.runId());
    putPresent(target, "eventId", remark.eventId());
    putPresent(target, "nodeId", remark.nodeId());
    Map<String, @Nullable Object> signal =
        Json.members("kind", V1Mapping.spell(remark.signal().kind()));
    putPresent(signal, "rating", remark.signal().rating());
    putPresent(signal, "label", remark.signal().label());
    putPresent(signal, "correction", remark.signal().correction());
    Map<String, @Nullable Object> document =
        Json.members(
            "annotationId",
            annotation.annotationId(),
            "target",
            target,
            "signal",
            signal,
            "actor",
            Json.members("principalRef", remark.principal()));
    putPresent(document, "note", remark.note());
    document.put("createdAt", time(annotation.createdAt()));
    return document;
  }

  private static void putPresent(
      Map<String, @Nullable Object> document, String member, @Nullable Object value) {
    if (value != null) {
      document.put(member, value);
    }
  }

  /** An event as JSON text: the stored payload goes in as it is, byte for byte. */
  static String event(RunEvent event) {
    StringBuilder json = new StringBuilder(256 + event.payload().length());
    json.append("{\"eventId\":").append(Json.write(event.eventId()));
    json.append(",\"runId\":").append(Json.write(event.runId()));
    json.append(",\"type\":").append(Json.write(V1Mapping.spell(event.type())));
    if (event.nodeId() != null) {
      json.append(",\"nodeId\":").append(Json.write(event.nodeId()));
    }
    if (event.causationId() != null) {
      json.append(",\"causationId\":").append(Json.write(event.causationId()));
    }
    json.append(",\"payload\":").append(payload(event));
    json.append(",\"timestamp\":\"").append(time(event.timestamp()));
    json.append("\",\"sequence\":").append(event.sequence());
    json.append(",\"schemaVersion\":").append(event.schemaVersion());
    json.append(",\"engineVersion\":\"").append(event.engineVersion()).append("\"}");
    return json.toString();
  }

  private static String payload(RunEvent event) {
    if (event.type() != EventType.REPLAY_DIVERGED) {
      return event.payload();
    }
    // It names the type of another event, which each major spells in its own way.
    Map<String, @Nullable Object> payload = Json.storedObject(event.payload());
    payload.computeIfPresent(
        "divergencePoint",
        (member, type) -> V1Mapping.spell(EventType.valueOf(String.valueOf(type))));
    return Json.write(payload);
  }

  static String events(List<RunEvent> events) {
    return events.stream().map(V1Documents::event).collect(Collectors.joining(",", "[", "]"));
  }

  static String page(String runId, LogPage page, long after) {
    return "{\"runId\":%s,\"events\":%s,\"isComplete\":%b,\"isTerminal\":%b,\"runStatus\":%s,\"lastEventSeq\":%d,\"nextSequence\":%d}"
        .formatted(
            Json.write(runId),
            events(page.events()),
            page.isComplete(after),
            page.status().isTerminal(),
            Json.write(V1Mapping.spell(page.status())),
            page.nextSequence() - 1,
            Math.min(page.last(after) + 1, page.nextSequence()));
  }

  static String diff(RunDiff diff) {
    return "{\"a\":%s,\"b\":%s,\"divergedAtSeq\":%s,\"eventDiffs\":%s,\"stateDiff\":%s,\"truncated\":%b}"
        .formatted(
            Json.write(diff.a().runId()),
            Json.write(diff.b().runId()),
            diff.divergedAt(),
            diff.events().stream()
                .map(V1Documents::eventDiff)
                .collect(Collectors.joining(",", "[", "]")),
            Json.write(stateDiff(diff)),
            diff.truncated());
  }

  private static String eventDiff(EventDiff diff) {
    StringBuilder json = new StringBuilder("{\"seq\":").append(diff.sequence());
    json.append(",\"op\":\"");
    json.append(diff.a() == null ? "added" : diff.b() == null ? "removed" : "changed");
    json.append('"');
    if (diff.a() != null) {
      json.append(",\"aEvent\":").append(event(diff.a()));
    }
    if (diff.b() != null) {
      json.append(",\"bEvent\":").append(event(diff.b()));
    }
    return json.append('}').toString();
  }

  private static Map<String, @Nullable Object> stateDiff(RunDiff diff) {
    Map<String, @Nullable Object> state = Json.members();
    if (diff.a().status() != diff.b().status()) {
      state.put(
          "status",
          Json.members(
              "a", V1Mapping.spell(diff.a().status()), "b", V1Mapping.spell(diff.b().status())));
    }
    if (!diff.variables().isEmpty()) {
      state.put("variables", diff.variables());
    }
    return state;
  }

  private static Map<String, Object> node(NodeState node) {
    Map<String, Object> written = new LinkedHashMap<>();
    written.put(
        "status",
        switch (node.progress()) {
          case STARTED -> "running";
          case PARKED, WAITING -> "waiting";
          case SUSPENDED -> "suspended";
          case RESUMED -> "running";
          case RETRYING -> "retrying";
          case COMPLETED -> "completed";
          case FAILED -> "failed";
          case SKIPPED -> "skipped";
          case CANCELLED -> "cancelled";
        });
    written.put("attempt", node.attempt());
    if (node.until() != null) {
      written.put("waitingUntil", time(node.until()));
    }
    return written;
  }
}
