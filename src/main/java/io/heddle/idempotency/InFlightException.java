package io.heddle.idempotency;

import java.io.Serial;

/** The first request with a key has not been answered yet. */
public final class InFlightException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;
}
