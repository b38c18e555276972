package io.heddle.kit;

import io.heddle.engine.NodeArguments;
import io.heddle.spi.AgentLog;
import io.heddle.spi.InterruptRequest;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes what an agent tells, if a host would. Thread-safe. */
final class KitAgent implements AgentLog {

  private final String agentId;

  private final double threshold;

  private final Set<String> calls = new HashSet<>();

  KitAgent(String nodeId, Map<String, @Nullable Object> configurable) {
    this.agentId = "host:" + nodeId;
    this.threshold = NodeArguments.threshold(configurable);
  }

  @Override
  public String agentId() {
    return agentId;
  }

  @Override
  public void reasoning(String delta) {
    told(delta);
  }

  @Override
  public void reasoned(String reasoning) {
    told(reasoning);
  }

  @Override
  public synchronized String toolCalled(String toolName, @Nullable Object inputs) {
    NodeArguments.requireToolName(toolName);
    told(inputs);
    String callId = "call-" + calls.size();
    calls.add(callId);
    return callId;
  }

  @Override
  public synchronized void toolReturned(String callId, @Nullable Object outcome) {
    requireCall(callId);
    told(outcome);
  }

  @Override
  public synchronized void toolFailed(String callId, String code, String message) {
    requireCall(callId);
  }

  @Override
  public void handedOff(String toAgentId, @Nullable String reason) {
    NodeArguments.requireAgentId(toAgentId);
  }

  @Override
  public boolean decided(@Nullable Object decision, @Nullable Double confidence) {
    told(decision);
    Double sure = NodeArguments.confidence(confidence);
    return sure == null || sure >= threshold;
  }

  @Override
  public InterruptRequest lowConfidence(@Nullable Object decision, double confidence) {
    return NodeArguments.lowConfidence(agentId, threshold, decision, confidence);
  }

  private void requireCall(String callId) {
    if (!calls.contains(callId)) {
      throw NodeArguments.noToolCall();
    }
  }

  private static void told(@Nullable Object value) {
    NodeArguments.requireTellable(PlainJson.write("An agent told", value));
  }
}
