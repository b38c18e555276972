package io.heddle.engine.node;

import io.heddle.spi.AgentLog;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.conformance.mock-agent}: does what its configuration says an agent did. For
 * conformance suites; no production host offers it.
 */
public final class MockAgentNode implements NodeExecutor {

  private static final String REASONING = "mockReasoning";

  private static final String TOOLS = "mockToolCalls";

  private static final String HANDOFF = "mockHandoff";

  private static final String DECISION = "mockDecision";

  @Override
  public String typeId() {
    return "core.conformance.mock-agent";
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    config.forEach(
        (member, value) -> {
          switch (member) {
            case REASONING -> {
              if (!(value instanceof Boolean)) {
                object(value, "/" + member, List.of("summary"), faults);
              }
            }
            case TOOLS -> tools(value, faults);
            case HANDOFF -> object(value, "/" + member, List.of("toAgentId"), faults);
            case DECISION -> decision(value, faults);
            default -> faults.put("/" + member, GateConfig.UNKNOWN);
          }
        });
    return faults;
  }

  private static void object(
      @Nullable Object value, String place, List<String> texts, Map<String, String> faults) {
    if (!(value instanceof Map<?, ?> members)) {
      faults.put(place, "must be an object");
      return;
    }
    for (String text : texts) {
      String fault = GateConfig.text(members.get(text), 16_384);
      if (fault != null) {
        faults.put(place + "/" + text, fault);
      }
    }
    if (members.get("streamChunks") != null
        && !(members.get("streamChunks") instanceof List<?> chunks
            && chunks.stream().allMatch(String.class::isInstance))) {
      faults.put(place + "/streamChunks", "must be an array of strings");
    }
  }

  private static void tools(@Nullable Object value, Map<String, String> faults) {
    if (!(value instanceof List<?> calls) || calls.size() > 100) {
      faults.put("/" + TOOLS, "must be an array of at most 100 calls");
      return;
    }
    for (int i = 0; i < calls.size(); i++) {
      String place = "/" + TOOLS + "/" + i;
      object(calls.get(i), place, List.of("toolId"), faults);
      if (calls.get(i) instanceof Map<?, ?> call
          && call.containsKey("result") == call.containsKey("error")) {
        faults.put(place, "must have either a result or an error");
      }
    }
  }

  private static void decision(@Nullable Object value, Map<String, String> faults) {
    if (!(value instanceof Map<?, ?> decision) || !decision.containsKey("decision")) {
      faults.put("/" + DECISION, "must be an object with a decision");
      return;
    }
    if (decision.containsKey("confidence")
        && !(decision.get("confidence") instanceof Number confidence
            && confidence.doubleValue() >= 0
            && confidence.doubleValue() <= 1)) {
      faults.put("/" + DECISION + "/confidence", "must be a number from 0 to 1");
    }
  }

  @Override
  public NodeResult execute(NodeContext context) {
    Map<?, ?> decision = members(context.config().get(DECISION));
    Resumption ratified = context.resumption();
    if (ratified != null) {
      boolean accepted =
          ratified.value() instanceof Map<?, ?> answer && "accept".equals(answer.get("action"));
      return accepted
          ? NodeResult.completed(outputs(decision))
          : NodeResult.failed("approval_rejected", "The agent's decision was rejected");
    }
    AgentLog agent = context.agent();
    reason(agent, context.config().get(REASONING));
    if (context.config().get(TOOLS) instanceof List<?> calls) {
      calls.forEach(call -> call(agent, members(call)));
    }
    if (context.config().get(HANDOFF) instanceof Map<?, ?> handoff) {
      agent.handedOff(
          String.valueOf(handoff.get("toAgentId")),
          handoff.get("reason") instanceof String reason ? reason : null);
    }
    if (decision.isEmpty()) {
      return NodeResult.completed();
    }
    Double confidence =
        decision.get("confidence") instanceof Number number ? number.doubleValue() : null;
    boolean sure = agent.decided(decision.get("decision"), confidence);
    return sure || confidence == null
        ? NodeResult.completed(outputs(decision))
        : NodeResult.suspended(agent.lowConfidence(decision.get("decision"), confidence));
  }

  private static void reason(AgentLog agent, @Nullable Object mock) {
    if (Boolean.TRUE.equals(mock)) {
      agent.reasoned("The agent gave no account of its reasoning.");
    } else if (mock instanceof Map<?, ?> reasoning) {
      if (reasoning.get("streamChunks") instanceof List<?> chunks) {
        chunks.forEach(chunk -> agent.reasoning(String.valueOf(chunk)));
      }
      Object text =
          reasoning.get("trace") == null ? reasoning.get("summary") : reasoning.get("trace");
      agent.reasoned(String.valueOf(text));
    }
  }

  private static void call(AgentLog agent, Map<?, ?> call) {
    String callId = agent.toolCalled(String.valueOf(call.get("toolId")), call.get("arguments"));
    if (call.get("error") instanceof Map<?, ?> error) {
      agent.toolFailed(
          callId, String.valueOf(error.get("error")), String.valueOf(error.get("message")));
    } else {
      agent.toolReturned(callId, call.get("result"));
    }
  }

  private static Map<String, @Nullable Object> outputs(Map<?, ?> decision) {
    Map<String, @Nullable Object> outputs = new LinkedHashMap<>();
    outputs.put("decision", decision.get("decision"));
    return outputs;
  }

  private static Map<?, ?> members(@Nullable Object value) {
    return value instanceof Map<?, ?> members ? members : Map.of();
  }
}
