package io.heddle.run;

import org.jspecify.annotations.Nullable;

/**
 * An event about to be appended. Its sequence and its time are the database's.
 *
 * @param eventId unique, see {@link Ids#event()}
 * @param nodeId the node it is about, or null
 * @param causationId the event of the same log that this one is the consequence of, or null
 * @param payload JSON text; stored and rendered byte for byte. Holds no run id, random id, duration
 *     or clock value, so that a replay repeats it exactly; only a write to a channel tells its
 *     time, from which the value of the channel follows
 */
public record NewEvent(
    String eventId,
    EventType type,
    @Nullable String nodeId,
    @Nullable String causationId,
    String payload) {

  /** An event with a fresh id. */
  public static NewEvent of(EventType type, @Nullable String nodeId, String payload) {
    return new NewEvent(Ids.event(), type, nodeId, null, payload);
  }

  /** This event as the consequence of another one of the same log. */
  public NewEvent causedBy(@Nullable String causationId) {
    return new NewEvent(eventId, type, nodeId, causationId, payload);
  }
}
