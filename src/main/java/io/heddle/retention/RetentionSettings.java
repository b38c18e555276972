package io.heddle.retention;

import java.time.Duration;

/**
 * How long what has ended is kept.
 *
 * @param window how long a run is kept after its end
 * @param tombstones how long a deleted run is told from one that never was
 * @param interval how often a node looks for what is no longer kept
 * @param deliveries how long it is kept that a subscriber was told
 * @param deadLetters how long deliveries that were given up are kept
 */
public record RetentionSettings(
    Duration window,
    Duration tombstones,
    Duration interval,
    Duration deliveries,
    Duration deadLetters) {

  /** What the protocol promises of hosts that are not for development only. */
  public static final Duration SHORTEST_WINDOW = Duration.ofDays(7);

  // The database's calendar goes further back than this; beyond it lies only a mistake.
  private static final Duration LONGEST = Duration.ofDays(365_000);

  public RetentionSettings {
    check("window", window);
    check("tombstones", tombstones);
    check("interval", interval);
  }

  private static void check(String name, Duration value) {
    if (value.toMillis() < 1 || value.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "openwop.retention.%s must be at least 1 ms and at most %d days"
              .formatted(name, LONGEST.toDays()));
    }
  }
}
