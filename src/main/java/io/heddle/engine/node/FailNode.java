package io.heddle.engine.node;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code core.fail}: fails with the {@code code} and {@code message} of its configuration. */
public final class FailNode implements NodeExecutor {

  private static final String CODE = "code";

  private static final String MESSAGE = "message";

  @Override
  public String typeId() {
    return "core.fail";
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    for (String member : List.of(CODE, MESSAGE)) {
      if (config.containsKey(member)
          && !(config.get(member) instanceof String text && !text.isBlank())) {
        faults.put("/" + member, "must be a non-empty string");
      }
    }
    return faults;
  }

  @Override
  public NodeResult execute(NodeContext context) {
    return NodeResult.failed(
        (String) context.config().getOrDefault(CODE, "heddle.failed_on_purpose"),
        (String) context.config().getOrDefault(MESSAGE, "The node fails on purpose"));
  }
}
