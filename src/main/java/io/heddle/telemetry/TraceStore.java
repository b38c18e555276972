package io.heddle.telemetry;

import io.heddle.tenancy.Tenant;
import java.util.Optional;

/** Reads what the traces of runs tell. Thread-safe. */
public interface TraceStore {

  /** The run as it stands; empty if this tenant has none of that id. */
  Optional<TracedRun> find(Tenant tenant, String runId);
}
