package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.redaction.ResolvedSecrets;
import io.heddle.run.NewArtifact;
import io.heddle.run.Run;
import io.heddle.secret.SecretSources;
import io.heddle.secret.SecretUnavailableException;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.spi.SecretSource;
import io.heddle.spi.SideEffect;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * The secrets of one execution of a run: gives them to its nodes, and keeps them out of everything
 * that comes back, before any of it becomes part of the run. Thread-safe.
 */
final class NodeSecrets {

  private final Run run;

  private final SecretSources sources;

  private final ResolvedSecrets resolved = new ResolvedSecrets();

  NodeSecrets(Run run, SecretSources sources) {
    this.run = run;
    this.sources = sources;
  }

  /** See {@link io.heddle.spi.NodeContext#secret}. */
  String resolve(String secretId) throws InterruptedException {
    if (!SecretSources.isId(secretId)) {
      throw new NodeFailedException(
          "credential_forbidden", "No secret can have the id that the node asks for", false);
    }
    try {
      String secret =
          sources
              .find(
                  new SecretSource.Request(
                      secretId, run.tenant().id(), run.owner().principal(), run.runId()))
              .orElseThrow(
                  () ->
                      new NodeFailedException(
                          "credential_required",
                          "The node needs the secret %s, which is not provisioned"
                              .formatted(secretId),
                          false));
      // Before anybody else has it.
      resolved.add(secretId, secret);
      return secret;
    } catch (SecretUnavailableException e) {
      throw new NodeFailedException("credential_unavailable", String.valueOf(e.getMessage()), true);
    }
  }

  /** Whether no node has got any. */
  boolean isEmpty() {
    return resolved.isEmpty();
  }

  NodeResult masked(NodeResult result) {
    if (resolved.isEmpty()) {
      return result;
    }
    if (result instanceof NodeResult.Completed completed) {
      return NodeResult.completed(resolved.members(completed.outputs()));
    }
    if (result instanceof NodeResult.Failed failed) {
      return new NodeResult.Failed(
          resolved.text(failed.code()), resolved.text(failed.message()), failed.retryable());
    }
    if (result instanceof NodeResult.Parked parked) {
      return new NodeResult.Parked(parked.wakeAfter(), resolved.members(parked.memo()));
    }
    NodeResult.Suspended suspended = (NodeResult.Suspended) result;
    InterruptRequest request = suspended.request();
    return new NodeResult.Suspended(
        new InterruptRequest(
            request.kind(),
            resolved.members(request.data()),
            request.resumeSchema() == null ? null : resolved.members(request.resumeSchema()),
            request.timeout()),
        resolved.members(suspended.memo()));
  }

  List<NodeChannels.Written> masked(List<NodeChannels.Written> writes) {
    return resolved.isEmpty()
        ? writes
        : writes.stream()
            .map(write -> new NodeChannels.Written(write.channel(), resolved.value(write.value())))
            .toList();
  }

  AgentEvent masked(AgentEvent event) {
    return resolved.isEmpty()
        ? event
        : new AgentEvent(event.type(), resolved.members(event.payload()), event.callId());
  }

  /**
   * @throws NodeFailedException if bytes hold a secret, for a part of a file cannot be masked
   */
  List<NewArtifact> maskedArtifacts(List<NewArtifact> artifacts) {
    if (resolved.isEmpty()) {
      return artifacts;
    }
    List<NewArtifact> masked = new ArrayList<>();
    for (NewArtifact artifact : artifacts) {
      byte[] bytes = artifact.bytes();
      if (bytes != null && resolved.areIn(bytes)) {
        throw new NodeFailedException(
            "heddle.secret_in_artifact",
            "The node produced an artifact with a secret in it",
            false);
      }
      masked.add(
          new NewArtifact(
              artifact.artifactId(),
              artifact.nodeId(),
              resolved.text(artifact.type()),
              artifact.mediaType(),
              artifact.json() == null
                  ? null
                  : Json.write(resolved.value(Json.parse(artifact.json()))),
              bytes));
    }
    return masked;
  }

  /** An effect of which no secret is stored; the node gets it as it will be read back. */
  SideEffect masked(SideEffect effect) {
    return invocationId -> {
      Object given;
      try {
        given = effect.perform(invocationId);
      } catch (NodeFailedException e) {
        throw resolved.isEmpty()
            ? e
            : new NodeFailedException(
                resolved.text(e.code()),
                resolved.text(String.valueOf(e.getMessage())),
                e.retryable());
      }
      return resolved.isEmpty() ? given : maskedTree(given);
    };
  }

  private @Nullable Object maskedTree(@Nullable Object given) {
    try {
      return resolved.value(Json.parse(Json.write(given)));
    } catch (JsonFault | JacksonException e) {
      // No JSON: it will not be stored at all.
      return given;
    }
  }
}
