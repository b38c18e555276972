package io.heddle.engine;

import io.heddle.spi.InterruptKind;

/**
 * What this host holds of the protocol's model of how several agents work together
 * [multi-agent-execution.md]. What is advertised is read from here.
 */
public final class ExecutionModel {

  /**
   * The handoff of work, and the escalation of decisions. The next version links the logs of
   * several hosts, and this one hands no work to another host.
   */
  public static final int VERSION = 2;

  /**
   * A decision whose confidence is below this is never executed unseen, whatever a run asks for.
   */
  public static final double CONFIDENCE_FLOOR = 0.5;

  /** How a person is asked about such a decision. */
  public static final InterruptKind ESCALATION = InterruptKind.APPROVAL;

  private ExecutionModel() {}
}
