package io.heddle.run;

import io.heddle.tenancy.Tenant;
import java.util.Optional;

/**
 * Lets the host node that accepts a run execute it at once, without a poll or a commit in between.
 */
public interface LocalExecution {

  /**
   * Reserves one of this node's free slots for a run of a tenant; empty when there is none for it
   * or the node is not live, and the run has to wait.
   *
   * @throws AtCapacityException if as many runs wait already as may
   */
  Optional<Seat> reserve(Tenant tenant);

  /** A run changed outside its worker: a worker of this node that still drives it should stop. */
  void lost(String runId);

  /** A run may be due now. */
  void due();

  /** A reserved slot. Exactly one of {@link #take} and {@link #release} must be called. */
  interface Seat {

    /** The lease owner to record with the run. */
    String nodeId();

    /** Executes a run that is committed with this seat's node as its lease owner. */
    void take(Run run);

    /** Gives the slot back unused. */
    void release();
  }
}
