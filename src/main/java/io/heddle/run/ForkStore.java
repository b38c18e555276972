package io.heddle.run;

import io.heddle.tenancy.Tenant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs that begin where other ones once stood. Thread-safe. */
public interface ForkStore {

  /**
   * The run as it stands, which is kept at least until the end of the caller's transaction; empty
   * if this tenant has none of that id.
   */
  Optional<Run> keep(Tenant tenant, String runId);

  /**
   * Inserts a run with the beginning of another one's log. Joins the transaction in which that one
   * was {@linkplain #keep kept}.
   *
   * @param run belongs to the tenant of its source
   * @param fork where it begins
   * @param eventIds fresh ids of the copied events, in their order
   * @param artifacts ids of what the source had produced by then
   * @param leaseOwner the host node that executes it at once under epoch 1, or null to leave it to
   *     whoever is free
   */
  void insert(
      NewRun run,
      Run.Fork fork,
      List<String> eventIds,
      List<String> artifacts,
      @Nullable String leaseOwner);
}
