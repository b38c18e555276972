package io.heddle.engine.node;

import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.interrupt}: waits for an event of another system, or for whatever its author and who
 * answers agreed on, and completes with what came [interrupt.md §External event, §Custom].
 */
public final class InterruptNode implements NodeExecutor {

  private static final String EXTERNAL = "external-event";

  private static final String CUSTOM = "custom";

  @Override
  public String typeId() {
    return "core.interrupt";
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    Object kind = config.get("kind");
    if (!EXTERNAL.equals(kind) && !CUSTOM.equals(kind)) {
      faults.put("/kind", "must be one of %s, %s".formatted(EXTERNAL, CUSTOM));
      return faults;
    }
    config.forEach(
        (member, value) -> {
          switch (member) {
            case "kind" -> {}
            case "data" -> {
              if (value instanceof Map<?, ?> data) {
                dataFaults(EXTERNAL.equals(kind), data, faults);
              } else {
                faults.put("/data", "must be an object");
              }
            }
            case "timeoutMs" -> put(faults, "/timeoutMs", GateConfig.timeout(value));
            case "resumeSchema" -> put(faults, "/resumeSchema", SchemaFaults.of(value));
            default -> faults.put("/" + member, GateConfig.UNKNOWN);
          }
        });
    if (!config.containsKey("data")) {
      faults.put("/data", "is required");
    }
    return faults;
  }

  private static void dataFaults(boolean external, Map<?, ?> data, Map<String, String> faults) {
    String name = external ? "eventType" : "customKind";
    String content = external ? "correlation" : "payload";
    put(faults, "/data/" + name, GateConfig.text(data.get(name), 256));
    if (external && !(data.get(content) instanceof Map<?, ?> keys && !keys.isEmpty())) {
      faults.put("/data/" + content, "must be an object that is not empty");
    }
    for (Object member : data.keySet()) {
      if (!name.equals(member) && !content.equals(member)) {
        faults.put("/data", "must have no members but %s, %s".formatted(name, content));
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
      return NodeResult.suspended(request(context.config()));
    }
    if (resumption.timedOut()) {
      return NodeResult.failed(
          "interrupt_timeout", "What the node waited for did not come in time");
    }
    Map<String, @Nullable Object> outputs = new LinkedHashMap<>();
    outputs.put("value", resumption.value());
    return NodeResult.completed(outputs);
  }

  private static InterruptRequest request(Map<String, @Nullable Object> config) {
    Map<String, @Nullable Object> schema = members(config.get("resumeSchema"));
    InterruptKind kind =
        EXTERNAL.equals(config.get("kind")) ? InterruptKind.EXTERNAL_EVENT : InterruptKind.CUSTOM;
    return new InterruptRequest(
        kind,
        members(config.get("data")),
        // An empty schema asks for nothing.
        schema.isEmpty() ? null : schema,
        GateConfig.timeout(config));
  }

  private static Map<String, @Nullable Object> members(@Nullable Object object) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    if (object instanceof Map<?, ?> given) {
      given.forEach((member, value) -> members.put(String.valueOf(member), value));
    }
    return members;
  }
}
