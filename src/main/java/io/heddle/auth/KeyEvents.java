package io.heddle.auth;

/**
 * Hears what becomes of keys, for the records. What a caller does is told in the transaction that
 * stores it; what an implementation throws undoes it. Thread-safe.
 */
public interface KeyEvents {

  /**
   * @param by who made it
   */
  void created(StoredKey key, String by);

  /** A key was replaced by another one and ends with its grace. */
  void rotated(StoredKey old, StoredKey replacement, String by);

  /** A key was given an end. */
  void expiring(StoredKey key, String by);

  void revoked(StoredKey key, String by);

  /** A key is in use; told once in some minutes at most. */
  void used(StoredKey key);
}
