package io.heddle.run;

/** Where a run stands. A terminal status is final. */
public enum RunStatus {
  PENDING,
  RUNNING,
  PAUSED,
  WAITING_APPROVAL,
  WAITING_INPUT,
  WAITING_EXTERNAL,
  CANCELLING,
  COMPLETED,
  FAILED,
  CANCELLED;

  /** Whether nothing may change or be appended any more. */
  public boolean isTerminal() {
    return switch (this) {
      case COMPLETED, FAILED, CANCELLED -> true;
      case PENDING,
          RUNNING,
          PAUSED,
          WAITING_APPROVAL,
          WAITING_INPUT,
          WAITING_EXTERNAL,
          CANCELLING ->
          false;
    };
  }

  /** Whether somebody outside has to act before the run goes on. */
  public boolean isWaiting() {
    return this == WAITING_APPROVAL || this == WAITING_INPUT || this == WAITING_EXTERNAL;
  }

  /** Whether a run that stands here may stand at {@code next} after one step. */
  public boolean canBecome(RunStatus next) {
    return switch (this) {
      case PENDING -> next != PENDING;
      case RUNNING, PAUSED, WAITING_APPROVAL, WAITING_INPUT, WAITING_EXTERNAL -> next != PENDING;
      case CANCELLING -> next == CANCELLING || next == CANCELLED;
      case COMPLETED, FAILED, CANCELLED -> false;
    };
  }
}
