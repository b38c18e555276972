package io.heddle.effect;

import io.heddle.tenancy.Tenant;

/**
 * One call of a node's executor.
 *
 * @param leaseEpoch the epoch under which the caller holds the run
 * @param visit how often a loop brought the run to the node before
 * @param suspensions how often the node asked somebody outside before, over all visits
 * @param wakeups how often this attempt of the node was woken before
 */
public record Execution(
    Tenant tenant,
    String runId,
    long leaseEpoch,
    String nodeId,
    int visit,
    int suspensions,
    int wakeups) {

  /** Whether no effect of the node can come before those of this call. */
  public boolean isFirst() {
    return visit == 0 && suspensions == 0 && wakeups == 0;
  }
}
