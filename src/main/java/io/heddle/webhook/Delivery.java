package io.heddle.webhook;

import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.TraceContext;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An event that one subscriber is to be told of.
 *
 * @param position its place in the queue of all deliveries
 * @param messageId the same on every attempt; unique
 * @param body what is sent, to the byte; null until the first attempt is prepared, and always for a
 *     callback
 * @param event the event; null if there is a body, or if its run has expired
 * @param trace where the run stands for its subscribers; null if it has expired
 * @param attempts how many were made
 * @param age since it was queued, by the database's clock
 */
public record Delivery(
    long position,
    String messageId,
    String runId,
    EventType type,
    byte @Nullable [] body,
    @Nullable RunEvent event,
    @Nullable TraceContext trace,
    int attempts,
    Duration age) {}
