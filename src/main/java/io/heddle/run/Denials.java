package io.heddle.run;

import io.heddle.tenancy.Tenant;
import java.util.List;
import java.util.Optional;

/**
 * Tells the log of a run whom it was denied to [auth §Role-based authorization]: principals of its
 * own tenant, each for each action once, and no more than {@link #MOST} of them together, so that
 * nobody makes a log grow by asking again. Thread-safe.
 */
public final class Denials {

  /** The most denials that one log tells. */
  public static final int MOST = 32;

  private final RunStore runs;

  private final DenialStore store;

  private final CommitListener news;

  public Denials(RunStore runs, DenialStore store, CommitListener news) {
    this.runs = runs;
    this.store = store;
    this.news = news;
  }

  /**
   * Something that somebody was not let do.
   *
   * @param principal the opaque id of who wanted to
   * @param action what they wanted to do, as the scope that permits it
   * @param resource what they wanted to do it with
   * @param reason why not, without anything that they sent
   */
  public record Denial(String principal, String action, String resource, String reason) {}

  /** Tells of a denial, if the tenant has such a run, it has begun and not ended, and it is new. */
  public void record(Tenant tenant, String runId, Denial denial) {
    // Without the lock of the run, which somebody who is denied again and again would hold up.
    if (!Ids.isWellFormed(runId) || !store.isNew(tenant, runId, denial, MOST)) {
      return;
    }
    Optional<Run> found =
        runs.amend(
            tenant,
            runId,
            run ->
                isUnderWay(run) && store.add(tenant, runId, denial, MOST)
                    ? Optional.of(amendment(run, denial))
                    : Optional.empty());
    if (found.isPresent()) {
      news.committed(runId);
    }
  }

  private static boolean isUnderWay(Run run) {
    // A log begins with the start of its run, and ends with its end.
    return run.startedAt() != null && !run.status().isTerminal();
  }

  private static RunStore.Amendment amendment(Run run, Denial denial) {
    return new RunStore.Amendment(
        List.of(Governance.denied(denial)), run.status(), run.state(), new Wakeup.AsBefore(), true);
  }
}
