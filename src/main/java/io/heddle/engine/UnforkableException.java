package io.heddle.engine;

import java.io.Serial;

/** A run cannot be forked at an event; the message says why and quotes nothing of the run. */
public final class UnforkableException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  UnforkableException(String message) {
    super(message);
  }
}
