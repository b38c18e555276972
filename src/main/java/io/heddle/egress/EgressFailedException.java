package io.heddle.egress;

import java.io.Serial;

/** A call without an answer. Whether the other side received it is not known. */
public final class EgressFailedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** The time for the exchange was over. */
    TIMEOUT("there was no answer in time"),
    /** The name has no address now, or nobody listens there. */
    CONNECT("there is no connection to the host"),
    /** No secure connection, for example because of the certificate. */
    TLS("there is no secure connection to the host"),
    /** The connection ended before the answer did, or what came is not HTTP. */
    CLOSED("the connection ended before the answer did");

    private final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  private final Kind kind;

  EgressFailedException(Kind kind) {
    super("The call failed: " + kind.text);
    this.kind = kind;
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }
}
