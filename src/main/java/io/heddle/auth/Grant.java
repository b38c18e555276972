package io.heddle.auth;

import io.heddle.spi.Principal;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;

/**
 * What a key lets its holder do.
 *
 * @param tenant whose data it reaches: 1 to 128 characters of {@code [A-Za-z0-9._-]}
 * @param principal who acts with it; the same for all keys of one holder
 * @param scopes granted rights; {@code *} grants all that this host knows
 * @param groups the groups its holder is in
 * @param roles the roles its holder has
 * @param test whether it is for tests
 */
public record Grant(
    String tenant,
    String principal,
    Set<String> scopes,
    Set<String> groups,
    Set<String> roles,
    boolean test) {

  /** Who vouches for the holders of API keys. */
  static final String ISSUER = "urn:heddle:api-key";

  private static final String NEW = "key-holder-";

  private static final SecureRandom RANDOM = new SecureRandom();

  private static final String NAME = "[A-Za-z0-9._-]{1,128}";

  public Grant {
    check("tenant", tenant);
    check("principal", principal);
    scopes = Set.copyOf(scopes);
    groups = Set.copyOf(groups);
    roles = Set.copyOf(roles);
  }

  private static void check(String what, String name) {
    if (!name.matches(NAME)) {
      throw new IllegalArgumentException(
          "A %s must be 1 to 128 characters of letters, digits, '.', '_' and '-'".formatted(what));
    }
  }

  /** A principal that nobody has been before. */
  public static String somebodyNew() {
    byte[] random = new byte[10];
    RANDOM.nextBytes(random);
    return NEW + HexFormat.of().formatHex(random);
  }

  static boolean isSomebodyNew(String principal) {
    return principal.startsWith(NEW);
  }

  /** The rights it grants on this host. */
  Set<String> effectiveScopes() {
    return scopes.contains("*") ? ApiKey.ALL_SCOPES : scopes;
  }

  Principal holder() {
    return new Principal(
        tenant,
        null,
        principal,
        ISSUER,
        "api-key",
        "workload",
        effectiveScopes(),
        groups,
        roles,
        test);
  }

  /** Whether somebody has all of this already. */
  boolean isHeldBy(Principal other) {
    return tenant.equals(other.tenant())
        && other.scopes().containsAll(effectiveScopes())
        && other.groups().containsAll(groups)
        && other.roles().containsAll(roles)
        && test == other.test();
  }
}
