package io.heddle.feedback;

import org.jspecify.annotations.Nullable;

/**
 * A judgement. The member that its kind is named after is there; others may be.
 *
 * @param rating 1 to 5, or null
 */
public record Signal(
    Kind kind, @Nullable Integer rating, @Nullable String label, @Nullable String correction) {

  /** What kind of judgement it is. */
  public enum Kind {
    RATING,
    CORRECTION,
    LABEL,
    FLAG
  }
}
