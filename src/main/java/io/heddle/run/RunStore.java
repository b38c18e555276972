package io.heddle.run;

import io.heddle.tenancy.Tenant;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs and their logs. Every method is one transaction or joins the caller's. Thread-safe. */
public interface RunStore {

  /**
   * Inserts a run.
   *
   * @param leaseOwner the host node that starts it at once under epoch 1, or null to leave it to
   *     whoever is free
   * @return when it was created, or empty if its workflow revision is no longer the newest
   * @throws RunAlreadyActiveException if it is exclusive and another exclusive run of its scope is
   *     live; the caller's transaction can go on
   */
  Optional<Instant> create(NewRun run, @Nullable String leaseOwner);

  /** The run as it stands; empty if this tenant has none of that id. */
  Optional<Run> find(Tenant tenant, String runId);

  /**
   * A part of the log together with the status it belongs to, read in one snapshot.
   *
   * @param after only events with a greater sequence; -1 for all
   * @param limit at most so many events, the oldest first
   * @param characters no further event once the payloads have so many, so that a page of large
   *     events has a bound in memory; at least one event if there is one
   * @return empty if this tenant has no such run
   */
  Optional<LogPage> log(Tenant tenant, String runId, long after, int limit, long characters);

  /** {@link #log(Tenant, String, long, int, long)} with events of any size. */
  default Optional<LogPage> log(Tenant tenant, String runId, long after, int limit) {
    return log(tenant, runId, after, limit, Long.MAX_VALUE);
  }

  /** Stores a step of the run's worker. */
  Step.Outcome commit(Step step);

  /**
   * Changes a run from outside its worker: locks the row, lets the change decide on what it finds,
   * and writes what it wants.
   *
   * @param change is called once under the row's lock, so it must not do I/O outside this store;
   *     empty leaves the run as it is
   * @return the run as it was found; empty if this tenant has none of that id
   */
  Optional<Run> amend(Tenant tenant, String runId, Function<Run, Optional<Amendment>> change);

  /**
   * Asks the worker of a run to pause it. Joins the caller's transaction, in which {@link #amend}
   * has locked the run.
   */
  void requestPause(Tenant tenant, String runId, PauseRequest request);

  /** How these runs stand, those that have ended in the order in which they did. */
  List<ChildStanding> standings(Tenant tenant, List<String> runIds);

  /**
   * How often in a row the process that held this run was lost with nothing committed since it took
   * the run.
   *
   * @param run as it was when a node took the lease
   * @return 0 if whoever held it before gave it up in order
   */
  int losses(Run run);

  /** The runs that a run started and that have not ended, sorted by id. */
  List<String> liveChildren(Tenant tenant, String runId);

  /** The runs that a run started, the oldest first. */
  List<Child> children(Tenant tenant, String runId, int limit);

  /** Makes several changes in one transaction. */
  <T> T together(Supplier<T> changes);

  /**
   * A run that another one started and waits for.
   *
   * @param state as it was at its end; initial before
   * @param error why it failed, if it did
   */
  record ChildStanding(String runId, RunStatus status, RunState state, @Nullable RunError error) {

    /** What it came to. */
    public Map<String, @Nullable Object> variables() {
      return state.variables();
    }
  }

  /** A run that another one started. */
  record Child(String runId, RunStatus status) {}

  /** Tells how long the logs of these runs are; ids that no longer exist are left out. */
  void lengths(List<String> runIds, LengthConsumer consumer);

  /** Receives the length of one log. */
  interface LengthConsumer {

    /** Called once for each run that exists. */
    void length(String runId, long nextSequence);
  }

  /**
   * A part of a log.
   *
   * @param status of the run when these events were read
   * @param nextSequence of the run when these events were read
   */
  record LogPage(RunStatus status, long nextSequence, List<RunEvent> events) {

    /** Whether the log is closed and a reader who has these events has all. */
    public boolean isComplete(long after) {
      return status.isTerminal() && isNewest(after);
    }

    /** Whether a reader who has these events has all there were. */
    public boolean isNewest(long after) {
      return last(after) >= nextSequence - 1;
    }

    /** The sequence that a reader who has these events goes on after. */
    public long last(long after) {
      return events.isEmpty() ? after : events.get(events.size() - 1).sequence();
    }
  }

  /**
   * What a writer that is not the worker appends.
   *
   * @param wakeup who looks at the run next, if no worker holds it
   * @param keepsWorker whether a worker that holds the run goes on and takes this over at its next
   *     commit; if not, the lease epoch is raised so that it can write nothing more
   */
  record Amendment(
      List<NewEvent> events, RunStatus status, RunState state, Wakeup wakeup, boolean keepsWorker) {

    public Amendment {
      events = List.copyOf(events);
    }

    /** A change after which no worker that holds the run may write. */
    public Amendment(List<NewEvent> events, RunStatus status, RunState state, Wakeup wakeup) {
      this(events, status, state, wakeup, false);
    }
  }
}
