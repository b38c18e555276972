package io.heddle.run;

/**
 * What an event of the log says. The name of the constant is what the database stores; each major
 * of the protocol has its own spelling.
 */
public enum EventType {
  RUN_STARTED,
  RUN_COMPLETED,
  RUN_FAILED,
  RUN_CANCELLED,
  RUN_PAUSED,
  RUN_RESUMED,
  NODE_STARTED,
  NODE_COMPLETED,
  NODE_FAILED,
  NODE_RETRIED,
  NODE_SKIPPED,
  NODE_CANCELLED,
  NODE_SUSPENDED,
  NODE_RESUMED,
  INTERRUPT_REQUESTED,
  INTERRUPT_RESOLVED,
  APPROVAL_REQUESTED,
  APPROVAL_RECEIVED,
  CLARIFICATION_REQUESTED,
  CLARIFICATION_RESOLVED,
  VARIABLE_CHANGED,
  CHANNEL_WRITTEN,
  CAP_BREACHED,
  LOOPBACK_LIMIT,
  ORCHESTRATOR_DECIDED,
  NODE_DISPATCHED,
  FAN_OUT_BEGUN,
  FAN_OUT_JOINED,
  VERSION_PINNED,
  ARTIFACT_CREATED;

  /** Whether this event is the last of its log. */
  public boolean isTerminal() {
    return this == RUN_COMPLETED || this == RUN_FAILED || this == RUN_CANCELLED;
  }
}
