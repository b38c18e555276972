package io.heddle.webhook;

import java.io.Serial;

/** An address did not agree to be sent what was asked for. */
public final class UnverifiedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  UnverifiedException(String message) {
    super(message, null, false, false);
  }
}
