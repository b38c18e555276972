package io.heddle.kit;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** An executor does not do what the host relies on. The message says what, in one sentence. */
public final class ContractViolation extends AssertionError {

  @Serial private static final long serialVersionUID = 1L;

  ContractViolation(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
