package io.heddle.retention;

import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Deletes what is no longer kept. Every method is one transaction; every time is the database's.
 * Thread-safe.
 *
 * <p>The methods that sweep do so for all tenants, one caller of all nodes at a time: an empty
 * result says that somebody else is at it.
 */
public interface RetentionStore {

  /**
   * Deletes some of the runs that ended longer ago than a window, and everything that belongs to
   * them, and leaves tombstones. Runs with a live parent, live children or forks are kept, and
   * those that somebody has locked are left for another time.
   *
   * @param after where to go on
   * @param limit how many runs to look at, at most; fewer if their logs are long
   */
  Optional<Batch> expireRuns(Duration window, Position after, int limit);

  /**
   * Deletes records of answered mutations that can no longer be repeated, at most {@code limit}.
   */
  OptionalInt deleteIdempotencyRecords(int limit);

  /** Deletes tombstones older than an age, at most {@code limit}. */
  OptionalInt deleteTombstones(Duration age, int limit);

  /**
   * Deletes what is known of deliveries that were over an age ago, at most {@code limit}. Failures
   * are kept for as long as they count against a subscriber.
   */
  OptionalInt deleteDeliveries(Duration age, int limit);

  /** Deletes deliveries that are queued for nobody any more, at most {@code limit}. */
  OptionalInt deleteAbandonedDeliveries(int limit);

  /** Deletes deliveries that were given up an age ago, at most {@code limit}. */
  OptionalInt deleteDeadLetters(Duration age, int limit);

  /** When a run of this tenant was deleted; empty if there is no tombstone of it. */
  Optional<Instant> expiredAt(Tenant tenant, String runId);

  /** Whose run this is, if it is one of these workflows and the host offers them to everybody. */
  Optional<Tenant> tenantOf(String runId, Collection<String> offeredWorkflows);

  /**
   * Deletes a run before its time.
   *
   * @return false if it has not ended, is needed by another run, or does not exist
   */
  boolean expire(Tenant tenant, String runId);

  /** A place in the order in which runs ended. */
  record Position(Instant endedAt, String runId) {

    /** Before all runs. */
    public static final Position START = new Position(Instant.EPOCH, "");
  }

  /**
   * What was done at once.
   *
   * @param expired how many runs were deleted
   * @param next where to go on; null if nothing was left behind it
   */
  record Batch(int expired, @Nullable Position next) {}
}
