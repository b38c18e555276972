package io.heddle.web.v1;

import io.heddle.artifact.ArtifactStore;
import io.heddle.artifact.StoredArtifact;
import io.heddle.json.Json;
import io.heddle.run.Ids;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** What nodes produced [rest-endpoints §Artifacts]. The shape of the answer is the host's own. */
@RestController
public final class V1ArtifactsController {

  private final ArtifactStore artifacts;

  public V1ArtifactsController(ArtifactStore artifacts) {
    this.artifacts = artifacts;
  }

  @GetMapping(V1RunsController.RUN + "/artifacts/{artifactId}")
  ResponseEntity<byte[]> read(
      HttpServletRequest request, @PathVariable String runId, @PathVariable String artifactId) {
    Principal caller = Callers.require(request, "artifacts:read");
    if (!Ids.isWellFormed(runId) || !Ids.isWellFormed(artifactId)) {
      throw Problem.notFound("artifact");
    }
    return artifacts
        .find(new Tenant(caller.tenant()), runId, artifactId)
        .map(found -> V1RunsController.json(200, document(runId, found)))
        .orElseThrow(() -> Problem.notFound("artifact"));
  }

  private static Map<String, @Nullable Object> document(String runId, StoredArtifact stored) {
    Map<String, @Nullable Object> document =
        Json.members(
            "artifactId",
            stored.artifact().artifactId(),
            "artifactType",
            stored.artifact().type(),
            "runId",
            runId,
            "nodeId",
            stored.artifact().nodeId(),
            "mediaType",
            stored.artifact().mediaType(),
            "createdAt",
            V1Documents.time(stored.createdAt()));
    byte[] bytes = stored.artifact().bytes();
    if (bytes == null) {
      document.put("content", Json.parse(String.valueOf(stored.artifact().json())));
    } else {
      document.put("contentBase64", Base64.getEncoder().encodeToString(bytes));
    }
    return document;
  }
}
