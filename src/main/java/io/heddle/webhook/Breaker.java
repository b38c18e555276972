package io.heddle.webhook;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When a subscriber whose deliveries are tried only once is left alone. After so many failures in a
 * row its circuit is open: what happens meanwhile is not told to it. The first event afterwards is
 * a probe; if it fails, too, the circuit is open again.
 */
final class Breaker {

  static final int FAILURES_UNTIL_OPEN = 4;

  static final int FAILURES_UNTIL_FAILED = 100;

  static final Duration COUNTED_FOR = Duration.ofDays(7);

  private static final Duration OPEN_FOR = Duration.ofHours(1);

  private Breaker() {}

  /** For how long the circuit is open after so many failures in a row; null if it is not. */
  static @Nullable Duration opensFor(int failures) {
    return failures >= FAILURES_UNTIL_OPEN ? OPEN_FOR : null;
  }
}
