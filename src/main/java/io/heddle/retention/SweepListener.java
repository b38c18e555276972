package io.heddle.retention;

/** Hears what a sweeper did, on its thread and after the commit. Must neither block nor throw. */
public interface SweepListener {

  /** What is deleted when its time is over. */
  enum Kind {
    RUN,
    IDEMPOTENCY_RECORD,
    TOMBSTONE,
    DELIVERY,
    DEAD_LETTER
  }

  /** Some of a kind are gone. */
  void deleted(Kind kind, int count);

  /** A sweep ended early; the next one goes on. */
  void failed();
}
