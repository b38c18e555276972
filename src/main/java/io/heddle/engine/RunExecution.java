package io.heddle.engine;

import io.heddle.effect.Execution;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.io.Serial;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run on one host node, from the moment the lease was taken. Events are collected and committed
 * when something outside depends on them: before a node with outside effects starts, when the run
 * has to wait, and when it ends. Used by one thread.
 */
final class RunExecution {

  /** What a run's execution needs of its surroundings. */
  interface Surroundings {

    /** Stores a step, however long that takes. */
    Step.Outcome commit(Step step) throws InterruptedException;

    /** Reads the run again, however long that takes. */
    Run reread(Run run) throws InterruptedException;

    /** How these runs stand, however long that takes. */
    List<ChildStanding> standings(Run run, Collection<String> runIds) throws InterruptedException;

    /** Cancels runs that a run started, however long that takes. */
    void cancel(Run run, Collection<String> runIds) throws InterruptedException;

    /** The side effects of a call of an executor. */
    NodeEffects effects(Execution execution);

    /** See {@link RunStore#losses}; however long that takes. */
    int losses(Run run) throws InterruptedException;

    /** Where a replay looks up what its log does not hold; however long that takes. */
    Replay.Source source(Run run);

    /** How a node of a run failed last, as its log tells; however long that takes. */
    RunError failure(Run run, String nodeId) throws InterruptedException;

    /** Whether this host is about to stop: what is being done may end, nothing new may begin. */
    boolean isLeaving();
  }

  private static final Logger log = LoggerFactory.getLogger(RunExecution.class);

  private static final int EPOCH_AFTER_A_LOSS = 3;

  // Keeps one commit, and what a crash repeats, of a bounded size.
  private static final int EVENTS_PER_STEP = 500;

  private static final int ARTIFACTS_PER_STEP = 16;

  // How late an execution that waits for its own nodes hears of answers and of ended children.
  private static final long LISTENING_MS = 500;

  private final WorkflowDefinition definition;

  private final NodeExecutors executors;

  private final RuntimeCapabilities capabilities;

  private final Limits limits;

  private final InstantSource clock;

  private final Surroundings surroundings;

  private final Draft draft;

  private final NodeCalls calls;

  private final @Nullable Replay replay;

  private final RecordedClock recorded;

  private final ChildRuns childRuns;

  private final Supervision supervision;

  private final Dispatches dispatches;

  private final MergeGate mergeGate;

  private final Instant timedFrom;

  private final Duration allowed;

  private Run run;

  private long nextSequence;

  // Looked at when the run was read, for whoever ends a child leaves a signal.
  private boolean childrenMayHaveEnded = true;

  // What a run below this one waits for, if one waits for somebody outside.
  private @Nullable RunStatus waitingChild;

  private RunStatus storedStatus;

  private boolean startedRuns;

  RunExecution(
      Run run,
      WorkflowDefinition definition,
      NodeExecutors executors,
      RuntimeCapabilities capabilities,
      Limits limits,
      InstantSource clock,
      ExecutorService nodeThreads,
      ChildRuns childRuns,
      @Nullable RunRecord record,
      Surroundings surroundings) {
    this.run = run;
    this.definition = definition;
    this.executors = executors;
    this.capabilities = capabilities;
    this.limits = limits;
    this.clock = clock;
    this.childRuns = childRuns;
    this.surroundings = surroundings;
    this.recorded = new RecordedClock(clock);
    InstantSource told = record == null ? clock : recorded;
    this.draft = new Draft(run, definition, limits.retries(), told);
    this.replay =
        record == null
            ? null
            : new Replay(run, definition, executors, draft, record, surroundings.source(run));
    if (replay != null) {
      draft.ask(replay);
    }
    this.calls =
        new NodeCalls(
            run,
            definition,
            executors,
            told,
            nodeThreads,
            surroundings::effects,
            this::pin,
            draft::tell);
    this.supervision = new Supervision(run, definition, draft, executors, childRuns);
    this.dispatches =
        new Dispatches(run, definition, draft, childRuns, limits.maxFanOut(), surroundings);
    this.mergeGate = new MergeGate(run, draft);
    this.nextSequence = run.nextSequence();
    this.storedStatus = run.status();
    this.timedFrom = run.timedFrom() == null ? clock.instant() : run.timedFrom();
    this.allowed = allowedDuration();
  }

  /** See {@link Worker#drive}. */
  Optional<Instant> execute() throws InterruptedException {
    try {
      if (run.startedAt() == null) {
        draft.append(EventType.RUN_STARTED, null, Payloads.runStarted(run));
      }
      Optional<End> inherited = failAsCopied();
      if (inherited.isPresent()) {
        return inherited.get().due();
      }
      // A replay knows where it was, and goes on from there.
      List<NodeDefinition> interrupted = replay == null ? nodes(this::wasInterrupted) : List.of();
      Optional<End> poisoned = blame(interrupted);
      if (poisoned.isPresent()) {
        return poisoned.get().due();
      }
      while (true) {
        Optional<End> end = advance(interrupted);
        if (end.isPresent()) {
          return end.get().due();
        }
        interrupted = List.of();
      }
    } catch (Fenced e) {
      log.debug("{} belongs to somebody else", run.runId());
      return Optional.empty();
    } finally {
      calls.close();
    }
  }

  /** Whether this execution left runs behind that somebody should look at. */
  boolean leftRunsDue() {
    return startedRuns || run.parent() != null;
  }

  /** Gives up on what processes keep dying of; nodes that may be started again remain. */
  private Optional<End> blame(List<NodeDefinition> interrupted)
      throws InterruptedException, Fenced {
    // Somebody else must have held it, and been fenced, before this node took it.
    int losses = run.leaseEpoch() < EPOCH_AFTER_A_LOSS ? 0 : surroundings.losses(run);
    if (losses == 0) {
      return Optional.empty();
    }
    if (losses >= limits.maxLosses()) {
      return fail(lost("run", losses), null);
    }
    for (NodeDefinition node : List.copyOf(interrupted)) {
      int blamed = draft.lose(node);
      if (blamed >= limits.maxLosses()) {
        interrupted.remove(node);
        RunError error = lost("node", blamed);
        Optional<RunError> failure =
            draft.end(node, NodeResult.failed(error.code(), error.message()));
        if (failure.isPresent()) {
          return fail(failure.get(), node.id());
        }
      }
    }
    return Optional.empty();
  }

  private static RunError lost(String what, int losses) {
    return new RunError(
        "heddle.host_lost",
        "%d processes in a row were lost while they executed the %s".formatted(losses, what));
  }

  /** Does what can be done now, or waits; returns how this execution ended, once it has. */
  private Optional<End> advance(List<NodeDefinition> interrupted)
      throws InterruptedException, Fenced {
    if (replay != null) {
      replay.compare();
    }
    Duration elapsed = Duration.between(timedFrom, clock.instant());
    if (elapsed.toMillis() > allowed.toMillis()) {
      return breach("run-duration", allowed.toMillis(), elapsed.toMillis(), null, "run_timeout");
    }
    if (surroundings.isLeaving()) {
      return leave();
    }
    // First, for what the run waited for may be the last that a pause waits for.
    Optional<End> failed = Decision.hasEnded(draft.state()) ? Optional.empty() : harvest();
    if (failed.isPresent()) {
      return failed;
    }
    PauseRequest wanted = run.pauseRequest();
    boolean draining = wanted != null;
    if (wanted != null
        && !calls.areExecuting()
        && interrupted.isEmpty()
        && !draft.state().isInProgress()) {
      return pause(wanted);
    }
    if (Decision.hasEnded(draft.state()) && (replay == null || !replay.isDeciding())) {
      return terminate();
    }
    List<String> losers = dispatches.losers();
    if (!losers.isEmpty()) {
      stop(losers);
      return Optional.empty();
    }
    Readiness readiness = Readiness.of(definition, draft.state());
    if (replay != null) {
      return repeat(replay, readiness, draining);
    }
    List<NodeDefinition> starting = new ArrayList<>(interrupted);
    starting.addAll(nodes(draining ? this::isParkedAndDue : this::isDue));
    if (!draining) {
      starting.addAll(nodes(node -> node.progress() == Progress.RESUMED));
      readiness.unreachable().forEach(draft::leaveOut);
      starting.addAll(readiness.ready());
      for (NodeDefinition node : readiness.broken()) {
        Optional<RunError> failure = draft.breakOff(node);
        if (failure.isPresent()) {
          return fail(failure.get(), node.id());
        }
      }
    }
    List<NodeDefinition> submitted = new ArrayList<>();
    for (NodeDefinition node : starting) {
      Optional<End> end = start(node, submitted);
      if (end.isPresent() || Decision.hasEnded(draft.state())) {
        return end;
      }
    }
    if (!submitted.isEmpty()
        || draft.events().size() >= EVENTS_PER_STEP
        || draft.artifacts().size() >= ARTIFACTS_PER_STEP) {
      commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
      submitted.forEach(node -> calls.submit(node, draft.state(), allowedDuration(node)));
    }
    if (!starting.isEmpty()
        || (!draining && !(readiness.unreachable().isEmpty() && readiness.broken().isEmpty()))) {
      return Optional.empty();
    }
    if (!calls.areExecuting()) {
      return rest();
    }
    if (draft.isDirty()) {
      // What a node came to must not be lost with the process while others still execute.
      commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
    }
    return await(earlier(deadline(), draining ? nextDue(Progress.PARKED) : nextDue()));
  }

  /** Waits for what is being done, begins nothing, and leaves the rest to another node. */
  private Optional<End> leave() throws InterruptedException, Fenced {
    if (!calls.areExecuting()) {
      return tryCommit(atRest(), new Wakeup.Now(), null)
          ? Optional.of(End.FOR_GOOD)
          : Optional.empty();
    }
    if (draft.isDirty()) {
      commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
    }
    return await(deadline());
  }

  private Optional<End> start(NodeDefinition node, List<NodeDefinition> submitted)
      throws InterruptedException, Fenced {
    NodeState before = draft.state().nodes().get(node.id());
    if (before != null && before.progress() == Progress.SUSPENDED) {
      timeOut(node);
      return Optional.empty();
    }
    boolean woken =
        before != null
            && (before.progress() == Progress.PARKED || before.progress() == Progress.RESUMED);
    if (!woken && draft.state().starts() >= limit()) {
      return breach(
          "node-executions",
          limit(),
          draft.state().starts() + 1,
          node.id(),
          "recursion_limit_exceeded");
    }
    long turns = configured(Limits.MAX_LOOP_ITERATIONS, Long.MAX_VALUE);
    if (!woken && node.typeId().equals(SupervisorNode.TYPE) && draft.state().turns() >= turns) {
      return breach(
          "loop-iterations", turns, draft.state().turns() + 1, node.id(), "loop_limit_exceeded");
    }
    Optional<String> missing = capabilities.missing(executors.requirements(node.typeId()));
    if (missing.isPresent()) {
      return fail(draft.refuse(node, missing.get()), node.id());
    }
    draft.start(node);
    if (replay != null && replay.tells(node)) {
      return Optional.empty();
    }
    if (node.typeId().equals(SubWorkflowNode.TYPE)) {
      Optional<RunError> failure =
          mergeGate.holds(node) ? mergeGate.decided(node) : startChild(node);
      return failure.isPresent() ? fail(failure.get(), node.id()) : Optional.empty();
    }
    if (node.typeId().equals(SupervisorNode.TYPE)) {
      Optional<RunError> failure = supervision.decide(node);
      return failure.isPresent() ? fail(failure.get(), node.id()) : Optional.empty();
    }
    if (node.typeId().equals(DispatchNode.TYPE)) {
      Optional<Dispatches.Stop> stop = dispatches.begin(node);
      return stop.isPresent() ? stopped(node, stop.get()) : Optional.empty();
    }
    if (!calls.isPure(node)) {
      submitted.add(node);
      return Optional.empty();
    }
    if (replay == null) {
      return end(node, calls.call(node, draft.state()));
    }
    recorded.set(replay.writtenAt(node));
    try {
      return end(node, calls.call(node, draft.state()));
    } finally {
      recorded.set(null);
    }
  }

  private void timeOut(NodeDefinition node) throws InterruptedException, Fenced {
    NodeState before = Objects.requireNonNull(draft.state().nodes().get(node.id()));
    int length = draft.events().size();
    draft.timeOut(node);
    if (Objects.requireNonNull(before.question()).kind() != InterruptKind.CONVERSATION) {
      return;
    }
    // What was said in time, and not heard of here, comes before the end.
    Replay.Mark mark = replay == null ? null : replay.mark();
    if (replay != null) {
      replay.compare();
    }
    if (!tryCommit(RunStatus.RUNNING, new Wakeup.KeepLease(), null)) {
      draft.takeBackTimeOut(node, before, length);
      draft.adopt(run.state());
      if (replay != null) {
        replay.reset(Objects.requireNonNull(mark));
      }
    }
  }

  /** Does the next thing that the source of this run did, or else what can be done, or waits. */
  private Optional<End> repeat(Replay source, Readiness readiness, boolean draining)
      throws InterruptedException, Fenced {
    if (draft.events().size() >= EVENTS_PER_STEP
        || draft.artifacts().size() >= ARTIFACTS_PER_STEP) {
      commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
    }
    Replay.Choice choice = source.choose(readiness, draining, clock.instant());
    if (choice == null) {
      return rest();
    }
    return switch (choice.deed()) {
      case START -> start(choice.onlyNode(), new ArrayList<>());
      case SKIP -> {
        draft.leaveOut(choice.onlyNode());
        yield Optional.empty();
      }
      case BREAK_OFF -> failed(draft.breakOff(choice.onlyNode()), choice);
      case ANSWER -> failed(source.answer(choice.onlyNode()), choice);
      case MISS -> failed(source.miss(choice.onlyNode()), choice);
      case TELL -> failed(source.tell(choice.onlyNode()));
      case HAPPEN -> failed(source.happen());
    };
  }

  private Optional<End> failed(Optional<RunError> error, Replay.Choice choice)
      throws InterruptedException, Fenced {
    return error.isEmpty() ? Optional.empty() : fail(error.get(), choice.onlyNode().id());
  }

  private Optional<End> failed(Optional<Replay.Failure> failure)
      throws InterruptedException, Fenced {
    return failure.isEmpty()
        ? Optional.empty()
        : fail(failure.get().error(), failure.get().failedNodeId());
  }

  private int pin(String nodeId, String changeId, int version) {
    return draft.pin(
        nodeId, changeId, replay == null ? version : replay.version(changeId, version));
  }

  /** A fork of a run that had failed by then, and had not said so. */
  private Optional<End> failAsCopied() throws InterruptedException, Fenced {
    if (run.fork() == null) {
      return Optional.empty();
    }
    for (NodeDefinition node : nodes(reached -> reached.progress() == Progress.FAILED)) {
      if (!Readiness.isFailureHandled(definition, node.id())) {
        return fail(surroundings.failure(run, node.id()), node.id());
      }
    }
    return Optional.empty();
  }

  private Optional<End> end(NodeDefinition node, NodeCalls.Outcome outcome)
      throws InterruptedException, Fenced {
    Optional<RunError> failure = draft.end(node, outcome);
    return failure.isPresent() ? fail(failure.get(), node.id()) : Optional.empty();
  }

  private Optional<RunError> startChild(NodeDefinition node) {
    SubWorkflowNode.Config config = SubWorkflowNode.Config.of(node.config());
    try {
      return draft.startChild(
          node,
          childRuns.child(
              run, draft.state(), node.id(), config.workflowId(), config.inputs(), Json.members()),
          config.waits());
    } catch (ChildRuns.Refused e) {
      return draft.end(node, NodeResult.failed(e.code, String.valueOf(e.getMessage())));
    }
  }

  /** Takes over what ended children give. */
  private Optional<End> harvest() throws InterruptedException, Fenced {
    Map<String, NodeDefinition> waiting = draft.waiting();
    if (!childrenMayHaveEnded || waiting.isEmpty()) {
      return Optional.empty();
    }
    childrenMayHaveEnded = false;
    waitingChild = null;
    for (ChildStanding child : surroundings.standings(run, waiting.keySet())) {
      if (!child.status().isTerminal()) {
        waitingChild =
            waitingChild == null && child.status().isWaiting() ? child.status() : waitingChild;
        continue;
      }
      NodeDefinition node = Objects.requireNonNull(waiting.get(child.runId()));
      if (node.typeId().equals(DispatchNode.TYPE)) {
        Optional<Dispatches.Stop> stop = dispatches.childEnded(node, child);
        if (stop.isPresent()) {
          return stopped(node, stop.get());
        }
        continue;
      }
      SubWorkflowNode.Config config = SubWorkflowNode.Config.of(node.config());
      Optional<RunError> failure =
          child.status() == RunStatus.COMPLETED && !config.attestation().isNone()
              ? mergeGate.childEnded(node, config, child)
              : draft.endChild(node, config, child);
      if (failure.isPresent()) {
        return fail(failure.get(), node.id());
      }
    }
    return Optional.empty();
  }

  private Optional<End> stopped(NodeDefinition node, Dispatches.Stop stop)
      throws InterruptedException, Fenced {
    if (stop instanceof Dispatches.Stop.Exceeded exceeded) {
      return breach(
          "dispatch-iterations",
          exceeded.limit(),
          exceeded.limit() + 1L,
          node.id(),
          "heddle.dispatch_limit_exceeded");
    }
    return fail(((Dispatches.Stop.Failed) stop).error(), node.id());
  }

  /** An orchestrator decided that the run ends here: whatever is under way is not waited for. */
  private Optional<End> terminate() throws InterruptedException, Fenced {
    Collection<String> children = draft.waiting().keySet();
    if (!children.isEmpty()) {
      stop(children);
    }
    draft.cancelNodes("run-terminated");
    return complete();
  }

  /** Cancels children once it is stored that nobody waits for them, and why. */
  private void stop(Collection<String> children) throws InterruptedException, Fenced {
    List<String> runIds = List.copyOf(children);
    commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
    surroundings.cancel(run, runIds);
    childrenMayHaveEnded = true;
  }

  /** Waits for an executor, but not beyond an instant. */
  private Optional<End> await(Instant until) throws InterruptedException, Fenced {
    long millis = Math.max(1, Duration.between(clock.instant(), until).toMillis() + 1);
    boolean listens = !draft.waiting().isEmpty() || draft.state().awaited() != null;
    Optional<NodeCalls.Message> message =
        calls.next(listens ? Math.min(millis, LISTENING_MS) : millis);
    if (message.isEmpty() && listens) {
      readAgain();
    }
    while (message.isPresent()) {
      Optional<End> end = heed(message.get());
      if (end.isPresent()) {
        return end;
      }
      message = calls.next(0);
    }
    return Optional.empty();
  }

  private Optional<End> heed(NodeCalls.Message message) throws InterruptedException, Fenced {
    if (message instanceof NodeCalls.PinRequest request) {
      int pinned = draft.pin(request.nodeId(), request.changeId(), request.version());
      if (draft.isDirty()) {
        // The node acts on it next, and whoever executes it after a crash must do the same.
        commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
      }
      request.pinned().complete(pinned);
      return Optional.empty();
    }
    if (message instanceof NodeCalls.Told told) {
      draft.tell(told.nodeId(), told.event());
      return Optional.empty();
    }
    NodeCalls.Finished finished = (NodeCalls.Finished) message;
    return end(definition.node(finished.nodeId()).orElseThrow(), finished.outcome());
  }

  /**
   * Nothing is being done and nothing can be: the run waits for time to pass, or it is complete.
   */
  private Optional<End> rest() throws InterruptedException, Fenced {
    Instant due = nextDue();
    if (due == null && draft.waiting().isEmpty() && draft.state().awaited() == null) {
      return complete();
    }
    Instant wakeAt = earlier(deadline(), due);
    return tryCommit(atRest(), new Wakeup.At(wakeAt), null)
        ? Optional.of(new End(Optional.of(wakeAt)))
        : Optional.empty();
  }

  /** What a run that is at rest is said to wait for. */
  private RunStatus atRest() {
    RunStatus awaited = draft.state().awaited();
    if (awaited != null) {
      return awaited;
    }
    return waitingChild == null ? RunStatus.RUNNING : waitingChild;
  }

  private Optional<End> complete() throws InterruptedException, Fenced {
    int length = draft.events().size();
    Map<String, @Nullable Object> outputs = RunOutputs.of(definition, draft.state());
    Orchestration decided = draft.state().orchestration();
    String reason = null;
    if (decided != null && Decision.hasEnded(draft.state())) {
      draft.causedBy(decided.eventId());
      reason = new Decision(decided.decision()).reason();
    }
    Replay.Mark before = replay == null ? null : replay.mark();
    draft.append(EventType.RUN_COMPLETED, null, Payloads.runCompleted(outputs, reason));
    draft.causedBy(null);
    if (replay != null) {
      replay.compare();
    }
    if (tryCommit(RunStatus.COMPLETED, new Wakeup.Never(), null)) {
      return Optional.of(End.FOR_GOOD);
    }
    draft.truncate(length);
    if (replay != null) {
      replay.reset(Objects.requireNonNull(before));
    }
    return Optional.empty();
  }

  private Optional<End> pause(PauseRequest request) throws InterruptedException, Fenced {
    int length = draft.events().size();
    draft.append(EventType.RUN_PAUSED, null, Payloads.runPaused(request));
    if (tryCommit(RunStatus.PAUSED, new Wakeup.Never(), null)) {
      return Optional.of(End.FOR_GOOD);
    }
    draft.truncate(length);
    return Optional.empty();
  }

  private Optional<End> breach(
      String kind, long limit, long observed, @Nullable String nodeId, String code)
      throws InterruptedException, Fenced {
    draft.append(
        EventType.CAP_BREACHED, nodeId, Payloads.capBreached(kind, limit, observed, nodeId));
    return fail(
        new RunError(code, "The run exceeded its limit of %d for %s".formatted(limit, kind)), null);
  }

  private Optional<End> fail(RunError error, @Nullable String failedNodeId)
      throws InterruptedException, Fenced {
    List<String> children = List.copyOf(draft.waiting().keySet());
    draft.cancelNodes("run-failed");
    draft.append(EventType.RUN_FAILED, null, Payloads.runFailed(error, failedNodeId));
    if (replay != null) {
      replay.compare();
    }
    commit(RunStatus.FAILED, new Wakeup.Never(), error);
    if (!children.isEmpty()) {
      // Afterwards, for until then the failure may turn out to belong to somebody else.
      surroundings.cancel(run, children);
    }
    return Optional.of(End.FOR_GOOD);
  }

  /** Commits whatever signals there are; for steps that no signal would change. */
  private void commit(RunStatus status, Wakeup wakeup, @Nullable RunError error)
      throws InterruptedException, Fenced {
    while (!tryCommit(status, wakeup, error)) {
      log.debug("{} was signalled", run.runId());
    }
  }

  /** Commits unless there is a signal to look at first; then the run has been read again. */
  private boolean tryCommit(RunStatus status, Wakeup wakeup, @Nullable RunError error)
      throws InterruptedException, Fenced {
    Step step =
        new Step(
            run.tenant(),
            run.runId(),
            run.leaseEpoch(),
            nextSequence,
            run.signals(),
            draft.events(),
            status,
            replay == null ? draft.state() : draft.state().with(replay.reached()),
            error,
            wakeup,
            draft.children(),
            draft.interrupts(),
            draft.timedOut(),
            draft.artifacts(),
            status != storedStatus && (status.isWaiting() || storedStatus.isWaiting()));
    switch (surroundings.commit(step)) {
      case COMMITTED -> {
        nextSequence += draft.events().size();
        startedRuns |= !draft.children().isEmpty();
        storedStatus = status;
        draft.stored();
        if (replay != null) {
          replay.stored();
        }
        return true;
      }
      case SIGNALLED -> {
        readAgain();
        return false;
      }
      case FENCED -> throw new Fenced();
      default -> throw new IllegalStateException();
    }
  }

  /** Takes over what others have stored beside this execution. */
  private void readAgain() throws InterruptedException, Fenced {
    long epoch = run.leaseEpoch();
    long signals = run.signals();
    run = surroundings.reread(run);
    if (run.leaseEpoch() != epoch) {
      throw new Fenced();
    }
    if (run.signals() != signals) {
      childrenMayHaveEnded = true;
      nextSequence = run.nextSequence();
      draft.adopt(run.state());
    }
  }

  private interface NodeFilter {
    boolean accepts(NodeState node);
  }

  private List<NodeDefinition> nodes(NodeFilter filter) {
    List<NodeDefinition> nodes = new ArrayList<>();
    for (NodeDefinition node : definition.nodes()) {
      NodeState reached = draft.state().nodes().get(node.id());
      if (reached != null && filter.accepts(reached)) {
        nodes.add(node);
      }
    }
    return nodes;
  }

  /** Its start is on the log and its executor died with another process. */
  private boolean wasInterrupted(NodeState node) {
    return node.progress() == Progress.STARTED;
  }

  private boolean isDue(NodeState node) {
    return node.until() != null && !node.until().isAfter(clock.instant());
  }

  private boolean isParkedAndDue(NodeState node) {
    return node.progress() == Progress.PARKED && isDue(node);
  }

  /** When the first node that stands like this is due; before a pause no other is started. */
  private @Nullable Instant nextDue(Progress progress) {
    return draft.state().nodes().values().stream()
        .filter(node -> node.progress() == progress)
        .flatMap(node -> Optional.ofNullable(node.until()).stream())
        .min(Instant::compareTo)
        .orElse(null);
  }

  private @Nullable Instant nextDue() {
    return draft.state().nodes().values().stream()
        .flatMap(node -> Optional.ofNullable(node.until()).stream())
        .min(Instant::compareTo)
        .orElse(null);
  }

  private Instant deadline() {
    return timedFrom.plus(allowed).plusMillis(1);
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

  private Duration allowedDuration(NodeDefinition node) {
    Long wanted = node.timeoutMs();
    Duration most = limits.maxNodeDuration();
    return wanted == null || wanted >= most.toMillis() ? most : Duration.ofMillis(wanted);
  }

  private long configured(String member, long otherwise) {
    // Beyond the range of a long the value would wrap around to a small one.
    return run.configurable().get(member) instanceof Number number
            && number.doubleValue() < Long.MAX_VALUE
        ? number.longValue()
        : otherwise;
  }

  private static Instant earlier(Instant a, @Nullable Instant b) {
    return b == null || a.isBefore(b) ? a : b;
  }

  /**
   * This execution is over.
   *
   * @param due when the run should be looked at again, if it waits for time to pass
   */
  private record End(Optional<Instant> due) {

    static final End FOR_GOOD = new End(Optional.empty());
  }

  /** The run belongs to somebody else; everything not committed is dropped. */
  private static final class Fenced extends Exception {

    @Serial private static final long serialVersionUID = 1L;
  }
}
