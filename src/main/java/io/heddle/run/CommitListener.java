package io.heddle.run;

import io.heddle.spi.InterruptKind;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Hears of every change of a run after its transaction committed. Must return quickly and do no
 * I/O, for the threads of runs and requests call it.
 */
public interface CommitListener {

  /** The run's log may have grown. A missed call costs a reader time, never an event. */
  void committed(String runId);

  /** A run was accepted, or another run started it. Told once, by the process that stored it. */
  default void created(Tenant tenant, String runId, String workflowId) {}

  /**
   * What was appended to the log of a run by its worker. Told once, by the process that stored it.
   *
   * @param run as it was before, or earlier
   */
  default void appended(Run run, List<NewEvent> events) {}

  /**
   * A question was settled from outside. Told once, by the process that stored it.
   *
   * @param waited since it was put
   */
  default void answered(InterruptKind kind, Duration waited) {}

  /**
   * A run was not accepted because another one of its scope is live.
   *
   * @param activeRunId the run that is live
   */
  default void conflicted(Tenant tenant, String activeRunId) {}

  /**
   * The run has come to its end. Told once, by the process that committed it if that still lives.
   *
   * @param run as it was before, or earlier
   * @param error why it failed, if it did
   */
  default void ended(Run run, RunStatus status, @Nullable RunError error) {}

  /** Tells several listeners, in this order. */
  static CommitListener all(List<? extends CommitListener> listeners) {
    return new CommitListeners(List.copyOf(listeners));
  }
}
