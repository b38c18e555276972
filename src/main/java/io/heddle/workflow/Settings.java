package io.heddle.workflow;

import org.jspecify.annotations.Nullable;

/**
 * What a workflow asks of its runs.
 *
 * @param timeoutMs the longest duration of a run, at least 1; null for no limit
 * @param maxRetries how often a node that failed is started again, if its failure may pass
 * @param maxLoopbackIterations how often a loop leads back, at least 1
 */
public record Settings(@Nullable Long timeoutMs, int maxRetries, int maxLoopbackIterations) {

  static final int DEFAULT_LOOPBACK_ITERATIONS = 5;
}
