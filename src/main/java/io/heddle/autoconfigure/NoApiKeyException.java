package io.heddle.autoconfigure;

import java.io.Serial;

/** A host on a real database that nobody could call. */
final class NoApiKeyException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  NoApiKeyException() {
    super("No API key is configured, so nobody could call this host.");
  }
}
