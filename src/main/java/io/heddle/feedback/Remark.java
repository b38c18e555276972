package io.heddle.feedback;

import org.jspecify.annotations.Nullable;

/**
 * What somebody has to say about a run.
 *
 * @param eventId the event it is about, or null
 * @param nodeId the node it is about, or null
 * @param principal the opaque id of who says it
 */
public record Remark(
    @Nullable String eventId,
    @Nullable String nodeId,
    Signal signal,
    @Nullable String note,
    String principal) {}
