package io.heddle.engine;

import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import java.io.Serial;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run under the lease of this node: how much of its draft is stored, and which signals of others
 * were heeded. Every step names the lease epoch with which the run was taken, so that nothing is
 * written once the run belongs to somebody else. Used by one thread.
 */
final class HeldRun {

  /** The run belongs to somebody else; everything not committed is dropped. */
  static final class Fenced extends Exception {

    @Serial private static final long serialVersionUID = 1L;
  }

  /**
   * How far the draft was, to come back to.
   *
   * @param length how many events it had
   */
  record Mark(int length, ReplayComparison.@Nullable Mark place) {}

  private static final Logger log = LoggerFactory.getLogger(HeldRun.class);

  private final Draft draft;

  private final @Nullable ReplayComparison replay;

  private final Surroundings surroundings;

  private Run run;

  private long nextSequence;

  private RunStatus storedStatus;

  private boolean startedRuns;

  /**
   * @param replay compares the run to its source; null unless it is a replay
   */
  HeldRun(Run run, Draft draft, @Nullable ReplayComparison replay, Surroundings surroundings) {
    this.run = run;
    this.draft = draft;
    this.replay = replay;
    this.surroundings = surroundings;
    this.nextSequence = run.nextSequence();
    this.storedStatus = run.status();
  }

  /** The run as it was read last. */
  Run run() {
    return run;
  }

  /** Whether a step that was stored started runs. */
  boolean hasStartedRuns() {
    return startedRuns;
  }

  /** Compares what was appended to what the source did, if this is a replay. */
  void compare() throws InterruptedException {
    if (replay != null) {
      replay.compare();
    }
  }

  Mark mark() {
    return new Mark(draft.events().size(), replay == null ? null : replay.mark());
  }

  /** Forgets the events since a mark, which turned out to be premature. */
  void takeBack(Mark mark) {
    draft.truncate(mark.length());
    if (replay != null && mark.place() != null) {
      replay.reset(mark.place());
    }
  }

  /** Stores what there is, and goes on. */
  void save() throws InterruptedException, Fenced {
    commit(RunStatus.RUNNING, new Wakeup.KeepLease(), null);
  }

  /** Commits whatever signals there are; for steps that no signal would change. */
  void commit(RunStatus status, Wakeup wakeup, @Nullable RunError error)
      throws InterruptedException, Fenced {
    while (!tryCommit(status, wakeup, error)) {
      log.debug("{} was signalled", run.runId());
    }
  }

  /** Commits unless there is a signal to look at first; then the run has been read again. */
  boolean tryCommit(RunStatus status, Wakeup wakeup) throws InterruptedException, Fenced {
    return tryCommit(status, wakeup, null);
  }

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
            draft.questions().asked(),
            draft.questions().timedOut(),
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
  void readAgain() throws InterruptedException, Fenced {
    long epoch = run.leaseEpoch();
    long signals = run.signals();
    run = surroundings.reread(run);
    if (run.leaseEpoch() != epoch) {
      throw new Fenced();
    }
    if (run.signals() != signals) {
      nextSequence = run.nextSequence();
      draft.questions().adopt(run.state());
    }
  }
}
