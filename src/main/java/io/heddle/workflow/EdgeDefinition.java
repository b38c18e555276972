package io.heddle.workflow;

/** The target node follows the source node when the rule holds. Both are nodes of the workflow. */
public record EdgeDefinition(
    String id, String sourceNodeId, String targetNodeId, TriggerRule triggerRule) {}
