package io.heddle.web.v1;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** How roles are spelled in the capabilities document [auth §Role-based authorization]. */
public final class V1Roles {

  private V1Roles() {}

  /** The members of the family; none if there are no roles. */
  public static Map<String, Object> describe(Map<String, Set<String>> scopesByRole) {
    return scopesByRole.isEmpty()
        ? Map.of()
        : Map.of(
            "supported",
            true,
            "failClosed",
            true,
            "roles",
            scopesByRole.entrySet().stream()
                .map(
                    role -> Map.of("role", role.getKey(), "scopes", new TreeSet<>(role.getValue())))
                .toList());
  }
}
