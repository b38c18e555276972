package io.heddle.redaction;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** Failures as they may be logged: what they say often quotes what was being worked on. */
public final class Printable {

  private static final Redactor REDACTOR = new Redactor();

  // Whoever nests failures deeper than this need not be quoted.
  private static final int DEEPEST = 16;

  private Printable() {}

  /** A failure in one line, without credentials. */
  public static String line(Throwable failure) {
    return REDACTOR.redact(failure.toString());
  }

  /** A failure with its causes and where they were thrown, without credentials. */
  public static Throwable of(Throwable failure) {
    return copy(failure, 0);
  }

  private static Throwable copy(Throwable failure, int depth) {
    Throwable cause = failure.getCause();
    Printed printed =
        new Printed(
            line(failure), cause == null || depth == DEEPEST ? null : copy(cause, depth + 1));
    printed.setStackTrace(failure.getStackTrace());
    for (Throwable suppressed : failure.getSuppressed()) {
      printed.addSuppressed(new Printed(line(suppressed), null));
    }
    return printed;
  }

  private static final class Printed extends Exception {

    @Serial private static final long serialVersionUID = 1L;

    private final String line;

    Printed(String line, @Nullable Throwable cause) {
      super(line, cause);
      this.line = line;
    }

    // As the failure that it stands for would be printed.
    @Override
    public String toString() {
      return line;
    }
  }
}
