package io.heddle.auth;

import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The principals of a deployment for tests: some that every tenant has, and the holders of its
 * configured keys. Nobody can call as one of the former, for they have no keys. Thread-safe.
 */
public final class TestPrincipals implements Principals {

  /** Who may decide at the gate of tests. */
  public static final String APPROVER = "conformance-approver";

  /** Who may override it. */
  public static final String OWNER = "conformance-owner";

  /** Another one who may decide. */
  public static final String SECOND_APPROVER = "conformance-second-approver-principal";

  private static final Map<String, Set<String>> ROLES =
      Map.of(
          "conformance-approver-principal",
          Set.of(APPROVER),
          SECOND_APPROVER,
          Set.of(APPROVER),
          "conformance-owner-principal",
          Set.of(APPROVER, OWNER));

  private final @Nullable ApiKeys keys;

  private final Roles roles;

  /**
   * @param keys null if there are no configured keys
   */
  public TestPrincipals(@Nullable ApiKeys keys, Roles roles) {
    this.keys = keys;
    this.roles = roles;
  }

  /** Roles together with those of these principals, unless they are configured otherwise. */
  public static Map<String, Set<String>> with(Map<String, Set<String>> configured) {
    Map<String, Set<String>> all = new TreeMap<>();
    all.put(APPROVER, Set.of("approvals:respond"));
    all.put(OWNER, Set.of("approvals:respond", "runs:cancel"));
    all.putAll(configured);
    return all;
  }

  @Override
  public Optional<Principal> find(Tenant tenant, String id) {
    if (ROLES.containsKey(id)) {
      return Optional.of(
          roles.apply(
              new Principal(
                  tenant.id(),
                  null,
                  id,
                  Grant.ISSUER,
                  "api-key",
                  "workload",
                  Set.of(),
                  Set.of(),
                  ROLES.get(id),
                  true)));
    }
    return keys == null ? Optional.empty() : keys.holder(tenant.id(), id).map(roles);
  }
}
