package io.heddle.claim;

import io.heddle.run.AtCapacityException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * How many runs wait for a free slot somewhere, and how many may. Known from a sample of the
 * database that is at most a second old, plus what this node has added since; several nodes
 * together may therefore exceed the limit by what the others accept within a second. Thread-safe.
 */
final class WaitingRuns {

  private static final long SAMPLE_NANOS = 1_000_000_000;

  // Nobody needs to know a longer queue exactly, and counting it is work.
  private static final int COUNTED_WITHOUT_LIMIT = 10_000;

  private final ClaimStore store;

  private final int limit;

  private final AtomicInteger length = new AtomicInteger();

  private final LongAdder refused = new LongAdder();

  private final AtomicBoolean sampling = new AtomicBoolean();

  private volatile long sampledAt = System.nanoTime() - SAMPLE_NANOS;

  WaitingRuns(ClaimStore store, int limit) {
    this.store = store;
    this.limit = limit;
  }

  /** Counts a run in that waits from now on; throws if there are as many as may be. */
  void enter() {
    if (limit == 0) {
      return;
    }
    if (length() >= limit) {
      refused.increment();
      throw new AtCapacityException("runs waiting for a slot");
    }
    length.incrementAndGet();
  }

  /** How many were refused. */
  long refused() {
    return refused.sum();
  }

  /** How many wait; beyond the limit not counted exactly. */
  int length() {
    if (System.nanoTime() - sampledAt >= SAMPLE_NANOS && sampling.compareAndSet(false, true)) {
      try {
        length.set(store.waiting(limit == 0 ? COUNTED_WITHOUT_LIMIT : limit));
        sampledAt = System.nanoTime();
      } finally {
        sampling.set(false);
      }
    }
    return length.get();
  }
}
