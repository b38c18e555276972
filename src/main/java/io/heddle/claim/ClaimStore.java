package io.heddle.claim;

import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Node liveness and claims. Every time is the database's. Thread-safe. */
public interface ClaimStore {

  /** Makes a node live for {@code ttl}; returns the database's time. */
  Instant register(String nodeId, Duration ttl);

  /** Keeps a node live for another {@code ttl}; empty if it was fenced in the meantime. */
  Optional<Instant> heartbeat(String nodeId, Duration ttl);

  /** Fences nodes past their expiry and makes their runs due now; returns how many runs. */
  int freeOrphans();

  /**
   * Takes runs that are due, under a raised lease epoch. Tenants with fewer runs in execution come
   * first and those with as many in turns; of one tenant, what has waited longest. While others
   * live, a node takes no more than its share of what is due.
   *
   * @param free how many runs the node can take
   * @param perTenant how many runs of one tenant may be in execution on all nodes; 0 for any number
   */
  Claimed claim(String nodeId, int free, int perTenant);

  /** Takes runs that are due, however many of their tenant's are in execution. */
  default List<Run> claimDue(String nodeId, int free) {
    return claim(nodeId, free, 0).runs();
  }

  /**
   * What a node got.
   *
   * @param more whether there was more that is due
   */
  record Claimed(List<Run> runs, boolean more) {}

  /** How many runs of a tenant are in execution on all nodes. */
  int executing(Tenant tenant);

  /** How many runs are due and wait for somebody to take them, counted up to a limit. */
  int waiting(int limit);

  /** Gives one run up and makes it due after a delay; nothing if it is no longer held like this. */
  void handBack(String nodeId, String runId, long leaseEpoch, Duration delay);

  /** What a node holds. */
  List<Held> heldBy(String nodeId);

  /** A run under lease. */
  record Held(String runId, long leaseEpoch) {}

  /** Ends a node's life: all its runs are due now. */
  void release(String nodeId);
}
