package io.heddle.audit;

import org.jspecify.annotations.Nullable;

/** What is wrong with a chain, and where. */
public sealed interface Anomaly {

  /** The sequence at which it shows. */
  long sequence();

  /** What it is about, for people. */
  String detail();

  /**
   * An entry does not follow the one before it.
   *
   * @param expected the hash of the entry before; null if there is none
   * @param actual what the entry says; empty if it says nothing
   */
  record ChainBreak(
      long sequence, @Nullable String expected, @Nullable String actual, String detail)
      implements Anomaly {}

  /** An entry is not what was sealed. */
  record HashMismatch(long sequence, String detail) implements Anomaly {}

  /** An entry, or a row of them, is not there. */
  record MissingEntry(long sequence, String detail) implements Anomaly {}

  /** A checkpoint is not over the entries since the one before, or is not there. */
  record MerkleMismatch(long sequence, String checkpointId, String detail) implements Anomaly {}

  /** The host did not sign a checkpoint like this. */
  record SignatureInvalid(long sequence, String checkpointId, String detail) implements Anomaly {}
}
