package io.heddle.spi;

import org.jspecify.annotations.Nullable;

/**
 * Tells who presents a bearer credential. All beans of this type are asked in order until one does
 * not answer {@link Unknown}. Implementations must be thread-safe, must compare secrets in constant
 * time and must never log the credential.
 */
public interface Authenticator {

  /**
   * @param bearer the credential after {@code Bearer }, never empty, at most 8192 characters
   * @return the outcome, never null; a credential of another kind is {@link Unknown}
   */
  Outcome authenticate(String bearer);

  /** What an authenticator found. */
  sealed interface Outcome {}

  /** The credential is good. */
  record Authenticated(Principal principal) implements Outcome {}

  /**
   * The credential was good once.
   *
   * @param holder whose it was, so that the attempt is in the audit log; null if that is not known
   */
  record Expired(@Nullable Principal holder) implements Outcome {

    /** Of nobody in particular. */
    public Expired() {
      this(null);
    }
  }

  /**
   * The credential was withdrawn.
   *
   * @param holder whose it was, so that the attempt is in the audit log; null if that is not known
   */
  record Revoked(@Nullable Principal holder) implements Outcome {

    /** Of nobody in particular. */
    public Revoked() {
      this(null);
    }
  }

  /** The credential is not known here. */
  record Unknown() implements Outcome {}
}
