package io.heddle.engine;

import io.heddle.spi.NodeExecutor;

/** The node types that the engine executes itself, so that definitions can use them. */
public final class EngineNodes {

  private EngineNodes() {}

  /** {@code core.subWorkflow}. */
  public static NodeExecutor subWorkflow() {
    return new SubWorkflowNode();
  }

  /**
   * {@code core.orchestrator.supervisor}.
   *
   * @param acceptsPlans whether definitions may hold the decisions, which is for tests only
   */
  public static NodeExecutor supervisor(boolean acceptsPlans) {
    return new SupervisorNode(acceptsPlans);
  }

  /** {@code core.dispatch}. */
  public static NodeExecutor dispatch() {
    return new DispatchNode();
  }
}
