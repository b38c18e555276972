package io.heddle.workflow;

import java.io.Serial;
import java.util.List;
import java.util.stream.Collectors;

/** Inputs of a run that do not fit the variables of its workflow, with all that is wrong. */
public final class InvalidInputsException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final transient List<Fault> faults;

  /**
   * @param faults never empty
   */
  public InvalidInputsException(List<Fault> faults) {
    super(
        faults.stream()
            .map(Fault::toString)
            .collect(Collectors.joining("; ", "The inputs do not fit the workflow: ", "")));
    this.faults = List.copyOf(faults);
  }

  /** What is wrong, each under {@code /inputs} or {@code /configurable}. */
  public List<Fault> faults() {
    return faults;
  }
}
