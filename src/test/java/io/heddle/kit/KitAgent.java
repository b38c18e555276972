package io.heddle.kit;

import io.heddle.json.Json;
import io.heddle.spi.AgentLog;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeFailedException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes what an agent tells, if a host would. Thread-safe. */
final class KitAgent implements AgentLog {

  private static final double DEFAULT_THRESHOLD = 0.7;

  private final String agentId;

  private final double threshold;

  private final Set<String> calls = new HashSet<>();

  KitAgent(String nodeId, Map<String, @Nullable Object> configurable) {
    this.agentId = "host:" + nodeId;
    this.threshold =
        configurable.get("escalationThreshold") instanceof Number wanted
            ? wanted.doubleValue()
            : DEFAULT_THRESHOLD;
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
    if (toAgentId.length() < 3 || toAgentId.length() > 256) {
      throw refusal("The id of an agent must have 3 to 256 characters");
    }
  }

  @Override
  public boolean decided(@Nullable Object decision, @Nullable Double confidence) {
    told(decision);
    if (confidence == null) {
      return true;
    }
    if (!(confidence >= 0 && confidence <= 1)) {
      throw refusal("A confidence is a number from 0 to 1");
    }
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

  private void requireCall(String callId) {
    if (!calls.contains(callId)) {
      throw refusal("There is no such tool call");
    }
  }

  private static void told(@Nullable Object value) {
    if (PlainJson.write("An agent told", value).length() > 256 * 1024) {
      throw refusal("What an agent tells must not exceed 256 KiB");
    }
  }

  private static NodeFailedException refusal(String message) {
    return new NodeFailedException("validation_error", message, false);
  }
}
