package io.heddle.run;

import org.jspecify.annotations.Nullable;

/**
 * An artifact about to be stored with the step that tells of it.
 *
 * @param artifactId unique within the run, see {@link Ids#artifact}
 * @param json JSON text, or null if it is bytes
 * @param bytes null if it is JSON
 */
public record NewArtifact(
    String artifactId,
    String nodeId,
    String type,
    String mediaType,
    @Nullable String json,
    byte @Nullable [] bytes) {

  // It may hold what is nobody else's business.
  @Override
  public String toString() {
    return "NewArtifact[artifactId=" + artifactId + "]";
  }
}
