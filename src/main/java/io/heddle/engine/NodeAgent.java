package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.run.EventType;
import io.heddle.spi.AgentLog;
import io.heddle.spi.InterruptRequest;
import io.heddle.workflow.NodeDefinition;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/** The agent of one call of an executor. Thread-safe. */
final class NodeAgent implements AgentLog {

  private static final String VERBOSITY = "reasoningVerbosity";

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
    this.threshold = NodeArguments.threshold(configurable);
    this.calls = calls;
    this.log = log;
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
    if (reasoning.length() + delta.length() > NodeArguments.LONGEST_TOLD) {
      throw NodeArguments.refusal("The reasoning is too long");
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
    NodeArguments.requireToolName(toolName);
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
    NodeArguments.requireAgentId(toAgentId);
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
    Double sure = NodeArguments.confidence(confidence);
    if (sure != null) {
      payload.put("confidence", sure);
    }
    tell(EventType.AGENT_DECIDED, payload, null);
    return sure == null || sure >= threshold;
  }

  @Override
  public InterruptRequest lowConfidence(@Nullable Object decision, double confidence) {
    return NodeArguments.lowConfidence(agentId, threshold, decision, confidence);
  }

  private String tool(String callId) {
    String tool = tools.get(callId);
    if (tool == null) {
      throw NodeArguments.noToolCall();
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
      NodeArguments.requireTellable(json);
      return new AgentEvent(type, Json.parseObject(json), callId);
    } catch (JsonFault | JacksonException e) {
      throw NodeArguments.refusal("What an agent tells must be JSON");
    }
  }
}
