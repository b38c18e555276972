package io.heddle.engine;

import io.heddle.spi.NodeExecutor;

/** The node types that the engine executes itself, so that definitions can use them. */
public final class EngineNodes {

  private EngineNodes() {}

  /** {@code core.subWorkflow}. */
  public static NodeExecutor subWorkflow() {
    return new SubWorkflowNode();
  }
}
