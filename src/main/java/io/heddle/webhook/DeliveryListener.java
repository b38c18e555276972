package io.heddle.webhook;

/** Hears what a dispatcher did, on its threads. Must neither block nor throw. */
public interface DeliveryListener {

  /** What an attempt came to. */
  enum Outcome {
    DELIVERED,
    /** Failed, and is tried again. */
    RETRIED,
    /** Failed, and is not tried again. */
    FAILED,
    /** Nobody needed to be told any more, so that none was made. */
    SKIPPED,
    /** Failed for the last time, or was never possible; kept as a dead letter. */
    DEAD
  }

  /** An attempt is over; it may not have been recorded yet. */
  void attempted(Outcome outcome);
}
