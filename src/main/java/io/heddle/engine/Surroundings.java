package io.heddle.engine;

import io.heddle.effect.Execution;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.run.Step;
import java.util.Collection;
import java.util.List;

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
