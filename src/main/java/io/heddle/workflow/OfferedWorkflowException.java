package io.heddle.workflow;

import java.io.Serial;

/** A tenant tried to change a workflow that the host itself offers. */
public final class OfferedWorkflowException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  OfferedWorkflowException(String workflowId) {
    super("The workflow '%s' is offered by the host and cannot be changed".formatted(workflowId));
  }
}
