package io.heddle.auth;

import io.heddle.spi.Principal;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * What the roles of this host permit. A role that is not among them permits nothing, whoever says
 * that somebody has it. Immutable.
 */
public final class Roles implements UnaryOperator<Principal> {

  private final Map<String, Set<String>> scopes = new TreeMap<>();

  /**
   * @param scopes by the name of the role; {@code *} for all that this host knows
   */
  public Roles(Map<String, Set<String>> scopes) {
    scopes.forEach(
        (role, granted) ->
            this.scopes.put(role, granted.contains("*") ? ApiKey.ALL_SCOPES : Set.copyOf(granted)));
  }

  /** By the name of the role, in its order. */
  public Map<String, Set<String>> scopes() {
    return new TreeMap<>(scopes);
  }

  /** The principal with what its roles permit. */
  @Override
  public Principal apply(Principal principal) {
    if (principal.roles().stream().noneMatch(scopes::containsKey)) {
      return principal;
    }
    Set<String> all = new HashSet<>(principal.scopes());
    principal.roles().forEach(role -> all.addAll(scopes.getOrDefault(role, Set.of())));
    return new Principal(
        principal.tenant(),
        principal.workspace(),
        principal.id(),
        principal.issuer(),
        principal.lane(),
        principal.kind(),
        all,
        principal.groups(),
        principal.roles(),
        principal.test());
  }
}
