package io.heddle.run;

/** Hears of every change of a run after its transaction committed. Must return quickly. */
public interface CommitListener {

  /** The run's log may have grown. A missed call costs a reader time, never an event. */
  void committed(String runId);
}
