package io.heddle.run;

import io.heddle.json.Json;
import java.util.LinkedHashMap;
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

  /** A run ends well. */
  public static String runCompleted(Map<String, @Nullable Object> outputs) {
    return Json.write(Map.of("outputs", outputs));
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

  private static Map<String, @Nullable Object> error(RunError error) {
    return Json.members("code", error.code(), "message", error.message());
  }
}
