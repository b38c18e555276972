package io.heddle.webhook;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * When a failed delivery is tried again. Thread-safe.
 *
 * @param delays before the second attempt, the third and so on; after the last there is no other
 * @param jitter by which share a delay is longer or shorter at random, 0 to 1
 * @param longestRetryAfter how far a receiver that asks for a later attempt is followed
 */
public record RetrySchedule(List<Duration> delays, double jitter, Duration longestRetryAfter) {

  private static final Duration NEVER_TOO_LATE = Duration.ofHours(1);

  public RetrySchedule {
    delays = List.copyOf(delays);
    if (jitter < 0 || jitter > 1 || longestRetryAfter.isNegative()) {
      throw new IllegalArgumentException("A jitter is from 0 to 1, and no time is negative");
    }
    for (Duration delay : delays) {
      if (delay.isNegative()) {
        throw new IllegalArgumentException("A delay before an attempt is not negative");
      }
    }
  }

  /** How often a delivery is tried at most. */
  public int maxAttempts() {
    return delays.size() + 1;
  }

  /** What all delays take together. */
  public Duration length() {
    return delays.stream().reduce(Duration.ZERO, Duration::plus);
  }

  /**
   * The time until the next attempt; empty if there is none.
   *
   * @param attempts how many were made, at least 1
   * @param age since the delivery was queued; one that is first tried after what was before it took
   *     longer than this schedule, and more than an hour, has had its only attempt
   * @param retryAfter what the receiver asked for, or null
   */
  Optional<Duration> next(int attempts, Duration age, @Nullable Duration retryAfter) {
    boolean tooLate =
        attempts == 1 && age.compareTo(length()) > 0 && age.compareTo(NEVER_TOO_LATE) > 0;
    if (attempts > delays.size() || tooLate) {
      return Optional.empty();
    }
    Duration delay = delays.get(attempts - 1);
    double factor = 1 + jitter * (2 * ThreadLocalRandom.current().nextDouble() - 1);
    Duration scattered = Duration.ofNanos((long) (delay.toNanos() * factor));
    if (retryAfter == null) {
      return Optional.of(scattered);
    }
    Duration asked = retryAfter.compareTo(longestRetryAfter) < 0 ? retryAfter : longestRetryAfter;
    return Optional.of(asked.compareTo(scattered) > 0 ? asked : scattered);
  }
}
