package io.heddle.claim;

import java.time.Duration;

/**
 * How this node claims.
 *
 * @param ttl how long a node counts as live after its last heartbeat
 * @param heartbeat how often a node shows that it lives; well below {@code ttl}
 * @param poll how often a node with free slots looks for due runs nobody told it of
 * @param slots how many runs this node executes at the same time
 */
public record ClaimSettings(Duration ttl, Duration heartbeat, Duration poll, int slots) {

  public ClaimSettings {
    if (slots < 1) {
      throw new IllegalArgumentException("A node needs at least one slot");
    }
    if (heartbeat.isZero()
        || heartbeat.isNegative()
        || heartbeat.multipliedBy(2).compareTo(ttl) > 0) {
      throw new IllegalArgumentException(
          "The heartbeat must be positive and at most half of the claim's time to live");
    }
  }
}
