package io.heddle.audit;

import java.io.Serial;

/** More entries than are verified at once. */
public final class RangeTooLongException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  RangeTooLongException() {
    super("must not hold more than %d entries of the log".formatted(Verifier.MOST_ENTRIES));
  }
}
