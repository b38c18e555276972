package io.heddle.web;

/** How one major of the protocol says an error. Thread-safe. */
public interface ErrorSpelling {

  /** The HTTP status. */
  int status(ErrorCode code);

  /** The value of {@code error} in the envelope. */
  String code(ErrorCode code);
}
