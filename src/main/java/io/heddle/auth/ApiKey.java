package io.heddle.auth;

import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A configured API key. The key itself is nowhere; only its hash is.
 *
 * @param keyId names the key in logs
 * @param sha256 64 hexadecimal digits: SHA-256 of the key's UTF-8 bytes
 * @param tenant whose data it reaches
 * @param principal who acts; the same for all keys of one holder, so that a rotation changes
 *     nothing
 * @param scopes granted rights; {@code *} grants all that this host knows
 * @param groups the groups its holder is in
 * @param roles the roles its holder has
 * @param expiresAt from when on it is refused, or null
 * @param test whether it is for tests
 */
public record ApiKey(
    String keyId,
    String sha256,
    String tenant,
    String principal,
    Set<String> scopes,
    Set<String> groups,
    Set<String> roles,
    @Nullable Instant expiresAt,
    boolean test) {

  /** Every scope that something in this host asks for. */
  public static final Set<String> ALL_SCOPES =
      Set.of(
          "manifest:read",
          "runs:create",
          "runs:read",
          "runs:cancel",
          "runs:annotate",
          "approvals:read",
          "artifacts:read",
          "approvals:respond",
          "workflows:read",
          "workflows:write",
          "keys:manage",
          "audit:read",
          "webhooks:manage",
          "metrics:read");

  public ApiKey {
    sha256 = sha256.toLowerCase(Locale.ROOT);
    if (!sha256.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException(
          "The API key '%s' must be given as the 64 hexadecimal digits of its SHA-256"
              .formatted(keyId));
    }
    if (!tenant.matches("[A-Za-z0-9._-]{1,128}")) {
      throw new IllegalArgumentException(
          "The tenant of the API key '%s' must be 1 to 128 characters of letters, digits, '.', '_' and '-'"
              .formatted(keyId));
    }
    groups = Set.copyOf(groups);
    roles = Set.copyOf(roles);
    scopes = scopes.contains("*") ? ALL_SCOPES : Set.copyOf(scopes);
  }

  byte[] hash() {
    return HexFormat.of().parseHex(sha256);
  }

  // Nothing that could help a guess belongs into a log.
  @Override
  public String toString() {
    return "ApiKey[" + keyId + "]";
  }
}
