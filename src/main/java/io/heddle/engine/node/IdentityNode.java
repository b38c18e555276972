package io.heddle.engine.node;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code core.identity}: its outputs are its inputs. */
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
    return config.containsKey(EMIT_DUPLICATE)
        ? Map.of("/" + EMIT_DUPLICATE, "is not executed by this host")
        : Map.of();
  }

  @Override
  public NodeResult execute(NodeContext context) {
    return NodeResult.completed(context.inputs());
  }
}
