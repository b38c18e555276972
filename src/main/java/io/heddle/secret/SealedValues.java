package io.heddle.secret;

import java.util.List;

/** Sealed values of one kind, wherever they are stored. Thread-safe. */
public interface SealedValues {

  /**
   * One of them.
   *
   * @param tenant whose it is; empty for the host's own
   * @param id names it among those of its kind
   * @param purpose what it was sealed for
   */
  record Value(String tenant, String id, String purpose, byte[] sealed) {}

  /**
   * Values that do not begin with these bytes, in the order of their ids.
   *
   * @param after where to go on; empty for the first ones
   */
  List<Value> others(byte[] beginning, String after, int limit);

  /**
   * Stores a value anew, unless somebody has changed it meanwhile.
   *
   * @return whether it did
   */
  boolean replace(Value value, byte[] sealed);
}
