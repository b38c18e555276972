package io.heddle.artifact;

import io.heddle.run.NewArtifact;
import java.time.Instant;

/** An artifact of a run. */
public record StoredArtifact(NewArtifact artifact, Instant createdAt) {}
