package io.heddle.testkit;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A run as its log alone tells it, for comparison with the row. The log does not tell what a node
 * that is under way waits for, nor that a loop went back before its first node starts again.
 */
public final class LogFold {

  /** A node as the log tells it; progress is one of STARTED, RETRYING and the ends. */
  public record Node(Progress progress, int attempt, Map<String, Object> outputs) {}

  private RunStatus status = RunStatus.PENDING;

  private int starts;

  private final Map<String, Object> variables = new LinkedHashMap<>();

  private final Map<String, Node> nodes = new TreeMap<>();

  private LogFold(Map<String, Object> variables) {
    this.variables.putAll(variables);
  }

  /**
   * @param variables those the run was created with
   */
  public static LogFold of(Map<String, Object> variables, List<RunEvent> log) {
    LogFold fold = new LogFold(variables);
    log.forEach(fold::apply);
    return fold;
  }

  public RunStatus status() {
    return status;
  }

  public int starts() {
    return starts;
  }

  public Map<String, Object> variables() {
    return variables;
  }

  /** By the id of the node. */
  public Map<String, Node> nodes() {
    return nodes;
  }

  /** The nodes of a row in the words of a log. */
  public static Map<String, Node> nodes(RunState state) {
    Map<String, Node> nodes = new TreeMap<>();
    state.nodes().forEach((id, node) -> nodes.put(id, node(node)));
    return nodes;
  }

  private static Node node(NodeState node) {
    Progress told =
        switch (node.progress()) {
          case PARKED, WAITING -> Progress.STARTED;
          default -> node.progress();
        };
    return new Node(told, node.attempt(), node.outputs());
  }

  private void apply(RunEvent event) {
    Map<String, Object> payload = Json.parseObject(event.payload());
    switch (event.type()) {
      case RUN_STARTED, RUN_RESUMED -> status = RunStatus.RUNNING;
      case RUN_PAUSED -> status = RunStatus.PAUSED;
      case RUN_COMPLETED -> status = RunStatus.COMPLETED;
      case RUN_FAILED -> status = RunStatus.FAILED;
      case RUN_CANCELLED -> status = RunStatus.CANCELLED;
      case VARIABLE_CHANGED -> variables.put((String) payload.get("name"), payload.get("next"));
      case CAP_BREACHED, LOOPBACK_LIMIT -> {
        // Tells why something did not happen.
      }
      case NODE_SUSPENDED,
          NODE_RESUMED,
          INTERRUPT_REQUESTED,
          INTERRUPT_RESOLVED,
          APPROVAL_REQUESTED,
          APPROVAL_RECEIVED -> {
        // Tells what a node that is under way waits for.
      }
      default -> nodes.put(event.nodeId(), node(event, payload));
    }
  }

  private Node node(RunEvent event, Map<String, Object> payload) {
    Node before = nodes.get(event.nodeId());
    int attempt = before == null ? 0 : before.attempt();
    if (event.type() == EventType.NODE_STARTED) {
      starts++;
    }
    return switch (event.type()) {
      case NODE_STARTED -> new Node(Progress.STARTED, (int) payload.get("attempt"), Map.of());
      case NODE_RETRIED -> new Node(Progress.RETRYING, (int) payload.get("attempt") - 1, Map.of());
      case NODE_COMPLETED ->
          new Node(Progress.COMPLETED, attempt, Json.object(payload.get("outputs"), "/outputs"));
      case NODE_FAILED -> new Node(Progress.FAILED, (int) payload.get("attempts") - 1, Map.of());
      case NODE_SKIPPED -> new Node(Progress.SKIPPED, 0, Map.of());
      case NODE_CANCELLED -> new Node(Progress.CANCELLED, attempt, Map.of());
      default -> throw new AssertionError(event.type() + " has no meaning for a node here");
    };
  }
}
