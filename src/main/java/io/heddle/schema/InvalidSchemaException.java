package io.heddle.schema;

import java.io.Serial;
import java.util.List;

/** A schema that this host does not take, with all that is wrong with it. */
public final class InvalidSchemaException extends Exception {

  @Serial private static final long serialVersionUID = 1L;

  private final transient List<Violation> violations;

  InvalidSchemaException(List<Violation> violations) {
    super("The schema is not valid");
    this.violations = List.copyOf(violations);
  }

  /** What is wrong, never empty; the pointers lead into the schema. */
  public List<Violation> violations() {
    return violations;
  }
}
