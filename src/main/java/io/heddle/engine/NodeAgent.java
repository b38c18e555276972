package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.run.EventType;
import io.heddle.spi.AgentLog;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeFailedException;
import io.heddle.workflow.NodeDefinition;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/** The agent of one call of an executor. Thread-safe. */
final class NodeAgent implements AgentLog {

  // Below it an agent is not sure enough [interrupt.md §low-confidence].
  static final double DEFAULT_THRESHOLD = 0.7;

  static final String THRESHOLD = "escalationThreshold";

  private static final String VERBOSITY = "reasoningVerbosity";

  private static final int LONGEST = 256 * 1024;

  // About 512 tokens, which is what the protocol lets a summary have.
  private static final int LONGEST_SUMMARY = 2_048;

  private final String agentId;

  private final String verbosity;

  private final double threshold;

  private final String calls;

  private final Consumer<AgentEvent> log;

  private final Map<String, String> tools = new LinkedHashMap<>();

  private final StringBuilder reasoning = new StringBuilder();

  private int deltas;

  /**
   * @param calls what distinguishes this call of an executor from every other of the run
   */
  NodeAgent(
      NodeDefinition node,
      Map<String, @Nullable Object> configurable,
      String calls,
      Consumer<AgentEvent> log) {
    Object named = node.agent() == null ? null : node.agent().get("agentId");
    this.agentId = named == null ? "host:" + node.id() : String.valueOf(named);
    this.verbosity =
        configurable.get(VERBOSITY) instanceof String wanted
                && (wanted.equals("summary") || wanted.equals("off"))
            ? wanted
            : "full";
    this.threshold = threshold(configurable);
    this.calls = calls;
    this.log = log;
  }

  /** What a run asks of the confidence of its agents; ignored unless it is from 0 to 1. */
  static double threshold(Map<String, @Nullable Object> configurable) {
    return configurable.get(THRESHOLD) instanceof Number wanted
            && wanted.doubleValue() >= 0
            && wanted.doubleValue() <= 1
        ? wanted.doubleValue()
        : DEFAULT_THRESHOLD;
  }

  @Override
  public String agentId() {
    return agentId;
  }

  @Override
  public synchronized void reasoning(String delta) {
    if (verbosity.equals("off")) {
      return;
    }
    if (reasoning.length() + delta.length() > LONGEST) {
      throw refusal("The reasoning is too long");
    }
    reasoning.append(delta);
    if (verbosity.equals("full")) {
      tell(
          EventType.AGENT_REASONING_DELTA,
          Json.members("delta", delta, "sequence", deltas, "verbosity", verbosity),
          null);
      deltas++;
    }
  }

  @Override
  public synchronized void reasoned(String text) {
    if (verbosity.equals("off")) {
      return;
    }
    String whole = reasoning.isEmpty() ? text : reasoning.toString();
    reasoning.setLength(0);
    deltas = 0;
    if (verbosity.equals("summary") && whole.length() > LONGEST_SUMMARY) {
      whole = whole.substring(0, LONGEST_SUMMARY);
    }
    tell(EventType.AGENT_REASONED, Json.members("reasoning", whole, "verbosity", verbosity), null);
  }

  @Override
  public synchronized String toolCalled(String toolName, @Nullable Object inputs) {
    if (!NodeCalls.isName(toolName)) {
      throw refusal("The name of a tool must have 1 to 256 characters");
    }
    String callId = "call-%s-%d".formatted(calls, tools.size());
    tools.put(callId, toolName);
    tell(
        EventType.AGENT_TOOL_CALLED,
        Json.members("toolName", toolName, "callId", callId, "inputs", inputs),
        callId);
    return callId;
  }

  @Override
  public synchronized void toolReturned(String callId, @Nullable Object outcome) {
    tell(
        EventType.AGENT_TOOL_RETURNED,
        Json.members("toolName", tool(callId), "callId", callId, "outcome", outcome),
        callId);
  }

  @Override
  public synchronized void toolFailed(String callId, String code, String message) {
    tell(
        EventType.AGENT_TOOL_RETURNED,
        Json.members(
            "toolName",
            tool(callId),
            "callId",
            callId,
            "error",
            Json.members("code", code, "message", message)),
        callId);
  }

  @Override
  public synchronized void handedOff(String toAgentId, @Nullable String reason) {
    if (!NodeCalls.isName(toAgentId) || toAgentId.length() < 3) {
      throw refusal("The id of an agent must have 3 to 256 characters");
    }
    Map<String, @Nullable Object> payload =
        Json.members("fromAgentId", agentId, "toAgentId", toAgentId);
    if (reason != null) {
      payload.put("reason", reason);
    }
    log.accept(checked(EventType.AGENT_HANDOFF, payload, null));
  }

  @Override
  public synchronized boolean decided(@Nullable Object decision, @Nullable Double confidence) {
    Map<String, @Nullable Object> payload = Json.members("decision", decision);
    if (confidence == null || !Double.isFinite(confidence)) {
      tell(EventType.AGENT_DECIDED, payload, null);
      return true;
    }
    if (confidence < 0 || confidence > 1) {
      throw refusal("A confidence is a number from 0 to 1");
    }
    payload.put("confidence", confidence);
    tell(EventType.AGENT_DECIDED, payload, null);
    return confidence >= threshold;
  }

  @Override
  public InterruptRequest lowConfidence(@Nullable Object decision, double confidence) {
    return InterruptRequest.of(
        InterruptKind.LOW_CONFIDENCE,
        Json.members(
            "agentId",
            agentId,
            "threshold",
            threshold,
            "observed",
            confidence,
            "decision",
            decision));
  }

  private String tool(String callId) {
    String tool = tools.get(callId);
    if (tool == null) {
      throw refusal("There is no such tool call");
    }
    return tool;
  }

  private void tell(
      EventType type, Map<String, @Nullable Object> members, @Nullable String callId) {
    Map<String, @Nullable Object> payload = Json.members("agentId", agentId);
    payload.putAll(members);
    log.accept(checked(type, payload, callId));
  }

  /** The event with its values as they will be read back from the store. */
  private static AgentEvent checked(
      EventType type, Map<String, @Nullable Object> payload, @Nullable String callId) {
    try {
      String json = Json.write(payload);
      if (json.length() > LONGEST) {
        throw refusal("What an agent tells must not exceed 256 KiB");
      }
      return new AgentEvent(type, Json.parseObject(json), callId);
    } catch (JsonFault | JacksonException e) {
      throw refusal("What an agent tells must be JSON");
    }
  }

  private static NodeFailedException refusal(String message) {
    return new NodeFailedException("validation_error", message, false);
  }
}
