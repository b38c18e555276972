package io.heddle.engine.node;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.identity}: its outputs are its inputs. With {@code emitDuplicateMessageId} it writes
 * one message twice to the channel {@code messages}, which shows that the channel keeps it once.
 */
public final class IdentityNode implements NodeExecutor {

  private static final String EMIT_DUPLICATE = "emitDuplicateMessageId";

  @Override
  public String typeId() {
    return "core.identity";
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    return config.containsKey(EMIT_DUPLICATE) && !(config.get(EMIT_DUPLICATE) instanceof Boolean)
        ? Map.of("/" + EMIT_DUPLICATE, "must be true or false")
        : Map.of();
  }

  @Override
  public NodeResult execute(NodeContext context) {
    if (Boolean.TRUE.equals(context.config().get(EMIT_DUPLICATE))) {
      String messageId = "%s.%d".formatted(context.nodeId(), context.visit());
      for (int i = 0; i < 2; i++) {
        context
            .channels()
            .write(
                "messages",
                Map.of("messageId", messageId, "role", "system", "content", "Said twice"));
      }
    }
    return NodeResult.completed(context.inputs());
  }
}
