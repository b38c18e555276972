package io.heddle.kit;

import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.ChannelFold;
import io.heddle.engine.NodeArguments;
import io.heddle.json.Json;
import io.heddle.spi.AgentLog;
import io.heddle.spi.Artifact;
import io.heddle.spi.ChannelException;
import io.heddle.spi.Channels;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.Resumption;
import io.heddle.spi.SideEffect;
import java.io.Serial;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One call of an executor. Thread-safe. */
final class KitContext implements NodeContext, Channels {

  /** What becomes of the call. */
  enum Fate {
    /** Nothing happens to it. */
    ENDS,
    /** Its process dies when an effect was settled that had not been before. */
    CRASHES,
    /** Its run is cancelled before it begins. */
    IS_INTERRUPTED
  }

  private final NodeExecutorKit given;

  private final String runId;

  private final int attempt;

  private final Fate fate;

  private final KitEffects effects;

  private final Map<String, Integer> versions;

  private final Map<String, @Nullable Object> channels;

  private final List<Artifact> artifacts = new ArrayList<>();

  private final KitAgent agent;

  private int asked;

  private boolean over;

  private @Nullable ContractViolation violation;

  KitContext(
      NodeExecutorKit given,
      String runId,
      int attempt,
      Fate fate,
      KitEffects effects,
      Map<String, Integer> versions,
      Map<String, @Nullable Object> channels) {
    this.given = given;
    this.runId = runId;
    this.attempt = attempt;
    this.fate = fate;
    this.effects = effects;
    this.versions = versions;
    this.channels = channels;
    this.agent = new KitAgent(given.nodeId(), given.configurable());
  }

  /** Whether the process died or the run was taken away during the call. */
  synchronized boolean isOver() {
    return over;
  }

  synchronized @Nullable ContractViolation violation() {
    return violation;
  }

  synchronized List<Artifact> artifacts() {
    return List.copyOf(artifacts);
  }

  synchronized Map<String, @Nullable Object> channelValues() {
    return channels;
  }

  @Override
  public String tenantId() {
    return NodeExecutorKit.TENANT.id();
  }

  @Override
  public String runId() {
    return runId;
  }

  @Override
  public boolean isReplay() {
    return false;
  }

  @Override
  public String workflowId() {
    return "kit";
  }

  @Override
  public String nodeId() {
    return given.nodeId();
  }

  @Override
  public int visit() {
    return 0;
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public Map<String, @Nullable Object> config() {
    return given.config();
  }

  @Override
  public Map<String, @Nullable Object> inputs() {
    return given.inputs();
  }

  @Override
  public Map<String, @Nullable Object> configurable() {
    return given.configurable();
  }

  @Override
  public int wakeups() {
    return given.wakeups();
  }

  @Override
  public @Nullable Resumption resumption() {
    return given.resumption();
  }

  @Override
  public Map<String, @Nullable Object> memo() {
    return given.memo();
  }

  @Override
  public AgentLog agent() {
    return agent;
  }

  @Override
  public Channels channels() {
    return this;
  }

  @Override
  public synchronized @Nullable Object once(String providerKey, SideEffect effect)
      throws Exception {
    int ordinal = asked++;
    if (given.isPure()) {
      throw violated("The executor is pure() and asked for the effect %s.".formatted(providerKey));
    }
    require(() -> NodeArguments.requireProviderKey(providerKey));
    if (fate == Fate.IS_INTERRUPTED) {
      if (over) {
        throw violated(
            "The executor was interrupted and went on all the same: it asked for the effect %s."
                .formatted(providerKey));
      }
      over = true;
      Thread.interrupted();
      throw new InterruptedException("The run was cancelled");
    }
    if (over) {
      throw new ProcessDied();
    }
    String known = effects.keyAt(ordinal);
    if (known == null) {
      effects.perform(ordinal, providerKey, effect);
      if (fate == Fate.CRASHES) {
        over = true;
        throw new ProcessDied();
      }
    } else if (!known.equals(providerKey)) {
      throw violated(
          "The effect at place %d was %s and is %s when the node is tried again: it would be performed once more."
              .formatted(ordinal, known, providerKey));
    }
    return effects.given(ordinal);
  }

  @Override
  public String secret(String secretId) {
    String secret = given.secrets().get(secretId);
    if (secret == null) {
      throw new NodeFailedException(
          "credential_required", "There is no secret %s".formatted(secretId), false);
    }
    return secret;
  }

  @Override
  public synchronized int getVersion(String changeId, int min, int max)
      throws InterruptedException {
    require(() -> NodeArguments.requireVersions(changeId, min, max));
    if (fate == Fate.IS_INTERRUPTED && Thread.interrupted()) {
      throw new InterruptedException("The run was cancelled");
    }
    int pinned = versions.computeIfAbsent(changeId, change -> max);
    return NodeArguments.requireKnown(changeId, pinned, min, max);
  }

  @Override
  public synchronized String addArtifact(Artifact artifact) {
    byte[] bytes = artifact.bytes();
    int size =
        bytes == null
            ? PlainJson.write("An artifact holds", artifact.json()).length()
            : bytes.length;
    if (size > NodeArguments.LARGEST_ARTIFACT || artifacts.size() == NodeArguments.MOST_ARTIFACTS) {
      throw violated("A node can produce 16 artifacts of a MiB each.");
    }
    artifacts.add(artifact);
    return "artifact-%s-%d".formatted(given.nodeId(), artifacts.size());
  }

  @Override
  public synchronized @Nullable Object get(String name) {
    channel(name);
    return Json.parse(Json.write(channels.get(name)));
  }

  @Override
  public synchronized void write(String name, @Nullable Object value) {
    ChannelDefinition channel = channel(name);
    channels.put(
        name, ChannelFold.fold(channel, channels.get(name), ChannelFold.write(channel, value, 0)));
  }

  private ChannelDefinition channel(String name) {
    ChannelDefinition channel = given.channels().get(name);
    if (channel == null) {
      throw new ChannelException(
          "heddle.channel_unknown", "The workflow has no channel of the name it was asked for");
    }
    return channel;
  }

  /** What a host would refuse is a violation, whether or not the executor could live with it. */
  private void require(Runnable check) {
    try {
      check.run();
    } catch (NodeFailedException e) {
      throw violated(e.getMessage() + ".");
    }
  }

  // Kept besides, for an executor may catch it.
  private ContractViolation violated(String message) {
    ContractViolation found = new ContractViolation(message, null);
    if (violation == null) {
      violation = found;
    }
    return found;
  }

  /** Ends a call as the death of its process would: no code of the executor should mind it. */
  static final class ProcessDied extends Error {

    @Serial private static final long serialVersionUID = 1L;

    ProcessDied() {
      super("The process died", null, false, false);
    }
  }
}
