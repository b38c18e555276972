package io.heddle.run;

import java.io.Serial;

/** The host has as much to do as it takes; the same request may succeed a little later. */
public final class AtCapacityException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  /**
   * @param limit which limit was reached, for people
   */
  public AtCapacityException(String limit) {
    super(limit, null, false, false);
  }
}
