package io.heddle.expression;

import java.io.Serial;

/**
 * An expression that cannot be compiled or evaluated. The message is a predicate about the
 * expression and quotes neither its text nor a value, for both may hold secrets.
 */
public final class ExpressionException extends Exception {

  @Serial private static final long serialVersionUID = 1L;

  /**
   * @param problem what is wrong, as a predicate
   */
  public ExpressionException(String problem) {
    super(problem);
  }

  /** What is wrong, as a predicate. */
  public String problem() {
    return String.valueOf(getMessage());
  }
}
