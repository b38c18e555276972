package io.heddle.secret;

import java.time.Instant;
import java.util.List;

/** Sealed secrets of the host. Every method is one transaction. Thread-safe. */
public interface SecretStore {

  /**
   * A secret as it is stored.
   *
   * @param createdAt when it was stored, in the database's time; of no meaning before
   */
  record Stored(String keyId, byte[] sealed, Instant createdAt) {

    /** A secret to be stored. */
    public Stored(String keyId, byte[] sealed) {
      this(keyId, sealed, Instant.EPOCH);
    }
  }

  /**
   * The secrets for a purpose, the newest first. If there is none, stores this one first; of
   * several hosts that do so at once one wins, and all get the same.
   */
  List<Stored> findOrCreate(String purpose, Stored first);

  /**
   * Stores one more secret for a purpose, unless there is one newer than {@code newest} already; of
   * several hosts that do so at once one wins.
   *
   * @param newest key id of the newest one known
   * @return all of them, the newest first
   */
  List<Stored> add(String purpose, String newest, Stored next);
}
