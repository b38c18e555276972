package io.heddle.run;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An event of the log.
 *
 * @param sequence 0 for the first event of the run, then without gaps
 * @param causationId the event of the same log that this one is the consequence of, or null
 * @param payload JSON text exactly as appended
 * @param schemaVersion version of the payload's contract, at least 1
 * @param engineVersion version of the engine that appended it
 */
public record RunEvent(
    String runId,
    long sequence,
    String eventId,
    EventType type,
    @Nullable String nodeId,
    @Nullable String causationId,
    String payload,
    Instant timestamp,
    int schemaVersion,
    int engineVersion) {}
