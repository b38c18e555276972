package io.heddle.interrupt;

import io.heddle.spi.InterruptKind;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A question as it stands.
 *
 * @param ordinal how many questions its node asked before in this run
 * @param data as its node asked, in the shape of its kind; answers are judged by it
 * @param shown the data for whoever answers, without what only nodes may see
 * @param resumeSchema what every answer must fit besides, or null
 * @param timeoutMs as its node asked, or null
 * @param readAt the database's time when this was read
 */
public record Interrupt(
    String interruptId,
    String runId,
    String nodeId,
    int ordinal,
    InterruptKind kind,
    String key,
    Map<String, @Nullable Object> data,
    Map<String, @Nullable Object> shown,
    @Nullable Map<String, @Nullable Object> resumeSchema,
    @Nullable Long timeoutMs,
    Instant requestedAt,
    @Nullable Instant deadline,
    State state,
    Instant readAt) {

  /** Where a question stands. */
  public enum State {
    PENDING,
    RESOLVED,
    TIMED_OUT,
    /** Its run ended without an answer. */
    INVALIDATED
  }

  /** Whether its time is over, even if nobody has recorded that yet. */
  public boolean isOverdue() {
    return deadline != null && !deadline.isAfter(readAt);
  }

  // The question may be confidential.
  @Override
  public String toString() {
    return "Interrupt[%s, %s, %s]".formatted(interruptId, kind, state);
  }
}
