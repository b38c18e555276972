package io.heddle.webhook;

import io.heddle.secret.SecretStore;
import io.heddle.secret.Vault;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Ed25519 keys of this host: one signs deliveries, all are published. Those that the hosts of a
 * database share may take turns: a new one is published for a while before it signs, and stays
 * published for as long after another one signs, so that readers who look once in that time always
 * know the key of a delivery. Thread-safe; signing and publishing never wait for the database.
 */
public final class WebhookKeys {

  private static final Logger log = LoggerFactory.getLogger(WebhookKeys.class);

  private static final String PURPOSE = "webhook-signing";

  /**
   * A key that others verify with.
   *
   * @param keyId names it in {@code X-Heddle-Signature}: its thumbprint (RFC 7638)
   * @param bytes the 32 bytes of the key
   * @param signsFrom since when or from when on it signs; null if that is not known, or it never
   *     will
   * @param publishedUntil when it is no longer published, at the earliest; null if that is not
   *     planned
   */
  public record PublicKey(
      String keyId, byte[] bytes, @Nullable Instant signsFrom, @Nullable Instant publishedUntil) {

    /** The key as a JSON Web Key (RFC 8037); times are seconds since 1970. */
    public Map<String, Object> jwk() {
      Map<String, Object> jwk = new LinkedHashMap<>();
      jwk.put("kty", "OKP");
      jwk.put("crv", "Ed25519");
      jwk.put("x", base64Url(bytes));
      jwk.put("kid", keyId);
      jwk.put("use", "sig");
      jwk.put("alg", "EdDSA");
      if (signsFrom != null) {
        jwk.put("nbf", signsFrom.getEpochSecond());
      }
      if (publishedUntil != null) {
        jwk.put("exp", publishedUntil.getEpochSecond());
      }
      return jwk;
    }
  }

  /** A signature and the key that made it. */
  record Signature(String keyId, byte[] bytes) {}

  /**
   * When keys take turns.
   *
   * @param every how long a key signs; null for ever
   * @param overlap how long a key is published before it signs, and after another one does
   */
  public record Rotation(@Nullable Duration every, Duration overlap) {

    public Rotation {
      if (overlap.compareTo(Duration.ofMinutes(10)) < 0) {
        // Readers may keep what is published, and other hosts have to learn of a new key.
        throw new IllegalArgumentException(
            "openwop.webhooks.signing-key-overlap must be at least 10 minutes");
      }
      if (every != null && every.compareTo(overlap.multipliedBy(2)) < 0) {
        throw new IllegalArgumentException(
            "openwop.webhooks.signing-key-rotation must be at least twice the overlap");
      }
    }
  }

  /** A key and when it signs. */
  private record Turn(SigningKey key, @Nullable Instant from, @Nullable Instant until) {}

  private final @Nullable Shared shared;

  private final List<SigningKey> others;

  private final InstantSource clock;

  private final Duration overlap;

  private volatile List<Turn> turns;

  private WebhookKeys(
      @Nullable Shared shared,
      List<Turn> turns,
      List<String> others,
      InstantSource clock,
      Duration overlap) {
    this.shared = shared;
    this.turns = turns;
    this.others = pems("openwop.webhooks.previous-signing-keys", others);
    this.clock = clock;
    this.overlap = overlap;
  }

  private static List<SigningKey> pems(String property, List<String> pems) {
    List<SigningKey> keys = new ArrayList<>();
    for (String pem : pems) {
      keys.add(SigningKey.ofPem(property, pem));
    }
    return keys;
  }

  /**
   * A key that the operator keeps.
   *
   * @param pem PKCS#8
   * @param others keys that are published beside it, private or public
   * @throws IllegalArgumentException if one is no Ed25519 key; the message does not contain it
   */
  public static WebhookKeys configured(String pem, List<String> others) {
    SigningKey key = SigningKey.ofPem("openwop.webhooks.signing-key", pem);
    if (!key.signs()) {
      throw new IllegalArgumentException("openwop.webhooks.signing-key must be a private key");
    }
    // It takes no turns, at whatever time.
    InstantSource clock = InstantSource.fixed(Instant.EPOCH);
    return new WebhookKeys(null, List.of(new Turn(key, null, null)), others, clock, Duration.ZERO);
  }

  /**
   * The keys that the hosts of one database share, the first made by the first of them.
   *
   * @param others keys that are published beside them, private or public, as PEM
   * @param clock the database's time
   */
  public static WebhookKeys shared(
      SecretStore store, Vault vault, List<String> others, InstantSource clock, Rotation rotation) {
    Shared shared = new Shared(store, vault, rotation);
    // None is too old yet: the clock may not have been set by the database.
    return new WebhookKeys(shared, shared.turns(Instant.MIN), others, clock, rotation.overlap());
  }

  /**
   * Learns of keys that other hosts made, and makes the next one when it is time. To be called
   * every few minutes; waits for the database.
   */
  public void refresh() {
    if (shared != null) {
      try {
        turns = shared.turns(clock.instant());
      } catch (RuntimeException e) {
        log.warn("The keys that sign webhooks could not be read; those known so far stay", e);
      }
    }
  }

  /** The keys to verify with: the one that signs first, then others in no particular order. */
  public List<PublicKey> published() {
    Instant now = clock.instant();
    SigningKey signing = signing(now);
    Map<String, PublicKey> published = new LinkedHashMap<>();
    for (Turn turn : turns) {
      Instant gone = turn.until() == null ? null : turn.until().plus(overlap);
      if (gone == null || now.isBefore(gone)) {
        PublicKey key = new PublicKey(turn.key().id(), turn.key().publicBytes(), turn.from(), gone);
        published.put(key.keyId(), key);
      }
    }
    for (SigningKey other : others) {
      published.putIfAbsent(other.id(), new PublicKey(other.id(), other.publicBytes(), null, null));
    }
    List<PublicKey> ordered = new ArrayList<>();
    PublicKey first = published.remove(signing.id());
    if (first != null) {
      ordered.add(first);
    }
    ordered.addAll(published.values());
    return List.copyOf(ordered);
  }

  Signature sign(byte[] message) {
    SigningKey key = signing(clock.instant());
    return new Signature(key.id(), key.sign(message));
  }

  private SigningKey signing(Instant now) {
    List<Turn> known = turns;
    for (Turn turn : known) {
      if (turn.until() == null || now.isBefore(turn.until())) {
        return turn.key();
      }
    }
    return known.get(known.size() - 1).key();
  }

  static String base64Url(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  // Never a key.
  @Override
  public String toString() {
    return "WebhookKeys[" + turns.size() + "]";
  }

  /** The keys in the database. */
  private record Shared(SecretStore store, Vault vault, Rotation rotation) {

    /** All keys, the oldest first. */
    List<Turn> turns(Instant now) {
      List<SecretStore.Stored> stored = store.findOrCreate(PURPOSE, fresh());
      SecretStore.Stored newest = stored.get(0);
      if (isOld(newest, now)) {
        stored = store.add(PURPOSE, newest.keyId(), fresh());
      }
      List<Turn> turns = new ArrayList<>();
      for (int i = stored.size() - 1; i >= 0; i--) {
        turns.add(
            new Turn(
                SigningKey.ofSeed(vault.open(stored.get(i).sealed(), PURPOSE)),
                i == stored.size() - 1 ? stored.get(i).createdAt() : signsFrom(stored.get(i)),
                i == 0 ? null : signsFrom(stored.get(i - 1))));
      }
      return turns;
    }

    private SecretStore.Stored fresh() {
      SigningKey key = SigningKey.random();
      return new SecretStore.Stored(key.id(), vault.seal(key.seed(), PURPOSE));
    }

    private boolean isOld(SecretStore.Stored newest, Instant now) {
      return rotation.every() != null
          && !now.isBefore(signsFrom(newest).plus(rotation.every()).minus(rotation.overlap()));
    }

    private Instant signsFrom(SecretStore.Stored stored) {
      return stored.createdAt().plus(rotation.overlap());
    }
  }
}
