package io.heddle.engine;

import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import java.util.List;
import java.util.Optional;

/**
 * Counts the processes that died over a run and over its nodes, and gives up on what they keep
 * dying of, so that one node cannot take down the hosts one after the other.
 */
final class LostProcesses {

  private static final int EPOCH_AFTER_A_LOSS = 3;

  private final Run run;

  private final Draft draft;

  private final int most;

  private final Surroundings surroundings;

  /**
   * @param most how many processes may die over one node
   */
  LostProcesses(Run run, Draft draft, int most, Surroundings surroundings) {
    this.run = run;
    this.draft = draft;
    this.most = most;
    this.surroundings = surroundings;
  }

  /**
   * Gives up on what processes keep dying of.
   *
   * @param interrupted the nodes that the last process executed; those remain that may be started
   *     again
   */
  Optional<Stop> blame(List<NodeDefinition> interrupted) throws InterruptedException {
    // Somebody else must have held it, and been fenced, before this node took it.
    int losses = run.leaseEpoch() < EPOCH_AFTER_A_LOSS ? 0 : surroundings.losses(run);
    if (losses == 0) {
      return Optional.empty();
    }
    if (losses >= most) {
      return Optional.of(new Stop.Failed(error("run", losses), null));
    }
    for (NodeDefinition node : List.copyOf(interrupted)) {
      int blamed = draft.lose(node);
      if (blamed >= most) {
        interrupted.remove(node);
        RunError error = error("node", blamed);
        Optional<Stop> stop =
            Stop.of(node, draft.end(node, NodeResult.failed(error.code(), error.message())));
        if (stop.isPresent()) {
          return stop;
        }
      }
    }
    return Optional.empty();
  }

  private static RunError error(String what, int losses) {
    return new RunError(
        "heddle.host_lost",
        "%d processes in a row were lost while they executed the %s".formatted(losses, what));
  }
}
