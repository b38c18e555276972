package io.heddle.kit;

import io.heddle.autoconfigure.WorkflowNodes;
import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.Reducer;
import io.heddle.effect.Execution;
import io.heddle.json.Json;
import io.heddle.kit.KitContext.Fate;
import io.heddle.spi.ChannelException;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import io.heddle.spi.WorkflowNode;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Executes a node as a host would whose process dies after every side effect, and checks what the
 * host relies on:
 *
 * <pre>{@code
 * KitRun run = NodeExecutorKit.of(executor).inputs(Map.of("customer", "Ada")).run();
 * assertThat(run.outputs()).containsEntry("parcel", "for Ada");
 * }</pre>
 *
 * <p>{@link #run()} calls the executor several times. In all of them together each effect that goes
 * through {@code once} is performed once, so that a test can count what its provider sees. Anything
 * that the executor does besides happens as often as it is called. Not thread-safe.
 */
public final class NodeExecutorKit {

  static final Tenant TENANT = new Tenant("kit");

  private static final Pattern TYPE = Pattern.compile("[a-z][a-zA-Z0-9._-]{0,255}");

  // An executor whose effects have no end would have none either.
  private static final int MOST_EFFECTS = 1_000;

  private final NodeExecutor executor;

  private final String nodeId = "node";

  private Map<String, @Nullable Object> inputs = Map.of();

  private Map<String, @Nullable Object> config = Map.of();

  private Map<String, @Nullable Object> configurable = Map.of();

  private final Map<String, String> secrets = new LinkedHashMap<>();

  private Map<String, @Nullable Object> memo = Map.of();

  private @Nullable Resumption resumption;

  private int wakeups;

  private int retries = 3;

  private Duration patience = Duration.ofSeconds(10);

  private final Map<String, ChannelDefinition> channels = new LinkedHashMap<>();

  private NodeExecutorKit(NodeExecutor executor) {
    this.executor = executor;
  }

  /** A kit for an executor, with a node that has neither inputs nor configuration. */
  public static NodeExecutorKit of(NodeExecutor executor) {
    return new NodeExecutorKit(executor);
  }

  /**
   * A kit for a method with {@link WorkflowNode}. Bean Validation is left out.
   *
   * @param bean what has the method
   * @param typeId as its annotation names it
   * @throws IllegalArgumentException if the bean has no such method
   */
  public static NodeExecutorKit ofMethod(Object bean, String typeId) {
    return new NodeExecutorKit(WorkflowNodes.executor(bean, typeId));
  }

  /** The input ports with their values, JSON values all. */
  public NodeExecutorKit inputs(Map<String, ? extends @Nullable Object> values) {
    this.inputs = asRead("An input is", values);
    return this;
  }

  /** The node's {@code config} object. The executor must find no fault with it. */
  public NodeExecutorKit config(Map<String, ? extends @Nullable Object> values) {
    this.config = asRead("The configuration holds", values);
    return this;
  }

  /** The run's {@code configurable} object. */
  public NodeExecutorKit configurable(Map<String, ? extends @Nullable Object> values) {
    this.configurable = asRead("The configurable holds", values);
    return this;
  }

  /**
   * A secret that the host keeps for the node.
   *
   * @param value at least 4 characters
   */
  public NodeExecutorKit secret(String secretId, String value) {
    secrets.put(secretId, value);
    return this;
  }

  Map<String, String> secrets() {
    return secrets;
  }

  /**
   * A channel of the workflow, for any node to read and write.
   *
   * @param name as the workflow declares it
   * @param reducer {@code replace}, {@code append}, {@code merge}, {@code counter}, {@code votes},
   *     {@code feedback} or {@code message}
   * @throws IllegalArgumentException if there is no such reducer
   */
  public NodeExecutorKit channel(String name, String reducer) {
    Reducer known =
        Reducer.named(reducer)
            .orElseThrow(() -> new IllegalArgumentException("There is no reducer " + reducer));
    channels.put(name, ChannelDefinition.implied(name, known, null));
    return this;
  }

  /** How the node's last question ended, for an executor that suspends. */
  public NodeExecutorKit resumption(Resumption answer) {
    this.resumption = answer;
    return this;
  }

  /**
   * What the last call remembered when it parked or suspended.
   *
   * @param times how often the node was woken after parking, at least 0
   */
  public NodeExecutorKit woken(int times, Map<String, ? extends @Nullable Object> remembered) {
    this.wakeups = times;
    this.memo = asRead("The memo holds", remembered);
    return this;
  }

  /** How often a retryable failure is tried again; 3 unless told otherwise. */
  public NodeExecutorKit retries(int times) {
    this.retries = times;
    return this;
  }

  /** How long an interrupted executor may take to end; 10 seconds unless told otherwise. */
  public NodeExecutorKit patience(Duration atMost) {
    this.patience = atMost;
    return this;
  }

  /**
   * Executes the node until it comes to an outcome, whatever that is, and checks that
   *
   * <ul>
   *   <li>its process may die after each effect: the effects are asked for in the same order again
   *       and none is performed twice;
   *   <li>it comes to the same outcome when it is called once more, without a further effect;
   *   <li>everything it gives is the same after it was stored as JSON;
   *   <li>it has no effects if it is {@link NodeExecutor#pure()};
   *   <li>it ends when it is interrupted, and asks for no effect after that.
   * </ul>
   *
   * @return what it came to
   * @throws ContractViolation if one of these is not so
   */
  public KitRun run() {
    requireTypeAndConfiguration();
    String runId = "run-kit-" + UUID.randomUUID();
    KitEffects effects = new KitEffects(execution(runId));
    Map<String, Integer> versions = new HashMap<>();

    Call call = untilItEnds(runId, effects, versions);
    int attempts = call.context().attempt() + 1;
    requireSameAgain(call, runId, attempts, effects, versions);
    requireEndWhenInterrupted();

    return new KitRun(
        call.result(),
        effects.all(),
        call.result() instanceof NodeResult.Completed ? call.context().artifacts() : List.of(),
        call.context().channelValues(),
        attempts,
        call.thrown());
  }

  private record Call(KitContext context, NodeResult result, @Nullable Throwable thrown) {}

  private Call untilItEnds(String runId, KitEffects effects, Map<String, Integer> versions) {
    int failures = 0;
    for (int attempt = 0; effects.size() <= MOST_EFFECTS; attempt++) {
      KitContext context = context(runId, attempt, Fate.CRASHES, effects, versions);
      Call call = call(context);
      if (context.isOver()) {
        continue;
      }
      if (call.result() instanceof NodeResult.Failed failed
          && failed.retryable()
          && failures < retries) {
        failures++;
        continue;
      }
      return call;
    }
    throw new ContractViolation(
        "The executor asked for more than %d effects.".formatted(MOST_EFFECTS), null);
  }

  private void requireSameAgain(
      Call first, String runId, int attempt, KitEffects effects, Map<String, Integer> versions) {
    int before = effects.size();
    Call again = call(context(runId, attempt, Fate.ENDS, effects, versions));
    if (effects.size() > before) {
      throw new ContractViolation(
          "The executor had come to its outcome and performed the further effect %s when it was called again."
              .formatted(effects.keyAt(before)),
          null);
    }
    if (!Json.same(described(first), described(again))) {
      throw new ContractViolation(
          "The executor came to %s and, called again, to %s."
              .formatted(Json.write(described(first)), Json.write(described(again))),
          again.thrown());
    }
  }

  private void requireEndWhenInterrupted() {
    String runId = "run-kit-" + UUID.randomUUID();
    KitContext context =
        context(runId, 0, Fate.IS_INTERRUPTED, new KitEffects(execution(runId)), new HashMap<>());
    AtomicReference<@Nullable ContractViolation> violation = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              Thread.currentThread().interrupt();
              try {
                call(context);
              } catch (ContractViolation e) {
                violation.set(e);
              }
            },
            "heddle-kit");
    thread.setDaemon(true);
    thread.start();
    try {
      thread.join(Math.max(1, patience.toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContractViolation("The test was interrupted", e);
    }
    if (thread.isAlive()) {
      Throwable where = new Throwable("It is here");
      where.setStackTrace(thread.getStackTrace());
      throw new ContractViolation(
          "The executor was interrupted and still goes on after %d ms."
              .formatted(patience.toMillis()),
          where);
    }
    ContractViolation found = violation.get();
    // What an interrupted call gives is dropped, so nothing else about it matters.
    if (found != null && found == context.violation()) {
      throw found;
    }
  }

  /** Whatever an executor does comes to a result, as in a host. */
  private Call call(KitContext context) {
    NodeResult result;
    Throwable thrown = null;
    try {
      result = asStored(executor.execute(context));
    } catch (NodeFailedException e) {
      result = new NodeResult.Failed(e.code(), String.valueOf(e.getMessage()), e.retryable());
      thrown = e;
    } catch (ChannelException e) {
      result = NodeResult.failed(e.code(), String.valueOf(e.getMessage()));
      thrown = e;
    } catch (InterruptedException e) {
      result = new NodeResult.Failed("heddle.node_interrupted", "The node was interrupted", true);
      thrown = e;
    } catch (ContractViolation e) {
      throw context.violation() == null ? e : context.violation();
    } catch (Throwable e) {
      result =
          new NodeResult.Failed(
              "heddle.node_crashed", "The node's executor threw " + e.getClass().getName(), true);
      thrown = e;
    }
    ContractViolation violation = context.violation();
    if (violation != null) {
      throw violation;
    }
    return new Call(context, result, thrown);
  }

  private static NodeResult asStored(@Nullable NodeResult result) {
    if (result instanceof NodeResult.Completed completed) {
      return NodeResult.completed(asRead("The outputs hold", completed.outputs()));
    }
    if (result instanceof NodeResult.Parked parked) {
      if (parked.wakeAfter().isNegative()) {
        throw new ContractViolation("A node cannot wait less than zero.", null);
      }
      return new NodeResult.Parked(parked.wakeAfter(), asRead("The memo holds", parked.memo()));
    }
    if (result instanceof NodeResult.Suspended suspended) {
      PlainJson.write("The question holds", suspended.request().data());
      return new NodeResult.Suspended(
          suspended.request(), asRead("The memo holds", suspended.memo()));
    }
    if (result == null) {
      throw new ContractViolation("The executor gave no result.", null);
    }
    return result;
  }

  private static Map<String, @Nullable Object> described(Call call) {
    NodeResult result = call.result();
    Map<String, @Nullable Object> outcome;
    if (result instanceof NodeResult.Completed completed) {
      outcome =
          Json.members(
              "outputs",
              completed.outputs(),
              "artifacts",
              call.context().artifacts().stream()
                  .map(
                      artifact ->
                          Json.members(
                              "type",
                              artifact.type(),
                              "mediaType",
                              artifact.mediaType(),
                              "json",
                              artifact.json(),
                              "bytes",
                              Arrays.hashCode(artifact.bytes())))
                  .toList());
    } else if (result instanceof NodeResult.Failed failed) {
      outcome =
          Json.members(
              "failed",
              failed.code(),
              "message",
              failed.message(),
              "retryable",
              failed.retryable());
    } else if (result instanceof NodeResult.Parked parked) {
      outcome = Json.members("parkedMillis", parked.wakeAfter().toMillis(), "memo", parked.memo());
    } else {
      NodeResult.Suspended suspended = (NodeResult.Suspended) result;
      outcome =
          Json.members(
              "question",
              suspended.request().kind().name(),
              "data",
              suspended.request().data(),
              "memo",
              suspended.memo());
    }
    outcome.put("channels", call.context().channelValues());
    return Json.parseObject(Json.write(outcome));
  }

  private KitContext context(
      String runId, int attempt, Fate fate, KitEffects effects, Map<String, Integer> versions) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    channels.forEach((name, channel) -> values.put(name, channel.initial()));
    return new KitContext(this, runId, attempt, fate, effects, versions, values);
  }

  private Execution execution(String runId) {
    return new Execution(TENANT, runId, 1, nodeId, 0, 0, 0);
  }

  private void requireTypeAndConfiguration() {
    String typeId = executor.typeId();
    if (!TYPE.matcher(typeId).matches()
        || typeId.startsWith("core.")
        || typeId.startsWith("openwop.")) {
      throw new ContractViolation(
          "The node type '%s' is malformed or reserved.".formatted(typeId), null);
    }
    Map<String, String> faults = executor.configFaults(config);
    if (!faults.isEmpty()) {
      throw new ContractViolation("The configuration has faults: %s.".formatted(faults), null);
    }
  }

  private static Map<String, @Nullable Object> asRead(
      String whose, Map<String, ? extends @Nullable Object> values) {
    return Json.parseObject(PlainJson.write(whose, values));
  }

  boolean isPure() {
    return executor.pure();
  }

  String nodeId() {
    return nodeId;
  }

  Map<String, @Nullable Object> inputs() {
    return inputs;
  }

  Map<String, @Nullable Object> config() {
    return config;
  }

  Map<String, @Nullable Object> configurable() {
    return configurable;
  }

  Map<String, @Nullable Object> memo() {
    return memo;
  }

  @Nullable Resumption resumption() {
    return resumption;
  }

  int wakeups() {
    return wakeups;
  }

  Map<String, ChannelDefinition> channels() {
    return channels;
  }
}
