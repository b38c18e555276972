package io.heddle.spi;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who acts, for whom, with which rights.
 *
 * @param tenant the tenant whose data is reached: 1 to 128 characters of {@code [A-Za-z0-9._-]}
 * @param workspace the part of the tenant that the caller is confined to, in the same characters;
 *     null if it is confined to none
 * @param id opaque and stable over credential rotation; no secret, no personal data
 * @param issuer who vouches for the id, for example {@code urn:heddle:api-key}
 * @param lane how it was verified: {@code api-key}, {@code oauth2}, {@code oidc} …
 * @param kind {@code user}, {@code agent} or {@code workload}
 * @param scopes granted rights, for example {@code runs:create}; none implies another
 * @param groups the groups the issuer counts it among, as it names them; may be empty
 * @param roles the roles it holds, as this host names them; may be empty. What a role grants is
 *     among the scopes already
 * @param test whether the credential is for tests and may use what production must refuse
 */
public record Principal(
    String tenant,
    @Nullable String workspace,
    String id,
    String issuer,
    String lane,
    String kind,
    Set<String> scopes,
    Set<String> groups,
    Set<String> roles,
    boolean test) {

  public Principal {
    scopes = Set.copyOf(scopes);
    groups = Set.copyOf(groups);
    roles = Set.copyOf(roles);
  }

  /** A principal that is confined to no workspace and has neither groups nor roles. */
  public Principal(
      String tenant,
      String id,
      String issuer,
      String lane,
      String kind,
      Set<String> scopes,
      boolean test) {
    this(tenant, null, id, issuer, lane, kind, scopes, Set.of(), Set.of(), test);
  }
}
