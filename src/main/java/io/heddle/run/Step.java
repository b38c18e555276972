package io.heddle.run;

import io.heddle.tenancy.Tenant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a worker commits at once: the events, and the run as it stands after them. Written only if
 * the worker still holds the lease and the log is exactly as long as the worker believes.
 *
 * @param leaseEpoch the epoch under which the worker holds the run
 * @param firstSequence the sequence of the first event of this step
 * @param children runs that this step starts
 * @param interrupts questions that this step puts
 * @param timedOut ids of questions whose time is over
 * @param artifacts what the nodes of this step produced
 * @param tellsParent whether the run above should look at this one besides when it ends
 * @param signals the signals of the run that the worker has heeded
 */
public record Step(
    Tenant tenant,
    String runId,
    long leaseEpoch,
    long firstSequence,
    long signals,
    List<NewEvent> events,
    RunStatus status,
    RunState state,
    @Nullable RunError error,
    Wakeup wakeup,
    List<NewRun> children,
    List<NewInterrupt> interrupts,
    List<String> timedOut,
    List<NewArtifact> artifacts,
    boolean tellsParent) {

  public Step {
    events = List.copyOf(events);
    children = List.copyOf(children);
    interrupts = List.copyOf(interrupts);
    timedOut = List.copyOf(timedOut);
    artifacts = List.copyOf(artifacts);
    if (status.isTerminal() && !(wakeup instanceof Wakeup.Never)) {
      throw new IllegalArgumentException("A terminal run is never woken");
    }
  }

  /** A step that puts no questions and produces nothing. */
  public Step(
      Tenant tenant,
      String runId,
      long leaseEpoch,
      long firstSequence,
      long signals,
      List<NewEvent> events,
      RunStatus status,
      RunState state,
      @Nullable RunError error,
      Wakeup wakeup,
      List<NewRun> children) {
    this(
        tenant,
        runId,
        leaseEpoch,
        firstSequence,
        signals,
        events,
        status,
        state,
        error,
        wakeup,
        children,
        List.of(),
        List.of(),
        List.of(),
        false);
  }

  /** What became of a step. */
  public enum Outcome {
    /** Stored, now or by an earlier try whose answer was lost. */
    COMMITTED,
    /**
     * The worker holds the run, but somebody left a signal it has not seen; nothing was written. It
     * must read the run again before it decides anew.
     */
    SIGNALLED,
    /** The worker no longer holds the run; nothing was written, and nothing may be. */
    FENCED
  }
}
