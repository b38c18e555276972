package io.heddle.engine;

import io.heddle.run.Run;
import io.heddle.run.RunState.NodeState;
import io.heddle.spi.Artifact;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.Resumption;
import io.heddle.spi.SideEffect;
import io.heddle.workflow.NodeDefinition;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an executor sees of its run in one call. Whatever it gets from here is checked and told
 * before it can act on it.
 *
 * @param effects null for a node that is pure, and so has none
 * @param secrets the same
 */
record CallContext(
    Run run,
    NodeDefinition node,
    Map<String, @Nullable Object> inputs,
    NodeState reached,
    int visit,
    NodeChannels channels,
    @Nullable NodeEffects effects,
    NodeCalls.Pins pins,
    NodeArtifacts artifacts,
    NodeAgent agent,
    @Nullable NodeSecrets secrets)
    implements NodeContext {

  @Override
  public String tenantId() {
    return run.tenant().id();
  }

  @Override
  public String runId() {
    return run.runId();
  }

  @Override
  public boolean isReplay() {
    return run.isReplay();
  }

  @Override
  public String workflowId() {
    return run.workflow().workflowId();
  }

  @Override
  public String nodeId() {
    return node.id();
  }

  @Override
  public int attempt() {
    return reached.attempt();
  }

  @Override
  public Map<String, @Nullable Object> config() {
    return node.config();
  }

  @Override
  public Map<String, @Nullable Object> configurable() {
    return run.configurable();
  }

  @Override
  public int wakeups() {
    return reached.wakeups();
  }

  @Override
  public @Nullable Resumption resumption() {
    return reached.question() == null ? null : reached.question().answer();
  }

  @Override
  public Map<String, @Nullable Object> memo() {
    return reached.memo();
  }

  @Override
  public @Nullable Object once(String providerKey, SideEffect effect) throws Exception {
    if (effects == null) {
      throw new NodeFailedException(
          "heddle.effect_in_pure_node", "A node that is pure cannot have side effects", false);
    }
    // No such node is executed in a replay. This is for the one that is all the same.
    if (run.isReplay()) {
      throw new NodeFailedException(
          Replay.SOURCE_MISSING, "A replay performs no side effects", false);
    }
    return effects.next(providerKey).once(secrets == null ? effect : secrets.masked(effect));
  }

  @Override
  public String secret(String secretId) throws InterruptedException {
    if (secrets == null) {
      throw new NodeFailedException(
          "heddle.secret_in_pure_node", "A node that is pure cannot have secrets", false);
    }
    return secrets.resolve(secretId);
  }

  @Override
  public String addArtifact(Artifact artifact) {
    return artifacts.add(artifact);
  }

  @Override
  public int getVersion(String changeId, int min, int max) throws InterruptedException {
    NodeArguments.requireVersions(changeId, min, max);
    return NodeArguments.requireKnown(changeId, pins.pin(node.id(), changeId, max), min, max);
  }
}
