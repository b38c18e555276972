package io.heddle.engine;

import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.run.Wakeup;
import io.heddle.spi.InterruptKind;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
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
 * has to wait, and when it ends.
 *
 * <p>This decides what is done next. What it is done with knows one matter each: {@link HeldRun}
 * what is stored, {@link Draft} what is not yet, {@link Agenda} what is due, {@link NodeStarts} how
 * a node begins, {@link Children} the runs that are waited for, {@link Replay} what the source of a
 * replay did, {@link RunLimits} and {@link LostProcesses} when it is enough. Used by one thread.
 */
final class RunExecution {

  private static final Logger log = LoggerFactory.getLogger(RunExecution.class);

  // Keeps one commit, and what a crash repeats, of a bounded size.
  private static final int EVENTS_PER_STEP = 500;

  private static final int ARTIFACTS_PER_STEP = 16;

  // How late an execution that waits for its own nodes hears of answers and of ended children.
  private static final long LISTENING_MS = 500;

  private final WorkflowDefinition definition;

  private final InstantSource clock;

  private final Surroundings surroundings;

  private final Draft draft;

  private final @Nullable Replay replay;

  private final HeldRun held;

  private final RunLimits limits;

  private final LostProcesses lostProcesses;

  private final Agenda agenda;

  private final Children children;

  private final NodeCalls calls;

  private final NodeStarts starts;

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
    this.definition = definition;
    this.clock = clock;
    this.surroundings = surroundings;
    RecordedClock recorded = new RecordedClock(clock);
    InstantSource told = record == null ? clock : recorded;
    this.draft = new Draft(run, definition, limits.retries(), told);
    this.replay =
        record == null
            ? null
            : new Replay(
                run, definition, executors, draft, record, recorded, surroundings.source(run));
    if (replay != null) {
      draft.questions().answeredBefore(replay);
    }
    this.held = new HeldRun(run, draft, replay == null ? null : replay.place(), surroundings);
    this.limits = new RunLimits(run, definition, limits, clock.instant());
    this.lostProcesses = new LostProcesses(run, draft, limits.maxLosses(), surroundings);
    this.agenda = new Agenda(definition, draft);
    OwnNodes ownNodes =
        new OwnNodes(
            new SubWorkflows(run, draft, childRuns),
            new Supervision(run, definition, draft, executors, childRuns),
            new Dispatches(run, definition, draft, childRuns, limits.maxFanOut(), surroundings));
    this.children = new Children(definition, draft, held, ownNodes, surroundings);
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
    this.starts =
        new NodeStarts(draft, this.limits, executors, capabilities, ownNodes, calls, replay);
  }

  /** See {@link Worker#drive}. */
  Optional<Instant> execute() throws InterruptedException {
    try {
      return drive().due();
    } catch (HeldRun.Fenced e) {
      log.debug("{} belongs to somebody else", held.run().runId());
      return Optional.empty();
    } finally {
      calls.close();
    }
  }

  /** Whether this execution left runs behind that somebody should look at. */
  boolean leftRunsDue() {
    return held.hasStartedRuns() || held.run().parent() != null;
  }

  private End drive() throws InterruptedException, HeldRun.Fenced {
    if (held.run().startedAt() == null) {
      draft.append(EventType.RUN_STARTED, null, Payloads.runStarted(held.run()));
    }
    Optional<Stop> inherited = failureAsCopied();
    if (inherited.isPresent()) {
      return stop(inherited.get());
    }
    // Their starts are on the log and their executors died with another process. A replay knows
    // where it was, and goes on from there.
    List<NodeDefinition> interrupted = replay == null ? agenda.at(Progress.STARTED) : List.of();
    Optional<Stop> poisoned = lostProcesses.blame(interrupted);
    if (poisoned.isPresent()) {
      return stop(poisoned.get());
    }
    while (true) {
      Optional<End> end = advance(interrupted);
      if (end.isPresent()) {
        return end.get();
      }
      interrupted = List.of();
    }
  }

  /** A fork of a run that had failed by then, and had not said so. */
  private Optional<Stop> failureAsCopied() throws InterruptedException {
    if (held.run().fork() == null) {
      return Optional.empty();
    }
    for (NodeDefinition node : agenda.at(Progress.FAILED)) {
      if (!Readiness.isFailureHandled(definition, node.id())) {
        return Optional.of(new Stop.Failed(surroundings.failure(held.run(), node.id()), node.id()));
      }
    }
    return Optional.empty();
  }

  /** Does what can be done now, or waits; returns how this execution ended, once it has. */
  private Optional<End> advance(List<NodeDefinition> interrupted)
      throws InterruptedException, HeldRun.Fenced {
    held.compare();
    Optional<Stop> overrun = limits.overrun(clock.instant());
    if (overrun.isPresent()) {
      return ended(overrun);
    }
    if (surroundings.isLeaving()) {
      return leave();
    }
    // First, for what the run waited for may be the last that a pause waits for.
    Optional<Stop> failed =
        Decision.hasEnded(draft.state()) ? Optional.empty() : children.harvest();
    if (failed.isPresent()) {
      return ended(failed);
    }
    PauseRequest wanted = held.run().pauseRequest();
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
    if (children.stopLosers()) {
      return Optional.empty();
    }
    Readiness readiness = Readiness.of(definition, draft.state());
    return replay == null
        ? goOn(interrupted, readiness, draining)
        : repeat(replay, readiness, draining);
  }

  /** Starts whatever can start now, or waits. */
  private Optional<End> goOn(
      List<NodeDefinition> interrupted, Readiness readiness, boolean draining)
      throws InterruptedException, HeldRun.Fenced {
    Instant now = clock.instant();
    List<NodeDefinition> starting = new ArrayList<>(interrupted);
    starting.addAll(draining ? agenda.dueBeforePause(now) : agenda.due(now));
    if (!draining) {
      starting.addAll(agenda.at(Progress.RESUMED));
      readiness.unreachable().forEach(draft::leaveOut);
      starting.addAll(readiness.ready());
      for (NodeDefinition node : readiness.broken()) {
        Optional<Stop> failure = Stop.of(node, draft.breakOff(node));
        if (failure.isPresent()) {
          return ended(failure);
        }
      }
    }
    List<NodeDefinition> submitted = new ArrayList<>();
    for (NodeDefinition node : starting) {
      Optional<End> end = ended(start(node, submitted));
      if (end.isPresent() || Decision.hasEnded(draft.state())) {
        return end;
      }
    }
    if (!submitted.isEmpty() || isStepFull()) {
      held.save();
      submitted.forEach(node -> calls.submit(node, draft.state(), limits.allowed(node)));
    }
    if (!starting.isEmpty()
        || (!draining && !(readiness.unreachable().isEmpty() && readiness.broken().isEmpty()))) {
      return Optional.empty();
    }
    if (!calls.areExecuting()) {
      return rest();
    }
    saveOutcomes();
    return await(
        earlier(limits.deadline(), draining ? agenda.nextDueBeforePause() : agenda.nextDue()));
  }

  /** Does the next thing that the source of this run did, or else what can be done, or waits. */
  private Optional<End> repeat(Replay source, Readiness readiness, boolean draining)
      throws InterruptedException, HeldRun.Fenced {
    if (isStepFull()) {
      held.save();
    }
    Replay.Choice choice = source.choose(readiness, draining, clock.instant());
    if (choice == null) {
      return rest();
    }
    return ended(
        choice.deed() == Replay.Deed.START
            ? start(choice.onlyNode(), new ArrayList<>())
            : source.perform(choice));
  }

  private boolean isStepFull() {
    return draft.events().size() >= EVENTS_PER_STEP
        || draft.artifacts().size() >= ARTIFACTS_PER_STEP;
  }

  /** What a node came to must not be lost with the process while others still execute. */
  private void saveOutcomes() throws InterruptedException, HeldRun.Fenced {
    if (draft.isDirty()) {
      held.save();
    }
  }

  private Optional<Stop> start(NodeDefinition node, List<NodeDefinition> submitted)
      throws InterruptedException, HeldRun.Fenced {
    NodeState before = draft.state().nodes().get(node.id());
    if (before != null && before.progress() == Progress.SUSPENDED) {
      timeOut(node, before);
      return Optional.empty();
    }
    return starts.start(node, submitted);
  }

  private void timeOut(NodeDefinition node, NodeState before)
      throws InterruptedException, HeldRun.Fenced {
    HeldRun.Mark mark = held.mark();
    draft.questions().timeOut(node);
    if (Objects.requireNonNull(before.question()).kind() != InterruptKind.CONVERSATION
        && !GateEdges.isGate(node)) {
      return;
    }
    // What was said in time, and not heard of here, comes before the end.
    held.compare();
    if (!held.tryCommit(RunStatus.RUNNING, new Wakeup.KeepLease())) {
      draft.questions().takeBackTimeOut(node, before);
      held.takeBack(mark);
      draft.questions().adopt(held.run().state());
    }
  }

  /** Waits for what is being done, begins nothing, and leaves the rest to another node. */
  private Optional<End> leave() throws InterruptedException, HeldRun.Fenced {
    if (!calls.areExecuting()) {
      return held.tryCommit(atRest(), new Wakeup.Now())
          ? Optional.of(End.FOR_GOOD)
          : Optional.empty();
    }
    saveOutcomes();
    return await(limits.deadline());
  }

  /** Waits for an executor, but not beyond an instant. */
  private Optional<End> await(Instant until) throws InterruptedException, HeldRun.Fenced {
    long millis = Math.max(1, Duration.between(clock.instant(), until).toMillis() + 1);
    boolean listens = !children.awaited().isEmpty() || draft.state().awaited() != null;
    Optional<NodeCalls.Message> message =
        calls.next(listens ? Math.min(millis, LISTENING_MS) : millis);
    if (message.isEmpty() && listens) {
      held.readAgain();
    }
    while (message.isPresent()) {
      Optional<End> end = ended(heed(message.get()));
      if (end.isPresent()) {
        return end;
      }
      message = calls.next(0);
    }
    return Optional.empty();
  }

  private Optional<Stop> heed(NodeCalls.Message message)
      throws InterruptedException, HeldRun.Fenced {
    if (message instanceof NodeCalls.PinRequest request) {
      int pinned = draft.pin(request.nodeId(), request.changeId(), request.version());
      if (draft.isDirty()) {
        // The node acts on it next, and whoever executes it after a crash must do the same.
        held.save();
      }
      request.pinned().complete(pinned);
      return Optional.empty();
    }
    if (message instanceof NodeCalls.Told told) {
      draft.tell(told.nodeId(), told.event());
      return Optional.empty();
    }
    NodeCalls.Finished finished = (NodeCalls.Finished) message;
    NodeDefinition node = definition.node(finished.nodeId()).orElseThrow();
    return Stop.of(node, draft.end(node, finished.outcome()));
  }

  private int pin(String nodeId, String changeId, int version) {
    return draft.pin(
        nodeId, changeId, replay == null ? version : replay.version(changeId, version));
  }

  /**
   * Nothing is being done and nothing can be: the run waits for time to pass, or it is complete.
   */
  private Optional<End> rest() throws InterruptedException, HeldRun.Fenced {
    Instant due = agenda.nextDue();
    if (due == null && children.awaited().isEmpty() && draft.state().awaited() == null) {
      return complete();
    }
    Instant wakeAt = earlier(limits.deadline(), due);
    return held.tryCommit(atRest(), new Wakeup.At(wakeAt))
        ? Optional.of(new End(Optional.of(wakeAt)))
        : Optional.empty();
  }

  /** What a run that is at rest is said to wait for. */
  private RunStatus atRest() {
    RunStatus awaited = draft.state().awaited();
    if (awaited != null) {
      return awaited;
    }
    return children.waitingChild() == null ? RunStatus.RUNNING : children.waitingChild();
  }

  private Optional<End> pause(PauseRequest request) throws InterruptedException, HeldRun.Fenced {
    HeldRun.Mark mark = held.mark();
    draft.append(EventType.RUN_PAUSED, null, Payloads.runPaused(request));
    if (held.tryCommit(RunStatus.PAUSED, new Wakeup.Never())) {
      return Optional.of(End.FOR_GOOD);
    }
    held.takeBack(mark);
    return Optional.empty();
  }

  /** An orchestrator decided that the run ends here: whatever is under way is not waited for. */
  private Optional<End> terminate() throws InterruptedException, HeldRun.Fenced {
    children.stop(children.awaited());
    draft.cancelNodes("run-terminated");
    return complete();
  }

  private Optional<End> complete() throws InterruptedException, HeldRun.Fenced {
    HeldRun.Mark mark = held.mark();
    Map<String, @Nullable Object> outputs = RunOutputs.of(definition, draft.state());
    Orchestration decided = draft.state().orchestration();
    String reason = null;
    if (decided != null && Decision.hasEnded(draft.state())) {
      draft.causedBy(decided.eventId());
      reason = new Decision(decided.decision()).reason();
    }
    draft.append(EventType.RUN_COMPLETED, null, Payloads.runCompleted(outputs, reason));
    draft.causedBy(null);
    held.compare();
    if (held.tryCommit(RunStatus.COMPLETED, new Wakeup.Never())) {
      return Optional.of(End.FOR_GOOD);
    }
    held.takeBack(mark);
    return Optional.empty();
  }

  private Optional<End> ended(Optional<Stop> stop) throws InterruptedException, HeldRun.Fenced {
    return stop.isEmpty() ? Optional.empty() : Optional.of(stop(stop.get()));
  }

  private End stop(Stop stop) throws InterruptedException, HeldRun.Fenced {
    if (stop instanceof Stop.Breached breached) {
      draft.append(
          EventType.CAP_BREACHED,
          breached.nodeId(),
          Payloads.capBreached(
              breached.kind(), breached.limit(), breached.observed(), breached.nodeId()));
      return fail(
          new RunError(
              breached.code(),
              "The run exceeded its limit of %d for %s"
                  .formatted(breached.limit(), breached.kind())),
          null);
    }
    Stop.Failed failed = (Stop.Failed) stop;
    return fail(failed.error(), failed.nodeId());
  }

  private End fail(RunError error, @Nullable String failedNodeId)
      throws InterruptedException, HeldRun.Fenced {
    List<String> left = List.copyOf(children.awaited());
    draft.cancelNodes("run-failed");
    draft.append(EventType.RUN_FAILED, null, Payloads.runFailed(error, failedNodeId));
    held.compare();
    held.commit(RunStatus.FAILED, new Wakeup.Never(), error);
    // Afterwards, for until then the failure may turn out to belong to somebody else.
    children.cancel(left);
    return End.FOR_GOOD;
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
}
