package io.heddle.run;

import org.jspecify.annotations.Nullable;

/** Hears of every change of a run after its transaction committed. Must return quickly. */
public interface CommitListener {

  /** The run's log may have grown. A missed call costs a reader time, never an event. */
  void committed(String runId);

  /**
   * The run has come to its end. Told once, by the process that committed it if that still lives.
   *
   * @param run as it was before, or earlier
   * @param error why it failed, if it did
   */
  default void ended(Run run, RunStatus status, @Nullable RunError error) {}
}
