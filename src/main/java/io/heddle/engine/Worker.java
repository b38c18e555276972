package io.heddle.engine;

import io.heddle.artifact.ArtifactStore;
import io.heddle.artifact.StoredArtifact;
import io.heddle.effect.Execution;
import io.heddle.run.CommitListener;
import io.heddle.run.NewArtifact;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.run.Step;
import io.heddle.workflow.WorkflowRegistry;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.BooleanSupplier;

/**
 * Drives runs that this node holds, from wherever they stand to where they can only wait.
 * Thread-safe.
 */
public final class Worker {

  private static final int EVENTS_PER_READ = 1_000;

  private static final long CHARACTERS_PER_READ = 1_000_000;

  private final RunStore store;

  private final WorkflowRegistry workflows;

  private final NodeExecutors executors;

  private final RuntimeCapabilities capabilities;

  private final Limits limits;

  private final InstantSource clock;

  private final ExecutorService nodeThreads;

  private final CommitListener news;

  private final ChildRuns childRuns;

  private final Effects effects;

  private final ArtifactStore artifacts;

  /**
   * @param clock tells the database's time
   * @param nodeThreads runs executors that are not pure; unbounded, for the slots bound it
   */
  public Worker(
      RunStore store,
      WorkflowRegistry workflows,
      NodeExecutors executors,
      RuntimeCapabilities capabilities,
      Limits limits,
      InstantSource clock,
      ExecutorService nodeThreads,
      CommitListener news,
      Effects effects,
      ArtifactStore artifacts) {
    this.store = store;
    this.workflows = workflows;
    this.executors = executors;
    this.capabilities = capabilities;
    this.limits = limits;
    this.clock = clock;
    this.nodeThreads = nodeThreads;
    this.news = news;
    this.effects = effects;
    this.artifacts = artifacts;
    this.childRuns = new ChildRuns(workflows, limits.maxDepth());
  }

  /**
   * How a run was left.
   *
   * @param due when it is due again, if it waits for time to pass
   * @param othersAreDue whether runs it started, or that wait for it, may be due now
   */
  public record Result(Optional<Instant> due, boolean othersAreDue) {}

  /**
   * Executes a run until it ends, waits, or belongs to somebody else.
   *
   * @param run as it was when this node took the lease
   * @param leaving whether this node is about to stop and should begin nothing new
   * @throws InterruptedException when this thread was interrupted; nothing of it is recorded
   */
  public Result drive(Run run, BooleanSupplier leaving) throws InterruptedException {
    Map<String, String> before = LogContext.enter(run);
    try {
      return execute(run, leaving);
    } finally {
      LogContext.leave(before);
    }
  }

  private Result execute(Run run, BooleanSupplier leaving) throws InterruptedException {
    Database database = new Database(run, leaving);
    RunRecord record =
        run.fork() == null || !run.isReplay()
            ? null
            : RunRecord.read(database.logOf(run.fork().sourceRunId()), run.fork().sourceLength());
    RunExecution execution =
        new RunExecution(
            run,
            workflows.definition(
                run.workflow().scope(), run.workflow().workflowId(), run.workflow().revision()),
            executors,
            capabilities,
            limits,
            clock,
            nodeThreads,
            childRuns,
            record,
            database);
    return new Result(execution.execute(), execution.leftRunsDue());
  }

  private final class Database implements Surroundings {

    private final Run driven;

    private final BooleanSupplier leaving;

    Database(Run driven, BooleanSupplier leaving) {
      this.driven = driven;
      this.leaving = leaving;
    }

    @Override
    public boolean isLeaving() {
      return leaving.getAsBoolean();
    }

    @Override
    public int losses(Run run) throws InterruptedException {
      return UntilAnswered.ask(run.runId(), () -> store.losses(run));
    }

    /** A step can be sent twice without being stored twice. */
    @Override
    public Step.Outcome commit(Step step) throws InterruptedException {
      Step.Outcome outcome = UntilAnswered.ask(step.runId(), () -> store.commit(step));
      if (outcome == Step.Outcome.COMMITTED) {
        news.committed(step.runId());
        news.appended(driven, step.events());
        step.children()
            .forEach(
                child ->
                    news.created(child.tenant(), child.runId(), child.workflow().workflowId()));
        if (step.status().isTerminal()) {
          news.ended(driven, step.status(), step.error());
        }
      }
      return outcome;
    }

    @Override
    public Run reread(Run run) throws InterruptedException {
      return UntilAnswered.ask(
          run.runId(), () -> store.find(run.tenant(), run.runId()).orElseThrow());
    }

    @Override
    public List<ChildStanding> standings(Run run, Collection<String> runIds)
        throws InterruptedException {
      return UntilAnswered.ask(
          run.runId(), () -> store.standings(run.tenant(), List.copyOf(runIds)));
    }

    @Override
    public void cancel(Run run, Collection<String> runIds) throws InterruptedException {
      List<Run> cancelled =
          UntilAnswered.ask(
              run.runId(),
              () -> RunService.cancelChildren(store, run.tenant(), run.runId(), runIds));
      runIds.forEach(news::committed);
      for (Run ended : cancelled) {
        news.committed(ended.runId());
        news.ended(ended, RunStatus.CANCELLED, null);
      }
    }

    /** The log of another run of the same tenant. */
    RunRecord.Log logOf(String runId) {
      return after ->
          UntilAnswered.ask(
              driven.runId(),
              () -> store.log(driven.tenant(), runId, after, EVENTS_PER_READ, CHARACTERS_PER_READ));
    }

    @Override
    public Replay.Source source(Run run) {
      String sourceRunId = Objects.requireNonNull(run.fork()).sourceRunId();
      return new Replay.Source() {
        @Override
        public Optional<NewArtifact> artifact(String artifactId) throws InterruptedException {
          return UntilAnswered.ask(
                  run.runId(), () -> artifacts.find(run.tenant(), sourceRunId, artifactId))
              .map(StoredArtifact::artifact);
        }

        @Override
        public Optional<Run> run() throws InterruptedException {
          return UntilAnswered.ask(run.runId(), () -> store.find(run.tenant(), sourceRunId));
        }
      };
    }

    @Override
    public RunError failure(Run run, String nodeId) throws InterruptedException {
      RunRecord record = RunRecord.read(logOf(run.runId()), run.nextSequence());
      return record.failure(nodeId);
    }

    @Override
    public NodeEffects effects(Execution execution) {
      return effects.of(execution);
    }
  }
}
