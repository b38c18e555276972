package io.heddle.engine.node;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.Map;
import java.util.UUID;

/**
 * {@code core.conformance.side-effect}: gives something new whenever it is executed, once per run.
 * For conformance suites; no production host offers it.
 */
public final class SideEffectNode implements NodeExecutor {

  @Override
  public String typeId() {
    return "core.conformance.side-effect";
  }

  @Override
  public NodeResult execute(NodeContext context) throws Exception {
    return NodeResult.completed(
        Map.of(
            "receipt",
            String.valueOf(
                context.once("conformance:effect", invocationId -> UUID.randomUUID().toString()))));
  }
}
