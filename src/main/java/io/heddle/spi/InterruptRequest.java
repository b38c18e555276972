package io.heddle.spi;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a node asks of somebody outside before it can go on [interrupt.md].
 *
 * @param kind what it waits for; decides which answers are taken
 * @param data JSON values for whoever answers, in the shape the protocol gives this kind; part of
 *     the event log
 * @param resumeSchema a JSON Schema 2020-12 that every answer must fit besides, or null
 * @param timeout how long the question stands, more than zero and counted from the moment it is
 *     stored; null for as long as the run lives
 */
public record InterruptRequest(
    InterruptKind kind,
    Map<String, ? extends @Nullable Object> data,
    @Nullable Map<String, @Nullable Object> resumeSchema,
    @Nullable Duration timeout) {

  /** A question of a kind without a schema or an end of its own. */
  public static InterruptRequest of(
      InterruptKind kind, Map<String, ? extends @Nullable Object> data) {
    return new InterruptRequest(kind, data, null, null);
  }
}
