package io.heddle.audit;

import io.heddle.audit.AuditStore.Place;
import io.heddle.tenancy.Tenant;
import java.util.ArrayList;
import java.util.List;

/** What is stored of a chain, for those who verify it themselves. Thread-safe. */
public final class AuditExport {

  private final AuditStore store;

  private final Sealer sealer;

  public AuditExport(AuditStore store, Sealer sealer) {
    this.store = store;
    this.sealer = sealer;
  }

  /** Sealed entries of a tenant from one sequence to another, in order. */
  public List<Entry> entries(Tenant tenant, long from, long to, int limit) {
    sealer.sealNow();
    return store.entries(tenant, from - 1, to, limit);
  }

  /**
   * Checkpoints of a tenant from one sequence to another that were signed with one key, in order.
   */
  public List<Checkpoint> checkpoints(Tenant tenant, String keyId, long from, long to, int limit) {
    List<Checkpoint> found = new ArrayList<>();
    Place place = new Place(from, Long.MIN_VALUE);
    List<Checkpoint> page;
    do {
      page = store.checkpoints(tenant, place, to, limit);
      for (Checkpoint checkpoint : page) {
        if (checkpoint.keyId().equals(keyId) && found.size() < limit) {
          found.add(checkpoint);
        }
        place = new Place(checkpoint.atSequence(), checkpoint.number());
      }
    } while (page.size() == limit && found.size() < limit);
    return found;
  }
}
