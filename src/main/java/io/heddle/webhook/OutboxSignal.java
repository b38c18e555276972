package io.heddle.webhook;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Wakes the dispatcher of this process when a transaction that queued deliveries has committed.
 * Raised any number of times it is one signal. Thread-safe.
 */
public final class OutboxSignal {

  private final Semaphore raised = new Semaphore(0);

  /** There may be something to do. Returns at once. */
  public void raise() {
    if (raised.availablePermits() == 0) {
      raised.release();
    }
  }

  /** Waits for the signal, and takes it, or for some time. */
  void await(Duration longest) throws InterruptedException {
    if (raised.tryAcquire(longest.toNanos(), TimeUnit.NANOSECONDS)) {
      raised.drainPermits();
    }
  }
}
