package io.heddle.workflow;

import org.jspecify.annotations.Nullable;

/**
 * What a workflow asks of its runs.
 *
 * @param timeoutMs the longest duration of a run, at least 1; null for no limit
 */
public record Settings(@Nullable Long timeoutMs) {}
