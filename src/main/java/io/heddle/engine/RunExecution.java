package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.io.Serial;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
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
 * One run on one node, from the moment the lease was taken. Events are collected and committed when
 * something outside depends on them: before a node with outside effects starts, when the run has to
 * wait, and when it ends. Used by one thread.
 */
final class RunExecution {

  /** Stores a step, however long that takes. */
  interface Committer {
    Step.Outcome commit(Step step) throws InterruptedException;
  }

  private static final Logger log = LoggerFactory.getLogger(RunExecution.class);

  // Keeps one commit, and what a crash repeats, of a bounded size.
  private static final int EVENTS_PER_STEP = 500;

  private record Finished(String nodeId, NodeResult result) {}

  private final Run run;

  private final WorkflowDefinition definition;

  private final NodeExecutors executors;

  private final Limits limits;

  private final InstantSource clock;

  private final ExecutorService nodeThreads;

  private final Committer committer;

  private final List<NewEvent> pending = new ArrayList<>();

  private final Map<String, Future<?>> executing = new HashMap<>();

  private final BlockingQueue<Finished> finished = new LinkedBlockingQueue<>();

  private RunState state;

  private long nextSequence;

  private final Instant startedAt;

  private final Duration allowed;

  RunExecution(
      Run run,
      WorkflowDefinition definition,
      NodeExecutors executors,
      Limits limits,
      InstantSource clock,
      ExecutorService nodeThreads,
      Committer committer) {
    this.run = run;
    this.definition = definition;
    this.executors = executors;
    this.limits = limits;
    this.clock = clock;
    this.nodeThreads = nodeThreads;
    this.committer = committer;
    this.state = run.state();
    this.nextSequence = run.nextSequence();
    this.startedAt = run.startedAt() == null ? clock.instant() : run.startedAt();
    this.allowed = allowedDuration();
  }

  /** See {@link Worker#drive}. */
  Optional<Instant> execute() throws InterruptedException {
    try {
      return proceed();
    } catch (Fenced e) {
      log.debug("{} belongs to somebody else", run.runId());
      return Optional.empty();
    } finally {
      executing.values().forEach(node -> node.cancel(true));
    }
  }

  private Optional<Instant> proceed() throws InterruptedException, Fenced {
    if (run.status() == RunStatus.PENDING) {
      append(EventType.RUN_STARTED, null, Payloads.runStarted(run));
    }
    List<NodeDefinition> starting = interrupted();
    while (true) {
      Duration elapsed = Duration.between(startedAt, clock.instant());
      if (elapsed.toMillis() > allowed.toMillis()) {
        return breach("run-duration", allowed.toMillis(), elapsed.toMillis(), null, "run_timeout");
      }
      starting.addAll(due());
      Readiness readiness = Readiness.of(definition, state);
      for (NodeDefinition node : readiness.unreachable()) {
        leaveOut(node);
      }
      starting.addAll(readiness.ready());
      List<NodeDefinition> submitted = new ArrayList<>();
      for (NodeDefinition node : starting) {
        if (!isWoken(node) && starts() >= limit()) {
          return breach(
              "node-executions", limit(), starts() + 1, node.id(), "recursion_limit_exceeded");
        }
        Optional<RunError> failure = start(node, submitted);
        if (failure.isPresent()) {
          return fail(failure.get(), node.id());
        }
      }
      boolean progressed = !starting.isEmpty() || !readiness.unreachable().isEmpty();
      starting = new ArrayList<>();
      if (!submitted.isEmpty()) {
        commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
        submitted.forEach(this::submit);
      } else if (pending.size() >= EVENTS_PER_STEP) {
        commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
      }
      if (progressed) {
        continue;
      }
      if (!executing.isEmpty()) {
        Optional<Optional<Instant>> end = await();
        if (end.isPresent()) {
          return end.get();
        }
      } else {
        Optional<Instant> due = nextDue();
        if (due.isEmpty()) {
          return complete();
        }
        Instant wakeAt = earlier(due.get(), startedAt.plus(allowed).plusMillis(1));
        commit(RunStatus.RUNNING, new Wakeup.At(wakeAt), null);
        return Optional.of(wakeAt);
      }
    }
  }

  /** Nodes whose start is on the log and whose executor died with another process. */
  private List<NodeDefinition> interrupted() {
    List<NodeDefinition> interrupted = new ArrayList<>();
    for (NodeDefinition node : definition.nodes()) {
      NodeState reached = state.nodes().get(node.id());
      if (reached != null && reached.progress() == Progress.STARTED) {
        interrupted.add(node);
      }
    }
    return interrupted;
  }

  private List<NodeDefinition> due() {
    List<NodeDefinition> due = new ArrayList<>();
    Instant now = clock.instant();
    for (NodeDefinition node : definition.nodes()) {
      NodeState reached = state.nodes().get(node.id());
      if (reached != null && reached.until() != null && !reached.until().isAfter(now)) {
        due.add(node);
      }
    }
    return due;
  }

  private boolean isWoken(NodeDefinition node) {
    NodeState reached = state.nodes().get(node.id());
    return reached != null && reached.progress() == Progress.PARKED;
  }

  private Optional<Instant> nextDue() {
    return state.nodes().values().stream()
        .flatMap(node -> Optional.ofNullable(node.until()).stream())
        .min(Instant::compareTo);
  }

  /** Starts or wakes a node; one that has no outside effects is executed here and now. */
  private Optional<RunError> start(NodeDefinition node, List<NodeDefinition> submitted)
      throws InterruptedException {
    NodeState before = state.nodes().get(node.id());
    if (before != null && before.progress() == Progress.PARKED) {
      state = state.with(node.id(), before.woken());
    } else {
      int attempt = before == null ? 0 : before.attempt() + 1;
      state = state.with(node.id(), NodeState.started(attempt));
      append(
          EventType.NODE_STARTED,
          node.id(),
          Payloads.nodeStarted(node.id(), node.typeId(), attempt));
    }
    NodeExecutor executor = executors.of(node.typeId());
    if (!executor.pure()) {
      submitted.add(node);
      return Optional.empty();
    }
    return apply(node, call(executor, node, state));
  }

  private void submit(NodeDefinition node) {
    NodeExecutor executor = executors.of(node.typeId());
    RunState seen = state;
    executing.put(node.id(), nodeThreads.submit(() -> finished.add(outcome(executor, node, seen))));
  }

  private Finished outcome(NodeExecutor executor, NodeDefinition node, RunState seen) {
    try {
      return new Finished(node.id(), call(executor, node, seen));
    } catch (InterruptedException e) {
      // Either this execution has ended and nobody reads this, or the executor interrupts itself.
      return new Finished(
          node.id(),
          new NodeResult.Failed("heddle.node_interrupted", "The node was interrupted", true));
    }
  }

  /** Waits for an executor, for a timer or for the end of the run's time, whichever comes first. */
  private Optional<Optional<Instant>> await() throws InterruptedException, Fenced {
    Instant until = startedAt.plus(allowed).plusMillis(1);
    Optional<Instant> due = nextDue();
    if (due.isPresent()) {
      until = earlier(until, due.get());
    }
    long millis = Math.max(1, Duration.between(clock.instant(), until).toMillis() + 1);
    Finished first = finished.poll(millis, TimeUnit.MILLISECONDS);
    for (Finished next = first; next != null; next = finished.poll()) {
      executing.remove(next.nodeId());
      NodeDefinition node = definition.node(next.nodeId()).orElseThrow();
      Optional<RunError> failure = apply(node, next.result());
      if (failure.isPresent()) {
        return Optional.of(fail(failure.get(), node.id()));
      }
    }
    return Optional.empty();
  }

  private NodeResult call(NodeExecutor executor, NodeDefinition node, RunState seen)
      throws InterruptedException {
    Map<String, @Nullable Object> inputs = new LinkedHashMap<>();
    Optional<NodeResult> unresolved = Ports.resolve(node, seen, inputs);
    if (unresolved.isPresent()) {
      return unresolved.get();
    }
    NodeState reached = Objects.requireNonNull(seen.nodes().get(node.id()));
    NodeContext context = new Context(run, node, inputs, reached);
    try {
      return checked(executor.execute(context));
    } catch (InterruptedException e) {
      throw e;
    } catch (JsonFault | JacksonException e) {
      log.warn("{} of {} gave outputs that are not JSON", node.id(), run.runId(), e);
      return NodeResult.failed(
          "heddle.node_output_invalid", "The node's outputs are not valid JSON");
    } catch (Throwable e) {
      // The message may hold what the executor was working on, so it goes to the log only.
      log.warn("{} of {} threw", node.id(), run.runId(), e);
      return new NodeResult.Failed(
          "heddle.node_crashed", "The node's executor threw " + e.getClass().getName(), true);
    }
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
    if (result == null) {
      return NodeResult.failed("heddle.node_output_invalid", "The node gave no result");
    }
    return result;
  }

  /** Records a node's outcome; returns the error that ends the run, if it does. */
  private Optional<RunError> apply(NodeDefinition node, NodeResult result) {
    NodeState reached = state.nodes().get(node.id());
    if (reached == null) {
      throw new IllegalStateException("A node ended that never started: " + node.id());
    }
    if (result instanceof NodeResult.Completed completed) {
      Map<String, @Nullable Object> outputs = new LinkedHashMap<>(completed.outputs());
      state = state.with(node.id(), reached.ended(Progress.COMPLETED, outputs));
      append(EventType.NODE_COMPLETED, node.id(), Payloads.nodeCompleted(node.id(), outputs));
      return Optional.empty();
    }
    if (result instanceof NodeResult.Parked parked) {
      Instant until = clock.instant().plus(parked.wakeAfter());
      state = state.with(node.id(), reached.parked(until, new LinkedHashMap<>(parked.memo())));
      return Optional.empty();
    }
    NodeResult.Failed failed = (NodeResult.Failed) result;
    RunError error = new RunError(failed.code(), failed.message());
    state = state.with(node.id(), reached.ended(Progress.FAILED, Map.of()));
    append(
        EventType.NODE_FAILED,
        node.id(),
        Payloads.nodeFailed(node.id(), error, reached.attempt() + 1));
    return Readiness.isFailureHandled(definition, node.id())
        ? Optional.empty()
        : Optional.of(error);
  }

  private void leaveOut(NodeDefinition node) {
    state = state.with(node.id(), NodeState.started(0).ended(Progress.SKIPPED, Map.of()));
    append(
        EventType.NODE_SKIPPED,
        node.id(),
        Payloads.nodeLeftOut(node.id(), node.disabled() ? "disabled" : "not-triggered"));
  }

  private Optional<Instant> complete() throws InterruptedException, Fenced {
    append(EventType.RUN_COMPLETED, null, Payloads.runCompleted(RunOutputs.of(definition, state)));
    commit(RunStatus.COMPLETED, new Wakeup.Never(), null);
    return Optional.empty();
  }

  private Optional<Instant> breach(
      String kind, long limit, long observed, @Nullable String nodeId, String code)
      throws InterruptedException, Fenced {
    append(EventType.CAP_BREACHED, nodeId, Payloads.capBreached(kind, limit, observed, nodeId));
    return fail(
        new RunError(code, "The run exceeded its limit of %d for %s".formatted(limit, kind)), null);
  }

  private Optional<Instant> fail(RunError error, @Nullable String failedNodeId)
      throws InterruptedException, Fenced {
    for (var node : state.nodes().entrySet()) {
      if (!node.getValue().progress().isFinal()) {
        state = state.with(node.getKey(), node.getValue().ended(Progress.CANCELLED, Map.of()));
        append(
            EventType.NODE_CANCELLED,
            node.getKey(),
            Payloads.nodeLeftOut(node.getKey(), "run-failed"));
      }
    }
    append(EventType.RUN_FAILED, null, Payloads.runFailed(error, failedNodeId));
    commit(RunStatus.FAILED, new Wakeup.Never(), error);
    return Optional.empty();
  }

  private void append(EventType type, @Nullable String nodeId, String payload) {
    pending.add(NewEvent.of(type, nodeId, payload));
  }

  private void commit(RunStatus status, Wakeup wakeup, @Nullable RunError error)
      throws InterruptedException, Fenced {
    Step step =
        new Step(
            run.tenant(),
            run.runId(),
            run.leaseEpoch(),
            nextSequence,
            pending,
            status,
            state,
            error,
            wakeup);
    if (committer.commit(step) == Step.Outcome.FENCED) {
      throw new Fenced();
    }
    nextSequence += pending.size();
    pending.clear();
  }

  private int starts() {
    return state.nodes().values().stream()
        .filter(node -> node.progress() != Progress.SKIPPED)
        .mapToInt(node -> node.attempt() + 1)
        .sum();
  }

  private long limit() {
    return Math.min(limits.maxNodeExecutions(), configured(Limits.RECURSION_LIMIT, Long.MAX_VALUE));
  }

  private Duration allowedDuration() {
    long millis = limits.maxRunDuration().toMillis();
    millis = Math.min(millis, configured(Limits.RUN_TIMEOUT_MS, Long.MAX_VALUE));
    Long timeout = definition.settings().timeoutMs();
    return Duration.ofMillis(timeout == null ? millis : Math.min(millis, timeout));
  }

  private long configured(String member, long otherwise) {
    // Beyond the range of a long the value would wrap around to a small one.
    return run.configurable().get(member) instanceof Number number
            && number.doubleValue() < Long.MAX_VALUE
        ? number.longValue()
        : otherwise;
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  /** The run belongs to somebody else; everything not committed is dropped. */
  private static final class Fenced extends Exception {

    @Serial private static final long serialVersionUID = 1L;
  }

  private record Context(
      Run run, NodeDefinition node, Map<String, @Nullable Object> inputs, NodeState reached)
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
    public Map<String, @Nullable Object> memo() {
      return reached.memo();
    }
  }
}
