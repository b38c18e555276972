package io.heddle.engine.node;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;

/** {@code core.noop}: succeeds. */
public final class NoopNode implements NodeExecutor {

  @Override
  public String typeId() {
    return "core.noop";
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public NodeResult execute(NodeContext context) {
    return NodeResult.completed();
  }
}
