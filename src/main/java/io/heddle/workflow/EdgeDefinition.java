package io.heddle.workflow;

import org.jspecify.annotations.Nullable;

/**
 * The target node follows the source node when the rule holds. Both are nodes of the workflow.
 *
 * @param condition what must be true besides, once the source has come to an end; null for nothing
 */
public record EdgeDefinition(
    String id,
    String sourceNodeId,
    String targetNodeId,
    TriggerRule triggerRule,
    @Nullable EdgeCondition condition) {}
