package io.heddle.claim;

import io.heddle.tenancy.Tenant;
import java.util.HashMap;
import java.util.Map;

/** How many of this node's slots each tenant occupies. Thread-safe. */
final class TenantSlots {

  private final int limit;

  private final Map<Tenant, Integer> occupied = new HashMap<>();

  /**
   * @param limit how many a tenant may occupy before {@link #tryOccupy} refuses; 0 for any number
   */
  TenantSlots(int limit) {
    this.limit = limit;
  }

  /** Occupies a slot unless the tenant has as many as it may. */
  synchronized boolean tryOccupy(Tenant tenant) {
    if (limit > 0 && occupied.getOrDefault(tenant, 0) >= limit) {
      return false;
    }
    occupy(tenant);
    return true;
  }

  /** Occupies a slot for a run whose tenant's share was settled elsewhere. */
  synchronized void occupy(Tenant tenant) {
    occupied.merge(tenant, 1, Integer::sum);
  }

  synchronized void free(Tenant tenant) {
    // Tenants without a slot are not remembered.
    occupied.computeIfPresent(
        tenant, (key, count) -> count > 1 ? Integer.valueOf(count - 1) : null);
  }
}
