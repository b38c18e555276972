package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.schema.InvalidSchemaException;
import io.heddle.schema.JsonSchema;
import io.heddle.spi.ChannelException;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
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
   */
  record Outcome(NodeResult result, List<NodeChannels.Written> writes) {

    static Outcome of(NodeResult result) {
      return new Outcome(result, List.of());
    }
  }

  /** A node that came to its outcome on a thread of its own. */
  record Finished(String nodeId, Outcome outcome) {}

  private final Run run;

  private final WorkflowDefinition definition;

  private final NodeExecutors executors;

  private final InstantSource clock;

  private final ExecutorService threads;

  private final Map<String, Future<?>> executing = new HashMap<>();

  private final BlockingQueue<Finished> finished = new LinkedBlockingQueue<>();

  NodeCalls(
      Run run,
      WorkflowDefinition definition,
      NodeExecutors executors,
      InstantSource clock,
      ExecutorService threads) {
    this.run = run;
    this.definition = definition;
    this.executors = executors;
    this.clock = clock;
    this.threads = threads;
  }

  boolean isPure(NodeDefinition node) {
    return executors.of(node.typeId()).pure();
  }

  /** Executes a node here and now. */
  Outcome call(NodeDefinition node, RunState state) throws InterruptedException {
    return call(executors.of(node.typeId()), node, state);
  }

  /** Executes a node on a thread of its own. */
  void submit(NodeDefinition node, RunState state) {
    NodeExecutor executor = executors.of(node.typeId());
    executing.put(node.id(), threads.submit(() -> finished.add(outcome(executor, node, state))));
  }

  boolean areExecuting() {
    return !executing.isEmpty();
  }

  /** A result that is there, or that comes within a time. */
  Optional<Finished> next(long millis) throws InterruptedException {
    Finished next = finished.poll(millis, TimeUnit.MILLISECONDS);
    if (next != null) {
      executing.remove(next.nodeId());
    }
    return Optional.ofNullable(next);
  }

  @Override
  public void close() {
    executing.values().forEach(node -> node.cancel(true));
  }

  private Finished outcome(NodeExecutor executor, NodeDefinition node, RunState state) {
    try {
      return new Finished(node.id(), call(executor, node, state));
    } catch (InterruptedException e) {
      // Either this execution has ended and nobody reads this, or the executor interrupts itself.
      return new Finished(
          node.id(),
          Outcome.of(
              new NodeResult.Failed("heddle.node_interrupted", "The node was interrupted", true)));
    }
  }

  private Outcome call(NodeExecutor executor, NodeDefinition node, RunState state)
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
    NodeContext context = new Context(run, node, inputs, reached, state.visit(node.id()), channels);
    NodeResult result = execute(executor, node, state, context);
    return new Outcome(result, channels.end());
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

  /** Where it was thrown, and what it says unless that may be what the run keeps secret. */
  private static Throwable printable(Throwable thrown, RunState state) {
    if (state.secrets().isEmpty()) {
      return thrown;
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

  private record Context(
      Run run,
      NodeDefinition node,
      Map<String, @Nullable Object> inputs,
      NodeState reached,
      int visit,
      NodeChannels channels)
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
  }
}
