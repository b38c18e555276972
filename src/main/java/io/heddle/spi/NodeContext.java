package io.heddle.spi;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an executor may know of the node it executes, and what it may ask of the host. Valid only
 * during the call. Thread-safe but for the channels; the values it holds do not change.
 */
public interface NodeContext {

  /** The tenant that owns the run. */
  String tenantId();

  /** The run. */
  String runId();

  /**
   * Whether the run repeats another one, so that nothing of what it does may be seen outside. No
   * node that is {@link NodeExecutor#sideEffecting()} is executed in such a run.
   */
  boolean isReplay();

  /** The workflow that the run executes. */
  String workflowId();

  /** The node, unique within its workflow. */
  String nodeId();

  /** How often a loop brought the run to this node before: 0 for the first time. */
  int visit();

  /** How often this node was started before in this visit: 0 for the first time. */
  int attempt();

  /** The node's {@code config} object as registered, never null. */
  Map<String, @Nullable Object> config();

  /** The resolved input ports. A port whose optional source has no value is absent. */
  Map<String, @Nullable Object> inputs();

  /** The run's {@code configurable} object as given at creation, never null. */
  Map<String, @Nullable Object> configurable();

  /** How often this attempt was woken after {@link NodeResult.Parked}: 0 for the first call. */
  int wakeups();

  /**
   * How the last question of this node ended; null before it asked one in this visit. It stays the
   * same when the node is started again after a failure or the death of a process.
   */
  @Nullable Resumption resumption();

  /**
   * What the last {@link NodeResult.Parked} or {@link NodeResult.Suspended} of this attempt
   * remembered; empty at the first call.
   */
  Map<String, @Nullable Object> memo();

  /** The agent that acts in this node, to tell what it does. */
  AgentLog agent();

  /** The channels of the run. */
  Channels channels();

  /**
   * Performs a side effect unless it has been performed before. What it came to is stored before
   * this method returns, and is what this method gives from then on: when the node is tried again,
   * after a crash, and after another host node took the run over. Of several executors that come
   * here with the same effect, one performs it and the others wait for what it came to.
   *
   * <p>An effect is known by the tenant, the run, the node, the provider key and its place among
   * the effects of the node, counted over all visits. So every attempt must ask for its effects in
   * the same order, and whatever comes before them must not depend on the attempt.
   *
   * <p>A process that dies, or loses its run, between performing an effect and storing what it came
   * to leaves nobody who knows: the effect is then performed again under the same invocation id,
   * and so is one that failed with anything but a {@link NodeFailedException} that is not
   * retryable. A provider that heeds the invocation id makes one effect of these; with any other
   * the effect happens at least once. An effect that can also be caused outside of runs needs a key
   * of its own besides, for none of those is known here.
   *
   * @param providerKey what kind of effect this is, for example {@code acme:create-charge}: 1 to
   *     256 characters, the same on every attempt
   * @return what the effect gave: as JSON reads it back, the first time too
   * @throws NodeFailedException what the effect threw for good, now or before; not retryable also
   *     when this node is {@link NodeExecutor#pure()}, the provider key is malformed, or the effect
   *     gave something that is too large or no JSON; retryable when another executor did not come
   *     to an end with the effect in time
   * @throws InterruptedException when the run was cancelled or this node lost it
   * @throws Exception what the effect threw otherwise
   */
  @Nullable Object once(String providerKey, SideEffect effect) throws Exception;

  /**
   * The version of a change to the code that this run follows. The first call in a run pins {@code
   * max}; every later one gives what was pinned, whichever node and attempt it comes from. When
   * this method returns, what is pinned survives the process, and so does whatever the node does
   * next; for a node that is {@link NodeExecutor#pure()} both are stored together.
   *
   * @param changeId names the change: 1 to 256 characters
   * @param min the oldest version that the code still knows, at most {@code max}; -1 for how it was
   *     before there were versions
   * @param max the newest version that the code knows, at least 0
   * @throws NodeFailedException not retryable, with the code {@code version_out_of_range} when the
   *     pinned version is not one the code knows, or {@code validation_error}
   * @throws InterruptedException when the run was cancelled or this node lost it
   */
  int getVersion(String changeId, int min, int max) throws InterruptedException;

  /**
   * A secret that the host keeps for the run's tenant or for who created the run. It is for this
   * call and whatever it calls: wherever it stands in what comes of this run's nodes, be that
   * outputs, failures, questions, effects, channels, artifacts or what their agents tell, {@code
   * [REDACTED:<secretId>]} stands instead before any of it is stored. It is also found in JSON, in
   * URLs and in base 64, and not if a node cut it or computed something from it. An artifact of
   * bytes that holds a secret fails the node.
   *
   * @param secretId 1 to 128 characters of {@code [A-Za-z0-9._-]}
   * @throws NodeFailedException with the code {@code credential_required} when there is no such
   *     secret, {@code credential_forbidden} when there cannot be one, or {@code
   *     heddle.secret_in_pure_node} when this node is {@link NodeExecutor#pure()}; retryable, with
   *     {@code credential_unavailable}, when who keeps it does not answer
   * @throws InterruptedException when the run was cancelled or this node lost it
   */
  String secret(String secretId) throws InterruptedException;

  /**
   * Produces an artifact. It is stored with the outcome of the node, and told of on the log before
   * it, if this call completes the node; otherwise it is as if it had never been.
   *
   * @return the id under which readers will find it, the same on every attempt that produces the
   *     same number of artifacts before it
   * @throws NodeFailedException not retryable, when the artifact is too large, no JSON, or the
   *     17th, or its type or media type is malformed
   */
  String addArtifact(Artifact artifact);
}
