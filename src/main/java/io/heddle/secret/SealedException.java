package io.heddle.secret;

import java.io.Serial;

/** A secret that this host's master key does not open. */
public final class SealedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  SealedException(String purpose) {
    super(
        ("The secret for %s in the database was sealed with another master key than this host has;"
                + " configure the one it was sealed with as openwop.master-key, or as one of"
                + " openwop.master-key-previous")
            .formatted(purpose));
  }
}
