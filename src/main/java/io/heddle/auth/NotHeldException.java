package io.heddle.auth;

import java.io.Serial;

/** Somebody would give a key more than they have themselves. */
public final class NotHeldException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  NotHeldException() {
    super("A key may grant only what its creator holds", null, false, false);
  }
}
