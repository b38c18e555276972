package io.heddle.metrics;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * What was seen a little while ago, so that those who look often cost no more than those who look
 * seldom. If it cannot be seen, the last sight stands. Thread-safe.
 *
 * @param <T> what is looked at
 */
public final class Recently<T> implements Supplier<T> {

  private final Supplier<T> look;

  private final long nanos;

  private T seen;

  private long seenAt;

  /**
   * @param shelfLife how old a sight may be
   * @param unseen what there is before the first look that succeeds
   */
  public Recently(Duration shelfLife, T unseen, Supplier<T> look) {
    this.look = look;
    this.nanos = shelfLife.toNanos();
    this.seen = unseen;
    this.seenAt = System.nanoTime() - nanos;
  }

  @Override
  public synchronized T get() {
    T last = seen;
    if (System.nanoTime() - seenAt >= nanos) {
      seenAt = System.nanoTime();
      try {
        last = look.get();
        seen = last;
      } catch (RuntimeException e) {
        // The database is away; whoever measures it says so.
      }
    }
    return last;
  }
}
