package io.heddle.artifact;

import io.heddle.tenancy.Tenant;
import java.util.Optional;

/** Artifacts of runs. Thread-safe. */
public interface ArtifactStore {

  /** An artifact; empty if this tenant has no such run, or the run no such artifact. */
  Optional<StoredArtifact> find(Tenant tenant, String runId, String artifactId);
}
