package io.heddle.auth;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An API key that the host gave out, without anything of the key itself.
 *
 * @param keyId names the key and is the part of it that may be shown
 * @param label what its creator calls it, or null
 * @param createdBy who made it
 * @param expiresAt from when on it is refused as expired, or null
 * @param revokedAt from when on it is refused as revoked, or null; ahead if it has been replaced
 * @param replacedBy the key that replaces it, or null
 * @param lastUsedAt about when it was last used, to some minutes; null if it never was
 */
public record StoredKey(
    String keyId,
    Grant grant,
    @Nullable String label,
    String createdBy,
    Instant createdAt,
    @Nullable Instant expiresAt,
    @Nullable Instant revokedAt,
    @Nullable String replacedBy,
    @Nullable Instant lastUsedAt,
    State state) {

  /** What becomes of whoever presents a key, by the clock of the database. */
  public enum State {
    ACTIVE,
    EXPIRED,
    REVOKED
  }
}
