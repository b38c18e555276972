package io.heddle.spi;

import java.util.Set;

/**
 * Who acts, for whom, with which rights.
 *
 * @param tenant the tenant whose data is reached: 1 to 128 characters of {@code [A-Za-z0-9._-]}
 * @param id opaque and stable over credential rotation; no secret, no personal data
 * @param issuer who vouches for the id, for example {@code urn:heddle:api-key}
 * @param lane how it was verified: {@code api-key}, {@code oauth2}, {@code oidc} …
 * @param kind {@code user}, {@code agent} or {@code workload}
 * @param scopes granted rights, for example {@code runs:create}; none implies another
 * @param test whether the credential is for tests and may use what production must refuse
 */
public record Principal(
    String tenant,
    String id,
    String issuer,
    String lane,
    String kind,
    Set<String> scopes,
    boolean test) {

  public Principal {
    scopes = Set.copyOf(scopes);
  }
}
