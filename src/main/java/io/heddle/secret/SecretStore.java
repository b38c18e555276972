package io.heddle.secret;

import java.util.List;

/** Sealed secrets of the host. Every method is one transaction. Thread-safe. */
public interface SecretStore {

  /** A secret as it is stored. */
  record Stored(String keyId, byte[] sealed) {}

  /**
   * The secrets for a purpose, the newest first. If there is none, stores this one first; of
   * several hosts that do so at once one wins, and all get the same.
   */
  List<Stored> findOrCreate(String purpose, Stored first);
}
