package io.heddle.webhook;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What one attempt to deliver came to. */
sealed interface Attempt {

  /** The receiver has it. */
  record Delivered(int answer) implements Attempt {}

  /**
   * The receiver does not have it, perhaps.
   *
   * @param answer its HTTP status, if there was one
   * @param error what went wrong, in a few words that hold nothing of the receiver's
   * @param forGood whether another attempt is pointless
   * @param retryAfter when the receiver asks for another, or null
   */
  record Failed(
      @Nullable Integer answer, String error, boolean forGood, @Nullable Duration retryAfter)
      implements Attempt {}
}
