package io.heddle.workflow;

import java.io.Serial;
import java.util.List;
import java.util.stream.Collectors;

/** A workflow definition that this host does not take, with all that is wrong with it. */
public final class InvalidWorkflowException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final transient List<Fault> faults;

  /**
   * @param faults never empty
   */
  public InvalidWorkflowException(List<Fault> faults) {
    super(
        faults.stream()
            .map(Fault::toString)
            .collect(Collectors.joining("; ", "The workflow definition is not valid: ", "")));
    this.faults = List.copyOf(faults);
  }

  /** What is wrong, in the order it was found. */
  public List<Fault> faults() {
    return faults;
  }
}
