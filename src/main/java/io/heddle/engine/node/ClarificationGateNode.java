package io.heddle.engine.node;

import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.clarificationGate}: asks questions and completes with the answers by question id
 * [interrupt.md §Clarification].
 */
public final class ClarificationGateNode implements NodeExecutor {

  private static final int MOST_QUESTIONS = 100;

  @Override
  public String typeId() {
    return "core.clarificationGate";
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
            case "questions" -> questionFaults(value, faults);
            case "contextType" -> put(faults, "/" + member, GateConfig.text(value, 256));
            case "timeoutMs" -> put(faults, "/" + member, GateConfig.timeout(value));
            default -> put(faults, "/" + member, GateConfig.UNKNOWN);
          }
        });
    if (!config.containsKey("questions")) {
      faults.put("/questions", "is required");
    }
    return faults;
  }

  private static void questionFaults(@Nullable Object value, Map<String, String> faults) {
    if (!(value instanceof List<?> questions)
        || questions.isEmpty()
        || questions.size() > MOST_QUESTIONS) {
      faults.put("/questions", "must be an array of 1 to %d questions".formatted(MOST_QUESTIONS));
      return;
    }
    Set<Object> ids = new HashSet<>();
    for (int i = 0; i < questions.size(); i++) {
      String place = "/questions/" + i;
      if (!(questions.get(i) instanceof Map<?, ?> question)) {
        faults.put(place, "must be an object");
        continue;
      }
      put(faults, place + "/id", GateConfig.text(question.get("id"), 256));
      put(faults, place + "/question", GateConfig.text(question.get("question"), 4_096));
      if (!ids.add(String.valueOf(question.get("id")))) {
        faults.put(place + "/id", "must differ from those before it");
      }
      for (Object member : question.keySet()) {
        if (!List.of("id", "question", "schema").contains(String.valueOf(member))) {
          faults.put(place, "must have no members but id, question, schema");
        }
      }
      if (question.containsKey("schema")) {
        put(faults, place + "/schema", SchemaFaults.of(question.get("schema")));
      }
    }
  }

  private static void put(Map<String, String> faults, String place, @Nullable String fault) {
    if (fault != null) {
      faults.put(place, fault);
    }
  }

  @Override
  public NodeResult execute(NodeContext context) {
    Resumption resumption = context.resumption();
    if (resumption == null) {
      Map<String, @Nullable Object> data = new LinkedHashMap<>();
      data.put("questions", context.config().get("questions"));
      if (context.config().containsKey("contextType")) {
        data.put("contextType", context.config().get("contextType"));
      }
      return NodeResult.suspended(
          new InterruptRequest(
              InterruptKind.CLARIFICATION, data, null, GateConfig.timeout(context.config())));
    }
    if (resumption.timedOut()) {
      return NodeResult.failed("interrupt_timeout", "Nobody answered in time");
    }
    Map<String, @Nullable Object> outputs = new LinkedHashMap<>();
    outputs.put(
        "answers", resumption.value() instanceof Map<?, ?> given ? given.get("answers") : null);
    return NodeResult.completed(outputs);
  }
}
