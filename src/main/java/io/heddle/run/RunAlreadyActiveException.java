package io.heddle.run;

import java.io.Serial;

/** A run was to be the only live one of its scope, and another one is. */
public final class RunAlreadyActiveException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final String activeRunId;

  /**
   * @param activeRunId the run that is live, of the same tenant
   */
  public RunAlreadyActiveException(String activeRunId) {
    super(activeRunId + " is live in the same scope", null, false, false);
    this.activeRunId = activeRunId;
  }

  /** The run that is live. */
  public String activeRunId() {
    return activeRunId;
  }
}
