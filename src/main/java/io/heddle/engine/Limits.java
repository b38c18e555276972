package io.heddle.engine;

import java.time.Duration;

/**
 * Ceilings that no run may exceed, whatever it asks for. What is advertised is read from here.
 *
 * @param maxNodeExecutions node starts of one run, at least 1
 * @param maxRunDuration from a run's first step to its end without the time it is paused, at least
 *     one second
 * @param retries how long a failed node waits for its next attempt
 * @param maxDepth how many runs may be above one that a node starts
 * @param maxFanOut how many runs that one decision started are executed at the same time
 * @param maxLosses how many processes may be lost over one node, or over one run without anything
 *     being committed, before it counts as failed; at least 1
 * @param maxNodeDuration how long an executor that is not pure may take for one call
 * @param maxLoopIterations turns of the orchestrators of one run, at least 1
 */
public record Limits(
    int maxNodeExecutions,
    Duration maxRunDuration,
    RetryPolicy retries,
    int maxDepth,
    int maxFanOut,
    int maxLosses,
    Duration maxNodeDuration,
    int maxLoopIterations) {

  public Limits {
    if (maxLosses < 1 || maxNodeDuration.isNegative() || maxNodeDuration.isZero()) {
      throw new IllegalArgumentException(
          "At least one process may be lost, and a node may take longer than nothing");
    }
    if (maxLoopIterations < 1) {
      throw new IllegalArgumentException("An orchestrator has at least one turn");
    }
  }

  /** The reserved member of {@code configurable} that lowers {@link #maxNodeExecutions}. */
  public static final String RECURSION_LIMIT = "recursionLimit";

  /** The reserved member of {@code configurable} that lowers {@link #maxLoopIterations}. */
  public static final String MAX_LOOP_ITERATIONS = "maxLoopIterations";

  /** The reserved member of {@code configurable} that lowers {@link #maxRunDuration}. */
  public static final String RUN_TIMEOUT_MS = "runTimeoutMs";
}
