package io.heddle.spi;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a suspended node may go on.
 *
 * @param value the JSON value it was answered with, already checked for its kind; null if nobody
 *     answered
 * @param resolvedBy the opaque id of who answered; null if nobody did
 * @param timedOut whether the question ended without an answer
 * @param turns what was said in a conversation, in its order and with the turn that ended it; the
 *     words that were spoken at a governance gate; empty for every other kind of question
 */
public record Resumption(
    @Nullable Object value,
    @Nullable String resolvedBy,
    boolean timedOut,
    List<Map<String, @Nullable Object>> turns) {

  public Resumption {
    turns = List.copyOf(turns);
  }

  /** The end of a question that was no conversation. */
  public Resumption(@Nullable Object value, @Nullable String resolvedBy, boolean timedOut) {
    this(value, resolvedBy, timedOut, List.of());
  }

  // The answer may be confidential.
  @Override
  public String toString() {
    return "Resumption[timedOut=" + timedOut + "]";
  }
}
