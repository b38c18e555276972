package io.heddle.auth;

import io.heddle.spi.Authenticator;
import io.heddle.spi.Principal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Authenticates the configured API keys. Thread-safe. */
public final class ApiKeys implements Authenticator {

  private static final String ISSUER = "urn:heddle:api-key";

  private record Known(byte[] hash, ApiKey key, Principal principal) {}

  private final List<Known> keys = new ArrayList<>();

  private final InstantSource clock;

  public ApiKeys(List<ApiKey> keys, InstantSource clock) {
    this.clock = clock;
    for (ApiKey key : keys) {
      Principal principal =
          new Principal(
              key.tenant(),
              null,
              key.principal(),
              ISSUER,
              "api-key",
              "workload",
              key.scopes(),
              key.groups(),
              key.roles(),
              key.test());
      this.keys.add(new Known(key.hash(), key, principal));
    }
  }

  @Override
  public Outcome authenticate(String bearer) {
    byte[] presented = sha256(bearer);
    Known match = null;
    // All of them, each in constant time: how long this takes tells nothing.
    for (Known known : keys) {
      if (MessageDigest.isEqual(known.hash(), presented)) {
        match = known;
      }
    }
    return outcome(match);
  }

  private Outcome outcome(@Nullable Known match) {
    if (match == null) {
      return new Unknown();
    }
    if (match.key().expiresAt() != null && !clock.instant().isBefore(match.key().expiresAt())) {
      return new Expired(match.principal());
    }
    return new Authenticated(match.principal());
  }

  /** What one of the keys makes its holder; empty if no key of theirs is good now. */
  Optional<Principal> holder(String tenant, String principal) {
    return keys.stream()
        .filter(
            known ->
                known.key().tenant().equals(tenant)
                    && known.key().principal().equals(principal)
                    && outcome(known) instanceof Authenticated)
        .map(Known::principal)
        .findFirst();
  }

  /** The form in which a key is configured. */
  public static String hashOf(String key) {
    return HexFormat.of().formatHex(sha256(key));
  }

  private static byte[] sha256(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
