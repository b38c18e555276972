package io.heddle.spi;

import org.jspecify.annotations.Nullable;

/**
 * How a suspended node may go on.
 *
 * @param value the JSON value it was answered with, already checked for its kind; null if nobody
 *     answered
 * @param resolvedBy the opaque id of who answered; null if nobody did
 * @param timedOut whether the question ended without an answer
 */
public record Resumption(@Nullable Object value, @Nullable String resolvedBy, boolean timedOut) {

  // The answer may be confidential.
  @Override
  public String toString() {
    return "Resumption[timedOut=" + timedOut + "]";
  }
}
