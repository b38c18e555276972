package io.heddle.autoconfigure;

import java.io.Serial;

/** The application's database is none that a host can be on. */
final class HostDatabaseException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final String action;

  /**
   * @param problem one sentence
   * @param action what to do about it, one sentence
   */
  HostDatabaseException(String problem, String action) {
    super(problem);
    this.action = action;
  }

  String action() {
    return action;
  }
}
