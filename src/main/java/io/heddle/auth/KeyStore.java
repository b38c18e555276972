package io.heddle.auth;

import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** API keys that the host gave out. Every method is one transaction. Thread-safe. */
public interface KeyStore {

  /**
   * A key to be stored.
   *
   * @param pepperId with which secret of the host it was hashed
   */
  record NewKey(
      String keyId,
      String pepperId,
      byte[] hash,
      @Nullable String label,
      String createdBy,
      @Nullable Instant expiresAt) {}

  /**
   * What is to be known of a key that somebody presents. Times are left by the clock of the
   * database, and not positive if they have come.
   *
   * @param expiresIn null for never
   * @param revokedIn null for never
   */
  record Known(
      Grant grant,
      String pepperId,
      byte[] hash,
      @Nullable Duration expiresIn,
      @Nullable Duration revokedIn) {}

  /** Where a list goes on. */
  record Position(Instant createdAt, String keyId) {}

  /** A part of a list and, unless it was the last one, where it goes on. */
  record Page(List<StoredKey> keys, @Nullable Position next) {}

  /** What is known of a key, whosever it is. */
  Optional<Known> known(String keyId);

  /** Whether there is no key that is good now. */
  boolean isEmpty();

  /** Stores a key; empty if it would have expired already. */
  Optional<StoredKey> create(Grant grant, NewKey key);

  /**
   * Stores a key with the same grant, and lets the old one be revoked after a grace. The new one
   * lives as long as the old one was given, unless told otherwise.
   *
   * @return empty if the old key is not active, or has been replaced already
   */
  Optional<StoredKey> replace(Tenant tenant, String oldKeyId, Duration grace, NewKey key);

  /** One key of a tenant. */
  Optional<StoredKey> find(Tenant tenant, String keyId);

  /** Keys of a tenant, the newest first. */
  Page page(Tenant tenant, @Nullable Position after, int limit);

  /** Revokes a key at once; a key that is revoked stays so since then. Empty for no such key. */
  Optional<StoredKey> revoke(Tenant tenant, String keyId);

  /** Ends a key at a time; empty if there is no such key, or it ends before that. */
  Optional<StoredKey> expire(Tenant tenant, String keyId, Instant at);

  /**
   * Records that keys have just been used.
   *
   * @param every how old the last record of a key must be for another one
   * @return those for which it was recorded
   */
  List<StoredKey> used(Collection<String> keyIds, Duration every);
}
