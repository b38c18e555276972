package io.heddle.webhook;

import java.time.Duration;

/**
 * How a node delivers.
 *
 * @param durable whether failed deliveries are tried again, and kept as dead letters at the end; if
 *     not, each is tried once, and subscribers that fail are left alone for a while
 * @param schedule when they are tried again
 * @param concurrency how many subscribers this node sends to at the same time
 * @param timeout for one attempt
 * @param poll how often a node looks for what it was not told of
 * @param grace how long attempts under way may take when the node stops
 */
public record DeliverySettings(
    boolean durable,
    RetrySchedule schedule,
    int concurrency,
    Duration timeout,
    Duration poll,
    Duration grace) {

  // A batch may begin its last attempt at the end of one timeout; the rest is for the store.
  private static final Duration LEASE_MARGIN = Duration.ofSeconds(5);

  public DeliverySettings {
    if (concurrency < 1 || !isPositive(timeout) || !isPositive(poll)) {
      throw new IllegalArgumentException("Deliveries need some concurrency and some time");
    }
  }

  /** How long nobody else delivers for a subscriber that this node has begun to send to. */
  Duration lease() {
    return timeout.multipliedBy(2).plus(LEASE_MARGIN);
  }

  private static boolean isPositive(Duration duration) {
    return !duration.isNegative() && !duration.isZero();
  }
}
