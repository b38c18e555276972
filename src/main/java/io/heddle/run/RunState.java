package io.heddle.run;

import io.heddle.json.Json;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the engine knows of a run between two steps: its variables and how far each node came.
 * Committed with the events that tell of it, so that any host node can go on from here without
 * reading the log. Immutable.
 *
 * @param nodes the nodes that were reached, in the order they were reached
 */
public record RunState(Map<String, @Nullable Object> variables, Map<String, NodeState> nodes) {

  /** How far a node came. */
  public enum Progress {
    /** Its start is recorded and its outcome is not. */
    STARTED,
    /** Started, and waiting for {@link NodeState#until()}. */
    PARKED,
    COMPLETED,
    FAILED,
    SKIPPED,
    CANCELLED;

    /** Whether the node has an outcome. */
    public boolean isFinal() {
      return this != STARTED && this != PARKED;
    }
  }

  /**
   * One node.
   *
   * @param attempt 0 for the first start
   * @param outputs of a completed node; empty otherwise
   * @param until when a parked node is due, by the database's clock; null otherwise
   * @param wakeups how often this attempt was woken
   * @param memo what the parked executor asked to remember
   */
  public record NodeState(
      Progress progress,
      int attempt,
      Map<String, @Nullable Object> outputs,
      @Nullable Instant until,
      int wakeups,
      Map<String, @Nullable Object> memo) {

    /** A node whose start is being recorded. */
    public static NodeState started(int attempt) {
      return new NodeState(Progress.STARTED, attempt, Map.of(), null, 0, Map.of());
    }

    /** This node, waiting. */
    public NodeState parked(Instant until, Map<String, @Nullable Object> memo) {
      return new NodeState(Progress.PARKED, attempt, Map.of(), until, wakeups, memo);
    }

    /** This node, woken because its time has come. */
    public NodeState woken() {
      return new NodeState(Progress.STARTED, attempt, Map.of(), null, wakeups + 1, memo);
    }

    /** This node with its outcome. */
    public NodeState ended(Progress outcome, Map<String, @Nullable Object> outputs) {
      return new NodeState(outcome, attempt, outputs, null, 0, Map.of());
    }
  }

  /** The state of a run that has not started. */
  public static RunState initial(Map<String, @Nullable Object> variables) {
    return new RunState(variables, Map.of());
  }

  /** This state with one node changed. */
  public RunState with(String nodeId, NodeState node) {
    Map<String, NodeState> changed = new LinkedHashMap<>(nodes);
    changed.put(nodeId, node);
    return new RunState(variables, changed);
  }

  /** The text that {@link #fromJson} reads back. */
  public String toJson() {
    Map<String, Object> written = new LinkedHashMap<>();
    nodes.forEach((id, node) -> written.put(id, written(node)));
    return Json.write(Json.members("variables", variables, "nodes", written));
  }

  /** Reads what {@link #toJson} wrote. */
  public static RunState fromJson(String json) {
    Map<String, @Nullable Object> read = Json.storedObject(json);
    Map<String, NodeState> nodes = new LinkedHashMap<>();
    object(read, "nodes").forEach((id, node) -> nodes.put(id, read(Json.object(node, id))));
    return new RunState(object(read, "variables"), nodes);
  }

  private static Map<String, Object> written(NodeState node) {
    Map<String, Object> written = new LinkedHashMap<>();
    written.put("progress", node.progress().name());
    if (node.attempt() > 0) {
      written.put("attempt", node.attempt());
    }
    if (!node.outputs().isEmpty()) {
      written.put("outputs", node.outputs());
    }
    if (node.until() != null) {
      written.put("until", node.until().toString());
    }
    if (node.wakeups() > 0) {
      written.put("wakeups", node.wakeups());
    }
    if (!node.memo().isEmpty()) {
      written.put("memo", node.memo());
    }
    return written;
  }

  private static NodeState read(Map<String, @Nullable Object> node) {
    Object until = node.get("until");
    return new NodeState(
        Progress.valueOf((String) Objects.requireNonNull(node.get("progress"))),
        integer(node, "attempt"),
        object(node, "outputs"),
        until == null ? null : Instant.parse((String) until),
        integer(node, "wakeups"),
        object(node, "memo"));
  }

  private static int integer(Map<String, @Nullable Object> node, String member) {
    Object value = node.get(member);
    return value == null ? 0 : ((Number) value).intValue();
  }

  private static Map<String, @Nullable Object> object(
      Map<String, @Nullable Object> from, String member) {
    Object value = from.get(member);
    return value == null ? Json.members() : Json.object(value, "/" + member);
  }
}
