package io.heddle.run;

import io.heddle.tenancy.Tenant;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run as it stands. What the caller gave is kept verbatim and never changes.
 *
 * @param leaseEpoch raised whenever the right to write changes hands
 * @param nextSequence the sequence of the next event, which is the number of events so far
 * @param signals raised by whoever wants the worker to look before its next step
 * @param pauseRequest how the run is to be paused once its nodes in progress have ended
 * @param depth how many runs are above this one
 * @param trace of the request that created it, or created the run above
 * @param state the engine's own account of the run
 * @param timedFrom since when its time is counted: since its start, later by the time it was paused
 *     before; null before it started
 * @param fork where another run stood when this one began there; null if this one began by itself
 */
public record Run(
    Tenant tenant,
    String runId,
    Owner owner,
    WorkflowRef workflow,
    RunStatus status,
    long leaseEpoch,
    long nextSequence,
    long signals,
    @Nullable PauseRequest pauseRequest,
    RunState state,
    Map<String, @Nullable Object> inputs,
    Map<String, @Nullable Object> configurable,
    @Nullable List<String> tags,
    @Nullable Map<String, @Nullable Object> metadata,
    @Nullable RunError error,
    int engineVersion,
    int eventLogSchemaVersion,
    Instant createdAt,
    @Nullable Instant startedAt,
    @Nullable Instant endedAt,
    @Nullable Instant pausedAt,
    @Nullable Instant timedFrom,
    @Nullable Parent parent,
    int depth,
    @Nullable TraceContext trace,
    @Nullable Fork fork) {

  /**
   * Whether this run repeats another one: nothing it does may be seen outside of it, and nobody
   * outside is told of its events.
   */
  public boolean isReplay() {
    return fork != null && fork.mode() == Fork.Mode.REPLAY;
  }

  /** This run as its engine knows it at another time. */
  public Run with(RunState other) {
    return new Run(
        tenant,
        runId,
        owner,
        workflow,
        status,
        leaseEpoch,
        nextSequence,
        signals,
        pauseRequest,
        other,
        inputs,
        configurable,
        tags,
        metadata,
        error,
        engineVersion,
        eventLogSchemaVersion,
        createdAt,
        startedAt,
        endedAt,
        pausedAt,
        timedFrom,
        parent,
        depth,
        trace,
        fork);
  }

  /**
   * Where a run began.
   *
   * @param fromSequence of the first event of its log that is its own; those before are copies
   * @param sourceLength how many events the source had; what it has beyond is nothing to this run
   */
  public record Fork(String sourceRunId, long fromSequence, long sourceLength, Mode mode) {

    /** What a fork does with what the source went on to do. */
    public enum Mode {
      /** Goes its own way, with effects of its own. */
      BRANCH,
      /** Repeats it, without any effect. */
      REPLAY
    }
  }

  /** The run and the node of it that started this run. */
  public record Parent(String runId, String nodeId) {}

  /**
   * The exact workflow a run executes.
   *
   * @param scope whose definition it is: a tenant's, or the host's own
   * @param revision counts the registrations of this id within its scope, from 1
   */
  public record WorkflowRef(String scope, String workflowId, int revision) {}

  /**
   * What a run belongs to in its creator's eyes; opaque to the host.
   *
   * @param exclusive whether it may be live only while no other exclusive run of this scope is
   */
  public record Scope(String id, boolean exclusive) {}

  /** Who created the run; recorded once and never rewritten. */
  public record Owner(String principal, String issuer, String lane, String kind) {}
}
