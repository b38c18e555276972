package io.heddle.auth;

import io.heddle.auth.KeyStore.NewKey;
import io.heddle.auth.KeyStore.Page;
import io.heddle.auth.KeyStore.Position;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Gives out keys and takes them back. Of the callers, nobody gets a key from it that could do more
 * than they can themselves. Thread-safe.
 */
public final class KeyService {

  /** The longest grace of a key that is replaced. */
  public static final Duration LONGEST_GRACE = Duration.ofDays(90);

  private final KeyStore store;

  private final KeySecrets secrets;

  private final KeyEvents events;

  private final Duration shortestGrace;

  /**
   * @param shortestGrace for how long at least a key that is replaced stays good
   */
  public KeyService(KeyStore store, KeySecrets secrets, KeyEvents events, Duration shortestGrace) {
    if (shortestGrace.isNegative() || shortestGrace.compareTo(LONGEST_GRACE) > 0) {
      throw new IllegalArgumentException(
          "The grace of a key that is replaced must be between 0 and %d days"
              .formatted(LONGEST_GRACE.toDays()));
    }
    this.store = store;
    this.secrets = secrets;
    this.events = events;
    this.shortestGrace = shortestGrace;
  }

  /**
   * A key that was just made.
   *
   * @param key shown once and kept nowhere
   */
  public record Made(StoredKey stored, String key) {

    // Never the key.
    @Override
    public String toString() {
      return "Made[" + stored.keyId() + "]";
    }
  }

  public Duration shortestGrace() {
    return shortestGrace;
  }

  /**
   * Gives a caller a key.
   *
   * @param grant acts as the caller does, or else as {@link Grant#somebodyNew}
   * @return empty if it would have expired already
   * @throws NotHeldException if it could do more than the caller
   */
  public Optional<Made> create(
      Principal caller, Grant grant, @Nullable String label, @Nullable Instant expiresAt) {
    requireHeld(caller, grant);
    if (!grant.principal().equals(caller.id()) && !Grant.isSomebodyNew(grant.principal())) {
      throw new NotHeldException();
    }
    return issue(grant, label, caller.id(), expiresAt);
  }

  /**
   * Gives out a key with any rights, for whoever operates the host.
   *
   * @return empty if it would have expired already
   */
  public Optional<Made> issue(
      Grant grant, @Nullable String label, String by, @Nullable Instant expiresAt) {
    KeySecrets.Minted minted = secrets.mint(grant.test());
    return store
        .create(grant, newKey(minted, label, by, expiresAt))
        .map(
            stored -> {
              events.created(stored, by);
              return new Made(stored, minted.key());
            });
  }

  private static NewKey newKey(
      KeySecrets.Minted minted, @Nullable String label, String by, @Nullable Instant expiresAt) {
    return new NewKey(minted.keyId(), minted.pepperId(), minted.hash(), label, by, expiresAt);
  }

  /**
   * Gives a caller a key in place of another one, which stays good for a while.
   *
   * @return empty if the key is not active, or has been replaced already
   * @throws NotHeldException if it can do more than the caller
   */
  public Optional<Made> rotate(
      Principal caller, StoredKey old, Duration grace, @Nullable Instant expiresAt) {
    requireHeld(caller, old.grant());
    return replace(old, grace, caller.id(), expiresAt);
  }

  /**
   * Gives out a key in place of any other one, for whoever operates the host. Both act as the same
   * principal.
   *
   * @param expiresAt null to let it live as long as the old one was given
   * @return empty if the key is not active, or has been replaced already
   */
  public Optional<Made> replace(
      StoredKey old, Duration grace, String by, @Nullable Instant expiresAt) {
    KeySecrets.Minted minted = secrets.mint(old.grant().test());
    return store
        .replace(
            new Tenant(old.grant().tenant()),
            old.keyId(),
            grace,
            newKey(minted, old.label(), by, expiresAt))
        .map(
            stored -> {
              events.created(stored, by);
              events.rotated(old, stored, by);
              return new Made(stored, minted.key());
            });
  }

  private static void requireHeld(Principal caller, Grant grant) {
    if (!grant.isHeldBy(caller)) {
      throw new NotHeldException();
    }
  }

  /** One key of a tenant. */
  public Optional<StoredKey> find(Tenant tenant, String keyId) {
    return store.find(tenant, keyId);
  }

  /** All keys of a tenant, the newest first. */
  public Page page(Tenant tenant, @Nullable Position after, int limit) {
    return store.page(tenant, after, limit);
  }

  /** Revokes a key at once; empty if it is gone. */
  public Optional<StoredKey> revoke(StoredKey key, String by) {
    Optional<StoredKey> revoked = store.revoke(new Tenant(key.grant().tenant()), key.keyId());
    revoked.ifPresent(now -> events.revoked(now, by));
    return revoked;
  }

  /** Ends a key at a time; empty if it ends before that. */
  public Optional<StoredKey> expire(StoredKey key, Instant at, String by) {
    Optional<StoredKey> ended = store.expire(new Tenant(key.grant().tenant()), key.keyId(), at);
    ended.ifPresent(now -> events.expiring(now, by));
    return ended;
  }
}
