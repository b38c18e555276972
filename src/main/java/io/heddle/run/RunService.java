package io.heddle.run;

import io.heddle.run.RunState.Progress;
import io.heddle.spi.InterruptKind;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What may be done to a run from outside its worker. Thread-safe. */
public final class RunService {

  private final RunStore store;

  private final LocalExecution execution;

  private final CommitListener news;

  public RunService(RunStore store, LocalExecution execution, CommitListener news) {
    this.store = store;
    this.execution = execution;
    this.news = news;
  }

  /** The run as it stands; empty if this tenant has none of that id. */
  public Optional<Run> find(Tenant tenant, String runId) {
    return Ids.isWellFormed(runId) ? store.find(tenant, runId) : Optional.empty();
  }

  /**
   * What a cancel did.
   *
   * @param before the status that was found; a terminal one was left as it is
   * @param cancelled the runs that this cancelled, as they were before: this one and those it
   *     started
   */
  public record Cancelled(RunStatus before, List<Run> cancelled) {}

  /**
   * Cancels a run and the runs below it. Whoever executes them can write nothing after this, so
   * they are cancelled when this returns, even if a node's effect is still under way somewhere.
   *
   * @param reason for the log, or null
   * @param cancelledBy the opaque id of who asked, or null
   * @return empty if this tenant has no such run
   */
  public Optional<Cancelled> cancel(
      Tenant tenant, String runId, @Nullable String reason, @Nullable String cancelledBy) {
    Optional<Run> found = find(tenant, runId);
    if (found.isEmpty() || found.get().status().isTerminal()) {
      return found.map(run -> new Cancelled(run.status(), List.of()));
    }
    return store.together(
        () -> {
          List<Run> cancelled = new ArrayList<>();
          // From below, the order in which ending runs lock their parents.
          cancelBelow(store, tenant, runId, cancelled);
          Optional<Run> run =
              store.amend(tenant, runId, it -> cancellation(it, reason, cancelledBy, null));
          if (run.isPresent() && !run.get().status().isTerminal()) {
            cancelled.add(run.get());
            // Under this run's lock now: nothing can be started below it any more.
            cancelBelow(store, tenant, runId, cancelled);
          }
          return run.map(it -> new Cancelled(it.status(), cancelled));
        });
  }

  /**
   * Cancels some of the runs that a run started, and the runs below those, because the run goes on
   * without them.
   *
   * @return the runs that this cancelled, as they were before
   */
  public static List<Run> cancelChildren(
      RunStore store, Tenant tenant, String runId, Collection<String> children) {
    List<Run> cancelled = new ArrayList<>();
    for (String child : children) {
      List<Run> together = new ArrayList<>();
      store.together(
          () -> {
            cancelBelow(store, tenant, child, together);
            Optional<Run> found =
                store.amend(tenant, child, run -> cancellation(run, "parent-went-on", null, runId));
            found.filter(run -> !run.status().isTerminal()).ifPresent(together::add);
            cancelBelow(store, tenant, child, together);
            return found;
          });
      cancelled.addAll(together);
    }
    return cancelled;
  }

  private static void cancelBelow(
      RunStore store, Tenant tenant, String runId, List<Run> cancelled) {
    for (String child : store.liveChildren(tenant, runId)) {
      cancelBelow(store, tenant, child, cancelled);
      store
          .amend(tenant, child, run -> cancellation(run, "parent-cancelled", null, runId))
          .filter(run -> !run.status().isTerminal())
          .ifPresent(cancelled::add);
    }
  }

  /** The runs that a run started, the oldest first, at most a thousand. */
  public List<RunStore.Child> children(Tenant tenant, String runId) {
    return store.children(tenant, runId, 1_000);
  }

  /** Tells readers and this node's workers of a cancel, once its transaction has committed. */
  public void cancelled(List<Run> runs) {
    runs.forEach(run -> execution.lost(run.runId()));
    for (Run run : runs) {
      news.committed(run.runId());
      news.ended(run, RunStatus.CANCELLED, null);
    }
  }

  /**
   * Pauses a run: at once, or as soon as its nodes in progress have ended.
   *
   * @return the run as it was found; empty if this tenant has no such run. Nothing was done unless
   *     {@link #isPausable}
   */
  public Optional<Run> pause(Tenant tenant, String runId, PauseRequest request) {
    return Ids.isWellFormed(runId)
        ? store.amend(tenant, runId, run -> pause(run, request))
        : Optional.empty();
  }

  /** Whether a run that stands here can be paused. */
  public static boolean isPausable(RunStatus status) {
    return status == RunStatus.PENDING || status == RunStatus.RUNNING;
  }

  /**
   * Lets a paused run go on from where it stands.
   *
   * @return the run as it was found; empty if this tenant has no such run. Nothing was done unless
   *     it was paused
   */
  public Optional<Run> resume(Tenant tenant, String runId, @Nullable String reason) {
    return Ids.isWellFormed(runId)
        ? store.amend(tenant, runId, run -> resumption(run, reason))
        : Optional.empty();
  }

  /** Tells readers and this node of a pause or its end, once it is committed. */
  public void changed(String runId) {
    execution.lost(runId);
    execution.due();
    news.committed(runId);
  }

  /**
   * Tells readers and this node that somebody answered a run, once it is committed.
   *
   * @param waited since the question was put
   */
  public void answered(String runId, InterruptKind kind, Duration waited) {
    execution.due();
    news.committed(runId);
    news.answered(kind, waited);
  }

  /** Whether a pause of a run that stands like this has to wait for its nodes in progress. */
  public static boolean mustDrain(Run run, PauseRequest request) {
    return request.policy() == PauseRequest.DrainPolicy.DRAIN_CURRENT_NODE
        && run.state().isInProgress();
  }

  private Optional<RunStore.Amendment> pause(Run run, PauseRequest request) {
    if (!isPausable(run.status())) {
      return Optional.empty();
    }
    if (mustDrain(run, request)) {
      store.requestPause(run.tenant(), run.runId(), request);
      return Optional.empty();
    }
    List<NewEvent> events = new ArrayList<>();
    if (run.startedAt() == null) {
      events.add(NewEvent.of(EventType.RUN_STARTED, null, Payloads.runStarted(run)));
    }
    events.add(NewEvent.of(EventType.RUN_PAUSED, null, Payloads.runPaused(request)));
    return Optional.of(
        new RunStore.Amendment(events, RunStatus.PAUSED, run.state(), new Wakeup.Never()));
  }

  private static Optional<RunStore.Amendment> resumption(Run run, @Nullable String reason) {
    if (run.status() != RunStatus.PAUSED) {
      return Optional.empty();
    }
    NewEvent resumed = NewEvent.of(EventType.RUN_RESUMED, null, Payloads.runResumed(reason));
    return Optional.of(
        new RunStore.Amendment(List.of(resumed), RunStatus.RUNNING, run.state(), new Wakeup.Now()));
  }

  private static Optional<RunStore.Amendment> cancellation(
      Run run,
      @Nullable String reason,
      @Nullable String cancelledBy,
      @Nullable String parentRunId) {
    if (run.status().isTerminal()) {
      return Optional.empty();
    }
    List<NewEvent> events = new ArrayList<>();
    RunState state = run.state();
    for (var node : run.state().nodes().entrySet()) {
      if (!node.getValue().progress().isFinal()) {
        state = state.with(node.getKey(), node.getValue().ended(Progress.CANCELLED, Map.of()));
        events.add(
            NewEvent.of(
                EventType.NODE_CANCELLED,
                node.getKey(),
                Payloads.nodeLeftOut(node.getKey(), "run-cancelled")));
      }
    }
    events.add(
        NewEvent.of(
            EventType.RUN_CANCELLED,
            null,
            Payloads.runCancelled(reason, cancelledBy, parentRunId)));
    return Optional.of(
        new RunStore.Amendment(events, RunStatus.CANCELLED, state, new Wakeup.Never()));
  }
}
