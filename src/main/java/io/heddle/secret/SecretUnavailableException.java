package io.heddle.secret;

import java.io.Serial;

/** Nobody can tell now whether there is a secret. */
public final class SecretUnavailableException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  SecretUnavailableException(String secretId) {
    super("The secret %s is not available now".formatted(secretId));
  }
}
