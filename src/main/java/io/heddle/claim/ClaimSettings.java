package io.heddle.claim;

import java.time.Duration;

/**
 * How this node claims.
 *
 * @param ttl how long a node counts as live after its last heartbeat
 * @param heartbeat how often a node shows that it lives; well below {@code ttl}
 * @param poll how often a node with free slots looks for due runs nobody told it of
 * @param slots how many runs this node executes at the same time
 * @param slotsPerTenant how many runs of one tenant all nodes together execute at the same time; 0
 *     for any number
 * @param maxWaiting how many runs may wait for a free slot before more are refused; 0 for any
 *     number
 */
public record ClaimSettings(
    Duration ttl,
    Duration heartbeat,
    Duration poll,
    int slots,
    int slotsPerTenant,
    int maxWaiting) {

  public ClaimSettings {
    if (slots < 1) {
      throw new IllegalArgumentException("A node needs at least one slot");
    }
    if (slotsPerTenant < 0 || maxWaiting < 0) {
      throw new IllegalArgumentException("A limit must not be negative; 0 means none");
    }
    if (heartbeat.isZero()
        || heartbeat.isNegative()
        || heartbeat.multipliedBy(2).compareTo(ttl) > 0) {
      throw new IllegalArgumentException(
          "The heartbeat must be positive and at most half of the claim's time to live");
    }
  }
}
