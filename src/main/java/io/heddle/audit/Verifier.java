package io.heddle.audit;

import io.heddle.audit.AuditStore.Place;
import io.heddle.audit.AuditStore.Standing;
import io.heddle.tenancy.Tenant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Walks chains anew and tells what is not as it was sealed. Thread-safe. */
public final class Verifier {

  /** The most entries that are verified at once. */
  static final long MOST_ENTRIES = 2_000_000;

  /** The most anomalies that are told. */
  static final int MOST_ANOMALIES = 1_000;

  private static final int PAGE = 1_000;

  private final AuditStore store;

  private final AuditKeys keys;

  private final Sealer sealer;

  public Verifier(AuditStore store, AuditKeys keys, Sealer sealer) {
    this.store = store;
    this.keys = keys;
    this.sealer = sealer;
  }

  /**
   * Verifies a part of a tenant's chain, after sealing what has been recorded so far.
   *
   * @param to may be far behind the end; null for the end
   * @throws RangeTooLongException if there are more entries than {@value #MOST_ENTRIES}
   */
  public AuditReport verify(Tenant tenant, long from, @Nullable Long to) {
    sealer.sealNow();
    Standing standing = store.standings(Set.of(tenant)).getOrDefault(tenant, Standing.NONE);
    long end = end(standing);
    long upTo = to == null ? Math.max(end, from) : to;
    if (Math.min(upTo, end) - from > MOST_ENTRIES) {
      throw new RangeTooLongException();
    }
    Checkpoint before = store.checkpointBefore(tenant, from).orElse(null);
    Walk walk = new Walk(store, keys, tenant, from, upTo, before);
    Place place =
        before == null
            ? new Place(Long.MIN_VALUE, 0)
            : new Place(before.atSequence(), before.number());
    List<Checkpoint> page;
    do {
      page = store.checkpoints(tenant, place, upTo, PAGE);
      for (Checkpoint checkpoint : page) {
        walk.to(Math.min(checkpoint.atSequence(), end));
        walk.check(checkpoint);
        place = new Place(checkpoint.atSequence(), checkpoint.number());
      }
    } while (page.size() == PAGE);
    walk.to(Math.min(upTo, end));
    if (upTo >= end) {
      walk.checkEnd(standing);
    }
    return walk.report();
  }

  /** What should be there: whoever cut off one of these has left the others. */
  private static long end(Standing standing) {
    ChainEnd.Signed signed = standing.end();
    Checkpoint last = standing.last();
    return Math.max(
        standing.lastSequence(),
        Math.max(
            signed == null ? 0 : signed.end().sequence(), last == null ? 0 : last.atSequence()));
  }
}
