package io.heddle.idempotency;

import java.io.Serial;

/** A key came back with another request than it was first used for. */
public final class KeyMismatchException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;
}
