package io.heddle.engine;

import java.time.Duration;

/**
 * How long a failed node waits for its next attempt: twice as long each time. Without chance, so
 * that a replay waits as long.
 *
 * @param first before the second attempt
 * @param longest before any attempt
 */
public record RetryPolicy(Duration first, Duration longest) {

  /** The wait after an attempt that failed, 0 being the first. */
  Duration delay(int attempt) {
    Duration delay = first;
    for (int i = 0; i < attempt && delay.compareTo(longest) < 0; i++) {
      delay = delay.multipliedBy(2);
    }
    return delay.compareTo(longest) < 0 ? delay : longest;
  }
}
