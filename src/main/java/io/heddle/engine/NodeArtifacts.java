package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.run.Ids;
import io.heddle.run.NewArtifact;
import io.heddle.spi.Artifact;
import io.heddle.spi.NodeFailedException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;

/** The artifacts of one call of an executor. Thread-safe. */
final class NodeArtifacts {

  private static final int LONGEST_MEDIA_TYPE = 256;

  private static final Pattern MEDIA_TYPE =
      Pattern.compile("[\\w!#$&^.+-]+/[\\w!#$&^.+-]+(; ?[\\w-]+=[\\w.+-]+)*");

  private final String nodeId;

  private final int visit;

  private final List<NewArtifact> artifacts = new ArrayList<>();

  NodeArtifacts(String nodeId, int visit) {
    this.nodeId = nodeId;
    this.visit = visit;
  }

  /** Takes an artifact; returns the id it will be stored under. */
  synchronized String add(Artifact artifact) {
    if (!NodeArguments.isName(artifact.type())
        || artifact.mediaType().length() > LONGEST_MEDIA_TYPE
        || !MEDIA_TYPE.matcher(artifact.mediaType()).matches()) {
      throw invalid("An artifact needs a type of 1 to 256 characters and a media type");
    }
    if (artifacts.size() == NodeArguments.MOST_ARTIFACTS) {
      throw invalid(
          "A node can produce at most %d artifacts".formatted(NodeArguments.MOST_ARTIFACTS));
    }
    byte[] bytes = artifact.bytes();
    String json = bytes == null ? json(artifact) : null;
    int size =
        json == null
            ? bytes == null ? 0 : bytes.length
            : json.getBytes(StandardCharsets.UTF_8).length;
    if (size > NodeArguments.LARGEST_ARTIFACT) {
      throw new NodeFailedException(
          "heddle.artifact_too_large",
          "An artifact can have at most %d bytes".formatted(NodeArguments.LARGEST_ARTIFACT),
          false);
    }
    String artifactId = Ids.artifact(nodeId, visit, artifacts.size());
    artifacts.add(
        new NewArtifact(artifactId, nodeId, artifact.type(), artifact.mediaType(), json, bytes));
    return artifactId;
  }

  synchronized List<NewArtifact> all() {
    return List.copyOf(artifacts);
  }

  private static String json(Artifact artifact) {
    try {
      String json = Json.write(artifact.json());
      Json.parse(json);
      return json;
    } catch (JsonFault | JacksonException e) {
      throw invalid("The content of an artifact is no JSON");
    }
  }

  private static NodeFailedException invalid(String message) {
    return new NodeFailedException("heddle.artifact_invalid", message, false);
  }
}
