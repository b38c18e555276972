package io.heddle.engine;

import io.heddle.run.CommitListener;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.run.Step;
import io.heddle.workflow.WorkflowRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.NonTransientDataAccessException;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.transaction.TransactionException;

/**
 * Drives runs that this node holds, from wherever they stand to where they can only wait.
 * Thread-safe.
 */
public final class Worker {

  private static final Logger log = LoggerFactory.getLogger(Worker.class);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final RunStore store;

  private final WorkflowRegistry workflows;

  private final NodeExecutors executors;

  private final RuntimeCapabilities capabilities;

  private final Limits limits;

  private final InstantSource clock;

  private final ExecutorService nodeThreads;

  private final CommitListener news;

  private final ChildRuns childRuns;

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
      CommitListener news) {
    this.store = store;
    this.workflows = workflows;
    this.executors = executors;
    this.capabilities = capabilities;
    this.limits = limits;
    this.clock = clock;
    this.nodeThreads = nodeThreads;
    this.news = news;
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
   * @throws InterruptedException when this thread was interrupted; nothing of it is recorded
   */
  public Result drive(Run run) throws InterruptedException {
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
            new Database());
    return new Result(execution.execute(), execution.leftRunsDue());
  }

  private interface Query<T> {
    T ask();
  }

  private final class Database implements RunExecution.Surroundings {

    /** A step can be sent twice without being stored twice. */
    @Override
    public Step.Outcome commit(Step step) throws InterruptedException {
      Step.Outcome outcome = untilAnswered(step.runId(), () -> store.commit(step));
      if (outcome == Step.Outcome.COMMITTED) {
        news.committed(step.runId());
      }
      return outcome;
    }

    @Override
    public Run reread(Run run) throws InterruptedException {
      return untilAnswered(run.runId(), () -> store.find(run.tenant(), run.runId()).orElseThrow());
    }

    @Override
    public List<ChildStanding> standings(Run run, Collection<String> runIds)
        throws InterruptedException {
      return untilAnswered(run.runId(), () -> store.standings(run.tenant(), List.copyOf(runIds)));
    }

    @Override
    public void cancel(Run run, Collection<String> runIds) throws InterruptedException {
      List<String> cancelled =
          untilAnswered(
              run.runId(),
              () -> RunService.cancelChildren(store, run.tenant(), run.runId(), runIds));
      cancelled.forEach(news::committed);
    }
  }

  private static <T> T untilAnswered(String runId, Query<T> query) throws InterruptedException {
    Duration pause = FIRST_PAUSE;
    while (true) {
      try {
        return query.ask();
      } catch (DataAccessException | TransactionException e) {
        if (isForGood(e)) {
          throw e;
        }
        pause = backOff(runId, pause, e);
      }
    }
  }

  /** Whether asking again cannot help; a database that is away is not for good. */
  private static boolean isForGood(RuntimeException e) {
    return e instanceof NonTransientDataAccessException
        && !(e instanceof NonTransientDataAccessResourceException);
  }

  private static Duration backOff(String runId, Duration pause, RuntimeException cause)
      throws InterruptedException {
    log.warn("{}: the database does not answer, trying again: {}", runId, cause.toString());
    Thread.sleep(pause.toMillis());
    Duration longer = pause.multipliedBy(2);
    return longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
  }
}
