package io.heddle.engine;

import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What one run may do and how long it may take: the host's ceilings, lowered by what its caller and
 * its definition ask for. Immutable.
 */
final class RunLimits {

  private final Run run;

  private final Limits limits;

  private final Instant timedFrom;

  private final Duration allowed;

  /**
   * @param now from when on a run is timed that has not started
   */
  RunLimits(Run run, WorkflowDefinition definition, Limits limits, Instant now) {
    this.run = run;
    this.limits = limits;
    this.timedFrom = run.timedFrom() == null ? now : run.timedFrom();
    long millis = limits.maxRunDuration().toMillis();
    millis = Math.min(millis, configured(Limits.RUN_TIMEOUT_MS, Long.MAX_VALUE));
    Long timeout = definition.settings().timeoutMs();
    this.allowed = Duration.ofMillis(timeout == null ? millis : Math.min(millis, timeout));
  }

  /** When the run has taken too long. */
  Instant deadline() {
    return timedFrom.plus(allowed).plusMillis(1);
  }

  /** Whether the run has taken too long. */
  Optional<Stop> overrun(Instant now) {
    Duration elapsed = Duration.between(timedFrom, now);
    return elapsed.toMillis() > allowed.toMillis()
        ? Optional.of(
            new Stop.Breached(
                "run-duration", allowed.toMillis(), elapsed.toMillis(), null, "run_timeout"))
        : Optional.empty();
  }

  /** Whether one more start of a node would be one too many. */
  Optional<Stop> exceededByStart(NodeDefinition node, RunState state) {
    long starts =
        Math.min(limits.maxNodeExecutions(), configured(Limits.RECURSION_LIMIT, Long.MAX_VALUE));
    if (state.starts() >= starts) {
      return Optional.of(
          new Stop.Breached(
              "node-executions",
              starts,
              state.starts() + 1L,
              node.id(),
              "recursion_limit_exceeded"));
    }
    long turns =
        Math.min(
            limits.maxLoopIterations(), configured(Limits.MAX_LOOP_ITERATIONS, Long.MAX_VALUE));
    if (node.typeId().equals(SupervisorNode.TYPE) && state.turns() >= turns) {
      return Optional.of(
          new Stop.Breached(
              "loop-iterations", turns, state.turns() + 1L, node.id(), "loop_limit_exceeded"));
    }
    return Optional.empty();
  }

  /** How long one call of a node's executor may take. */
  Duration allowed(NodeDefinition node) {
    Long wanted = node.timeoutMs();
    Duration most = limits.maxNodeDuration();
    return wanted == null || wanted >= most.toMillis() ? most : Duration.ofMillis(wanted);
  }

  private long configured(String member, long otherwise) {
    // Beyond the range of a long the value would wrap around to a small one.
    return run.configurable().get(member) instanceof Number number
            && number.doubleValue() < Long.MAX_VALUE
        ? number.longValue()
        : otherwise;
  }
}
