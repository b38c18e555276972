package io.heddle.run;

import io.heddle.json.Json;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The payloads of the log, as the text that is stored. Member names are the protocol's, which both
 * majors share; members without a value are left out.
 */
public final class Payloads {

  private Payloads() {}

  /** A run leaves {@code pending}. */
  public static String runStarted(Run run) {
    return Json.write(
        Json.members(
            "workflowId",
            run.workflow().workflowId(),
            "transport",
            "rest",
            "owner",
            Json.members("tenant", run.tenant().id(), "principal", run.owner().principal())));
  }

  /**
   * A run ends well.
   *
   * @param reason of whoever decided that it ends here, or null
   */
  public static String runCompleted(
      Map<String, @Nullable Object> outputs, @Nullable String reason) {
    Map<String, @Nullable Object> payload = Json.members("outputs", outputs);
    if (reason != null) {
      payload.put("reason", reason);
    }
    return Json.write(payload);
  }

  /** A run ends badly. */
  public static String runFailed(RunError error, @Nullable String failedNodeId) {
    Map<String, Object> payload = new LinkedHashMap<>();
    payload.put("error", error(error));
    if (failedNodeId != null) {
      payload.put("failedNodeId", failedNodeId);
    }
    return Json.write(payload);
  }

  /** A run was cancelled. */
  public static String runCancelled(
      @Nullable String reason, @Nullable String cancelledBy, @Nullable String parentRunId) {
    Map<String, Object> payload = new LinkedHashMap<>();
    if (reason != null) {
      payload.put("reason", reason);
    }
    if (cancelledBy != null) {
      payload.put("cancelledBy", cancelledBy);
    }
    if (parentRunId != null) {
      payload.put("parentRunId", parentRunId);
    }
    return Json.write(payload);
  }

  /** A node is about to execute. */
  public static String nodeStarted(String nodeId, String typeId, int attempt) {
    return Json.write(Json.members("nodeId", nodeId, "typeId", typeId, "attempt", attempt));
  }

  /** A node succeeded. */
  public static String nodeCompleted(String nodeId, Map<String, @Nullable Object> outputs) {
    return Json.write(Json.members("nodeId", nodeId, "outputs", outputs));
  }

  /** A node failed for good. */
  public static String nodeFailed(String nodeId, RunError error, int attempts) {
    return Json.write(Json.members("nodeId", nodeId, "error", error(error), "attempts", attempts));
  }

  /** A node failed and will be started again. */
  public static String nodeRetried(String nodeId, int attempt, long delayMs, RunError lastError) {
    return Json.write(
        Json.members(
            "nodeId",
            nodeId,
            "attempt",
            attempt,
            "delayMs",
            delayMs,
            "lastError",
            error(lastError)));
  }

  /** A loop was not gone over again because it was often enough. */
  public static String loopbackLimit(String nodeId, int iterations, int limit) {
    return Json.write(Json.members("nodeId", nodeId, "iterations", iterations, "limit", limit));
  }

  /** A run was paused. */
  public static String runPaused(PauseRequest request) {
    Map<String, Object> payload = new LinkedHashMap<>();
    if (request.reason() != null) {
      payload.put("reason", request.reason());
    }
    payload.put("drainPolicy", request.policy().name().toLowerCase(Locale.ROOT).replace('_', '-'));
    return Json.write(payload);
  }

  /** A paused run goes on. */
  public static String runResumed(@Nullable String reason) {
    return reason == null ? "{}" : Json.write(Json.members("reason", reason));
  }

  /** A variable got another value. */
  public static String variableChanged(
      String name, Map<String, @Nullable Object> before, @Nullable Object next, String nodeId) {
    Map<String, @Nullable Object> payload = Json.members("name", name);
    if (before.containsKey(name)) {
      payload.put("previous", before.get(name));
    }
    payload.put("next", next);
    payload.put("nodeId", nodeId);
    return Json.write(payload);
  }

  /**
   * A node wrote to a channel.
   *
   * @param value what was written, not what came of it
   * @param writtenAt in whole milliseconds
   */
  public static String channelWritten(
      String channel,
      @Nullable Object value,
      String reducer,
      Instant writtenAt,
      String nodeId,
      long schemaVersion) {
    return Json.write(
        Json.members(
            "channel",
            channel,
            "value",
            value,
            "reducer",
            reducer,
            "nodeId",
            nodeId,
            "writtenAt",
            writtenAt.toString(),
            "schemaVersion",
            schemaVersion));
  }

  /** A node produced something; no artifact type is registered with this host. */
  public static String artifactCreated(NewArtifact artifact) {
    return Json.write(
        Json.members(
            "artifactId",
            artifact.artifactId(),
            "artifactType",
            artifact.type(),
            "nodeId",
            artifact.nodeId(),
            "registered",
            false));
  }

  /** Node code follows this version of a change for the rest of the run. */
  public static String versionPinned(String changeId, int version, String nodeId) {
    return Json.write(Json.members("changeId", changeId, "version", version, "nodeId", nodeId));
  }

  /** A node will not run, or not to its end. */
  public static String nodeLeftOut(String nodeId, String reason) {
    return Json.write(Json.members("nodeId", nodeId, "reason", reason));
  }

  /** An orchestrator decided what the run does next. */
  public static String orchestratorDecided(String agentId, Map<String, @Nullable Object> decision) {
    return Json.write(Json.members("agentId", agentId, "decision", decision));
  }

  /** A run that a decision started has ended. */
  public static String nodeDispatched(String runId, String workflowId, String status) {
    return Json.write(
        Json.members("childRunId", runId, "childWorkflowId", workflowId, "childStatus", status));
  }

  /** A decision starts several runs that are executed at the same time. */
  public static String fanOutBegun(int children, int width, String joinMode) {
    return Json.write(
        Json.members(
            "fanOutPolicy",
            "parallel",
            "childCount",
            children,
            "maxConcurrency",
            width,
            "joinMode",
            joinMode));
  }

  /**
   * A decision has waited for enough of the runs it started.
   *
   * @param mergeOrder the runs in the order in which they ended
   */
  public static String fanOutJoined(
      String outcome, int completed, int failed, int cancelled, List<String> mergeOrder) {
    return Json.write(
        Json.members(
            "joinOutcome",
            outcome,
            "completedCount",
            completed,
            "failedCount",
            failed,
            "cancelledCount",
            cancelled,
            "mergeOrder",
            mergeOrder));
  }

  /**
   * A run that another one started has ended well, and what it gives was hashed.
   *
   * @param taken the variables of the parent that it is given to; none if that is not decided yet
   * @param attestation what came of the hashing
   */
  public static String outputHarvested(
      String workflowId,
      String parentRunId,
      String childRunId,
      List<String> taken,
      Map<String, @Nullable Object> attestation) {
    return Json.write(
        Json.members(
            "phase",
            "output.harvested",
            "workerId",
            workflowId,
            "parentRunId",
            parentRunId,
            "childRunId",
            childRunId,
            "harvestedKeys",
            taken,
            "attestation",
            attestation));
  }

  /** A limit was exceeded. */
  public static String capBreached(
      String kind, long limit, long observed, @Nullable String nodeId) {
    Map<String, Object> payload = new LinkedHashMap<>();
    payload.put("kind", kind);
    payload.put("limit", limit);
    payload.put("observed", observed);
    if (nodeId != null) {
      payload.put("nodeId", nodeId);
    }
    return Json.write(payload);
  }

  /**
   * A replay did something else than its source.
   *
   * @param originalEventId of the source's event at that place; null if its log ends before
   * @param replayEventId of what this run did there
   * @param divergencePoint what kind of event that was
   */
  public static String replayDiverged(
      String sourceRunId,
      long atSequence,
      @Nullable String originalEventId,
      String replayEventId,
      String divergenceKind,
      EventType divergencePoint,
      @Nullable String nodeId) {
    Map<String, @Nullable Object> payload =
        Json.members("sourceRunId", sourceRunId, "atSequence", atSequence);
    if (originalEventId != null) {
      payload.put("originalEventId", originalEventId);
    }
    payload.put("replayEventId", replayEventId);
    payload.put("divergenceKind", divergenceKind);
    payload.put("divergencePoint", divergencePoint.name());
    if (nodeId != null) {
      payload.put("nodeId", nodeId);
    }
    return Json.write(payload);
  }

  private static Map<String, @Nullable Object> error(RunError error) {
    return Json.members("code", error.code(), "message", error.message());
  }
}
