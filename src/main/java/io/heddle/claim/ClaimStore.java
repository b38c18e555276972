package io.heddle.claim;

import io.heddle.run.Run;
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

  /** Takes runs that are due, under a raised lease epoch, at most {@code limit}. */
  List<Run> claimDue(String nodeId, int limit);

  /** Gives one run up and makes it due after a delay; nothing if it is no longer held like this. */
  void handBack(String nodeId, String runId, long leaseEpoch, Duration delay);

  /** What a node holds. */
  List<Held> heldBy(String nodeId);

  /** A run under lease. */
  record Held(String runId, long leaseEpoch) {}

  /** Ends a node's life: all its runs are due now. */
  void release(String nodeId);
}
