package io.heddle.secret;

import java.io.Serial;
import java.util.List;

/** A run needs secrets that its tenant does not have. */
public final class MissingSecretsException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final transient List<String> secretIds;

  public MissingSecretsException(List<String> secretIds) {
    super("These secrets are not provisioned: " + String.join(", ", secretIds));
    this.secretIds = List.copyOf(secretIds);
  }

  /** Which ones, sorted. */
  public List<String> secretIds() {
    return secretIds;
  }
}
