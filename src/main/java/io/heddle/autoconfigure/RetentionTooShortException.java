package io.heddle.autoconfigure;

import java.io.Serial;
import java.time.Duration;

/** A host that is not for development and would keep runs for less than the protocol promises. */
final class RetentionTooShortException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  RetentionTooShortException(Duration shortest) {
    super("openwop.retention.window must be at least %d days.".formatted(shortest.toDays()));
  }
}
