package io.heddle.engine;

import io.heddle.effect.Execution;
import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.redaction.Printable;
import io.heddle.run.NewArtifact;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.schema.InvalidSchemaException;
import io.heddle.schema.JsonSchema;
import io.heddle.spi.ChannelException;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/**
 * Calls the executors of one run's nodes: pure ones here and now, all others on threads of their
 * own. Whatever an executor does, it comes to a result.
 */
final class NodeCalls implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(NodeCalls.class);

  private static final Duration LONGEST_WAIT = Duration.ofDays(36_525);

  /**
   * What an execution came to.
   *
   * @param writes what it wrote to channels, in its order
   * @param artifacts what it produced, if it completed
   */
  record Outcome(
      NodeResult result, List<NodeChannels.Written> writes, List<NewArtifact> artifacts) {

    static Outcome of(NodeResult result) {
      return new Outcome(result, List.of(), List.of());
    }
  }

  /** What comes from a node that executes on a thread of its own. */
  sealed interface Message {}

  /** The node came to its outcome. */
  record Finished(String nodeId, Outcome outcome) implements Message {}

  /** The node waits to be told which version of a change the run follows. */
  record PinRequest(String nodeId, String changeId, int version, CompletableFuture<Integer> pinned)
      implements Message {}

  /** The agent of the node did something. */
  record Told(String nodeId, AgentEvent event) implements Message {}

  /** Takes what the agent of a node did. */
  interface Agents {
    void told(String nodeId, AgentEvent event);
  }

  /** Pins the version of a change unless it is pinned; gives the one that is. */
  interface Pins {
    int pin(String nodeId, String changeId, int version) throws InterruptedException;
  }

  private final Run run;

  private final WorkflowDefinition definition;

  private final NodeExecutors executors;

  private final InstantSource clock;

  private final ExecutorService threads;

  private final Function<Execution, NodeEffects> effects;

  private final Pins pins;

  private final Agents agents;

  private final NodeSecrets secrets;

  private final Map<String, Call> executing = new HashMap<>();

  private final BlockingQueue<Sent> messages = new LinkedBlockingQueue<>();

  NodeCalls(
      Run run,
      WorkflowDefinition definition,
      NodeExecutors executors,
      InstantSource clock,
      ExecutorService threads,
      Function<Execution, NodeEffects> effects,
      Pins pins,
      Agents agents) {
    this.run = run;
    this.definition = definition;
    this.executors = executors;
    this.clock = clock;
    this.threads = threads;
    this.effects = effects;
    this.pins = pins;
    this.agents = agents;
    this.secrets = new NodeSecrets(run, executors.secrets());
  }

  boolean isPure(NodeDefinition node) {
    return executors.of(node.typeId()).pure();
  }

  /** Executes a node here and now. */
  Outcome call(NodeDefinition node, RunState state) throws InterruptedException {
    return call(executors.of(node.typeId()), node, state, pins, agents);
  }

  /** Executes a node on a thread of its own, for no longer than allowed. */
  void submit(NodeDefinition node, RunState state, Duration allowed) {
    NodeExecutor executor = executors.of(node.typeId());
    Call call = new Call(node.id(), System.nanoTime(), allowed);
    call.future =
        threads.submit(
            () -> {
              Map<String, String> before = LogContext.enter(run);
              try {
                messages.add(new Sent(call, outcome(call, executor, node, state)));
              } finally {
                LogContext.leave(before);
              }
            });
    executing.put(node.id(), call);
  }

  boolean areExecuting() {
    return !executing.isEmpty();
  }

  /** A message that is there, or that comes within a time; a call that takes too long is one. */
  Optional<Message> next(long millis) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (true) {
      long now = System.nanoTime();
      long left =
          executing.values().stream().mapToLong(call -> call.left(now)).min().orElse(until - now);
      Sent next = messages.poll(Math.max(0, Math.min(until - now, left)), TimeUnit.NANOSECONDS);
      if (next != null && executing.get(next.call().nodeId) == next.call()) {
        if (next.message() instanceof Finished finished) {
          executing.remove(finished.nodeId());
        }
        return Optional.of(next.message());
      }
      if (next != null && next.message() instanceof PinRequest request) {
        request.pinned().cancel(true);
      }
      if (next == null) {
        Optional<Message> overdue = giveUp();
        if (overdue.isPresent() || System.nanoTime() - until >= 0) {
          return overdue;
        }
      }
    }
  }

  /** Interrupts a call that takes too long. Whatever it comes to later, nobody reads that. */
  private Optional<Message> giveUp() {
    long now = System.nanoTime();
    for (Call call : executing.values()) {
      if (call.left(now) <= 0) {
        executing.remove(call.nodeId);
        call.cancel();
        return Optional.of(
            new Finished(
                call.nodeId,
                Outcome.of(
                    new NodeResult.Failed(
                        "heddle.node_timeout",
                        "The node took longer than the %d ms it may"
                            .formatted(call.allowed.toMillis()),
                        true))));
      }
    }
    return Optional.empty();
  }

  /** Asks the thread that executes the run, which alone changes what is known of it. */
  private int ask(Call call, RunState state, String nodeId, String changeId, int version)
      throws InterruptedException {
    Integer known = state.versions().get(changeId);
    if (known != null) {
      return known;
    }
    CompletableFuture<Integer> pinned = new CompletableFuture<>();
    messages.add(new Sent(call, new PinRequest(nodeId, changeId, version, pinned)));
    try {
      return pinned.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    executing.values().forEach(Call::cancel);
  }

  private Finished outcome(Call call, NodeExecutor executor, NodeDefinition node, RunState state) {
    try {
      return new Finished(
          node.id(),
          call(
              executor,
              node,
              state,
              (nodeId, changeId, version) -> ask(call, state, nodeId, changeId, version),
              (nodeId, event) -> messages.add(new Sent(call, new Told(nodeId, event)))));
    } catch (InterruptedException e) {
      // Either this execution has ended and nobody reads this, or the executor interrupts itself.
      return new Finished(
          node.id(),
          Outcome.of(
              new NodeResult.Failed("heddle.node_interrupted", "The node was interrupted", true)));
    }
  }

  private Outcome call(
      NodeExecutor executor, NodeDefinition node, RunState state, Pins pins, Agents agents)
      throws InterruptedException {
    Map<String, @Nullable Object> inputs = new LinkedHashMap<>();
    EvaluationScope scope =
        EvaluationScope.of(definition.expressions(), run, state).readBy(node, definition);
    Optional<NodeResult> unresolved = Ports.resolve(node, state, inputs, scope);
    if (unresolved.isPresent()) {
      return Outcome.of(unresolved.get());
    }
    NodeState reached = Objects.requireNonNull(state.nodes().get(node.id()));
    NodeChannels channels = new NodeChannels(definition, node, state, clock);
    int visit = state.visit(node.id());
    NodeArtifacts artifacts = new NodeArtifacts(node.id(), visit);
    NodeContext context =
        new CallContext(
            run,
            node,
            inputs,
            reached,
            visit,
            channels,
            executor.pure() ? null : effects(node, state, reached),
            pins,
            artifacts,
            new NodeAgent(
                node,
                run.configurable(),
                "%s-%d-%d-%d".formatted(node.id(), visit, reached.attempt(), reached.wakeups()),
                event -> agents.told(node.id(), secrets.masked(event))),
            executor.pure() ? null : secrets);
    NodeResult result = secrets.masked(execute(executor, node, state, context));
    if (!(result instanceof NodeResult.Completed)) {
      return new Outcome(result, secrets.masked(channels.end()), List.of());
    }
    try {
      List<NewArtifact> produced = secrets.maskedArtifacts(artifacts.all());
      return new Outcome(result, secrets.masked(channels.end()), produced);
    } catch (NodeFailedException e) {
      return Outcome.of(NodeResult.failed(e.code(), String.valueOf(e.getMessage())));
    }
  }

  private NodeResult execute(
      NodeExecutor executor, NodeDefinition node, RunState state, NodeContext context)
      throws InterruptedException {
    try {
      return checked(executor.execute(context));
    } catch (InterruptedException e) {
      throw e;
    } catch (ChannelException e) {
      return NodeResult.failed(e.code(), String.valueOf(e.getMessage()));
    } catch (NodeFailedException e) {
      return new NodeResult.Failed(e.code(), String.valueOf(e.getMessage()), e.retryable());
    } catch (JsonFault | JacksonException e) {
      log.warn(
          "{} of {} gave outputs that are not JSON", node.id(), run.runId(), printable(e, state));
      return NodeResult.failed(
          "heddle.node_output_invalid", "The node's outputs are not valid JSON");
    } catch (Throwable e) {
      // The message may hold what the executor was working on, so it goes to the log only.
      log.warn("{} of {} threw", node.id(), run.runId(), printable(e, state));
      return new NodeResult.Failed(
          "heddle.node_crashed", "The node's executor threw " + e.getClass().getName(), true);
    }
  }

  private NodeEffects effects(NodeDefinition node, RunState state, NodeState reached) {
    return effects.apply(
        new Execution(
            run.tenant(),
            run.runId(),
            run.leaseEpoch(),
            node.id(),
            state.visit(node.id()),
            state.suspensions().getOrDefault(node.id(), 0),
            reached.wakeups()));
  }

  /** Where it was thrown, and what it says unless that may be what the run keeps secret. */
  private Throwable printable(Throwable thrown, RunState state) {
    if (state.secrets().isEmpty() && secrets.isEmpty()) {
      return Printable.of(thrown);
    }
    Throwable silent = new Throwable(thrown.getClass().getName());
    silent.setStackTrace(thrown.getStackTrace());
    return silent;
  }

  /** The result with its values as they will be read back from the store. */
  private static NodeResult checked(@Nullable NodeResult result) {
    if (result instanceof NodeResult.Completed completed && !completed.outputs().isEmpty()) {
      return NodeResult.completed(Json.parseObject(Json.write(completed.outputs())));
    }
    if (result instanceof NodeResult.Parked parked) {
      if (parked.wakeAfter().isNegative()) {
        return NodeResult.failed("heddle.node_output_invalid", "A node cannot wait less than zero");
      }
      return new NodeResult.Parked(parked.wakeAfter(), Json.parseObject(Json.write(parked.memo())));
    }
    if (result instanceof NodeResult.Suspended suspended) {
      return checked(suspended);
    }
    if (result == null) {
      return NodeResult.failed("heddle.node_output_invalid", "The node gave no result");
    }
    return result;
  }

  private static NodeResult checked(NodeResult.Suspended suspended) {
    InterruptRequest request = suspended.request();
    if (request.timeout() != null
        && (request.timeout().toMillis() < 1 || request.timeout().compareTo(LONGEST_WAIT) > 0)) {
      return NodeResult.failed(
          "heddle.node_output_invalid",
          "A question must stand between a millisecond and a hundred years");
    }
    Map<String, @Nullable Object> schema =
        request.resumeSchema() == null
            ? null
            : Json.parseObject(Json.write(request.resumeSchema()));
    if (schema != null) {
      try {
        JsonSchema.compile(schema);
      } catch (InvalidSchemaException e) {
        return NodeResult.failed(
            "heddle.node_output_invalid", "The schema of a node's question is not valid");
      }
    }
    return new NodeResult.Suspended(
        new InterruptRequest(
            request.kind(),
            Json.parseObject(Json.write(request.data())),
            schema,
            request.timeout()),
        Json.parseObject(Json.write(suspended.memo())));
  }

  private record Sent(Call call, Message message) {}

  /** One execution on a thread of its own. By this clock, for it ends with the process. */
  private static final class Call {

    private final String nodeId;

    private final long startedAt;

    private final Duration allowed;

    private @Nullable Future<?> future;

    Call(String nodeId, long startedAt, Duration allowed) {
      this.nodeId = nodeId;
      this.startedAt = startedAt;
      this.allowed = allowed;
    }

    long left(long now) {
      return TimeUnit.MILLISECONDS.toNanos(allowed.toMillis()) - (now - startedAt);
    }

    void cancel() {
      if (future != null) {
        future.cancel(true);
      }
    }
  }
}
