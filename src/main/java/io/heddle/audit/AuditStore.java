package io.heddle.audit;

import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Chains of audit entries, one for each tenant. Thread-safe. */
public interface AuditStore {

  /**
   * Does something in a transaction, while nobody else of any node does.
   *
   * @param waits whether to wait for who is at it now
   * @return empty if somebody else is at it and this does not wait
   */
  <T> Optional<T> alone(boolean waits, Supplier<T> work);

  /** Whether something waits to be sealed, or a chain has entries without a checkpoint for long. */
  boolean hasWork(Duration unanchored);

  /** What was recorded and is in no chain yet, of all tenants, the oldest first. */
  List<Pending> pending(int limit);

  /** The tenants whose chains have had entries without a checkpoint for so long, some of them. */
  List<Tenant> unanchored(Duration age, int limit);

  /** How chains stand; tenants without any are left out. */
  Map<Tenant, Standing> standings(Collection<Tenant> tenants);

  /** Appends to chains, signs for them, and forgets what was pending. */
  void append(List<Entry> entries, List<Checkpoint> checkpoints, List<ChainEnd.Signed> ends);

  /** Entries of a chain with a sequence after one and up to another, in order. */
  List<Entry> entries(Tenant tenant, long after, long upTo, int limit);

  /**
   * Checkpoints of a chain in the order of their place, from one place (exclusive) up to another.
   */
  List<Checkpoint> checkpoints(Tenant tenant, Place after, long upTo, int limit);

  /** The last checkpoint before a sequence. */
  Optional<Checkpoint> checkpointBefore(Tenant tenant, long sequence);

  /** What waits on all chains together. */
  Backlog backlog();

  /** Something that was recorded. */
  record Pending(long id, AuditEvent event, Instant occurredAt) {}

  /** Where a checkpoint is: two of one sequence can only be there if somebody put one. */
  record Place(long atSequence, long number) {}

  /**
   * How a chain stands in one snapshot.
   *
   * @param end what the host itself says of its end; null if that is gone
   * @param lastSequence of the entries that are there
   * @param last the last checkpoint that is there
   */
  record Standing(ChainEnd.@Nullable Signed end, long lastSequence, @Nullable Checkpoint last) {

    /** Of a tenant without a chain. */
    public static final Standing NONE = new Standing(null, 0, null);
  }

  /**
   * What waits.
   *
   * @param unsealed recorded, and in no chain yet
   * @param unanchored how long the longest waiting entry has been without a checkpoint
   */
  record Backlog(long unsealed, Duration unanchored) {}
}
