package io.heddle.status;

import java.time.Instant;
import java.util.List;

/** What the database knows of all nodes: numbers and liveness, no tenant's data. Thread-safe. */
public interface ClusterStore {

  /** The figures now. */
  Figures figures();

  /** The nodes that live, longest-living first. */
  List<Node> nodes();

  /**
   * Figures of all nodes together. Counting stops at 100,000 each.
   *
   * @param waiting runs that are due and wait for a slot
   * @param executing runs that a node holds
   * @param pending deliveries still to be made
   * @param deadLetters deliveries that were given up and are kept
   */
  record Figures(long waiting, long executing, long pending, long deadLetters) {}

  /**
   * A live node.
   *
   * @param since when it joined under this id
   * @param expiresAt when it counts as gone unless it shows before that it lives
   */
  record Node(String id, Instant since, Instant expiresAt) {}
}
