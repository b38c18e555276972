package io.heddle.run;

import io.heddle.run.Denials.Denial;
import io.heddle.tenancy.Tenant;

/** Which denials the logs of runs tell. Thread-safe. */
public interface DenialStore {

  /**
   * Whether a denial may be one that the log of a run does not tell yet. Looks without a lock.
   *
   * @param most how many a log tells
   */
  boolean isNew(Tenant tenant, String runId, Denial denial, int most);

  /**
   * Keeps that the log of a run tells a denial. The caller holds the lock of the run's row.
   *
   * @param most how many a log tells
   * @return whether it did not yet, and there was room
   */
  boolean add(Tenant tenant, String runId, Denial denial, int most);
}
