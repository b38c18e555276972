package io.heddle.engine;

/**
 * What this host holds of the protocol's model of how several agents work together
 * [multi-agent-execution.md]. What is advertised is read from here.
 */
public final class ExecutionModel {

  /** The handoff of work. */
  public static final int VERSION = 1;

  private ExecutionModel() {}
}
