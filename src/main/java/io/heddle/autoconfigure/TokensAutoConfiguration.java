package io.heddle.autoconfigure;

import io.heddle.auth.Issuer;
import io.heddle.auth.Tokens;
import io.heddle.autoconfigure.HeddleProperties.TokenIssuer;
import io.heddle.autoconfigure.HeddleProperties.TokenProfile;
import io.heddle.egress.Egress;
import io.heddle.egress.EgressSettings;
import io.heddle.json.Json;
import io.heddle.run.RunStore;
import io.heddle.web.v1.V1Capability;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;

/** Authenticates signed tokens once an issuer is configured. Asks none of them at the start. */
@AutoConfiguration(
    after = ApiKeysAutoConfiguration.class,
    before = HeddleWebAutoConfiguration.class)
@ConditionalOnBean(RunStore.class)
@ConditionalOnProperty("openwop.auth.issuers[0].issuer")
public final class TokensAutoConfiguration {

  private static final int LARGEST_KEY_SET = 256 * 1024;

  /** Calls what the operator configured, inside a closed network or not, and nothing else. */
  @Bean(destroyMethod = "close", defaultCandidate = false)
  Egress heddleIssuerEgress() {
    return new Egress(new EgressSettings(List.of(), List.of(), true, LARGEST_KEY_SET));
  }

  @Bean
  @Order(50)
  Tokens heddleTokens(HeddleProperties properties, @Qualifier("heddleIssuerEgress") Egress egress) {
    return new Tokens(
        properties.auth().issuers().stream().map(TokensAutoConfiguration::issuer).toList(),
        egress,
        InstantSource.system());
  }

  private static Issuer issuer(TokenIssuer issuer) {
    return new Issuer(
        issuer.issuer(),
        issuer.jwksUri(),
        issuer.audience(),
        issuer.algorithms(),
        issuer.profile() == TokenProfile.OIDC,
        tenants(issuer),
        issuer.groupScopes().isEmpty()
            ? new Issuer.Scopes.Claimed(issuer.scopeClaim(), issuer.scopes())
            : new Issuer.Scopes.OfGroups(issuer.groupScopes()),
        issuer.groupsClaim(),
        issuer.rolesClaim(),
        issuer.disabledSubjects());
  }

  private static Issuer.Tenants tenants(TokenIssuer issuer) {
    String tenant = issuer.tenant();
    String claim = issuer.tenantClaim();
    if (tenant != null && claim == null) {
      return new Issuer.Tenants.Fixed(tenant);
    }
    if (claim != null && tenant == null) {
      return new Issuer.Tenants.Claimed(claim, issuer.tenantPrefix(), issuer.tenants());
    }
    throw new IllegalArgumentException(
        "The token issuer %s needs either a tenant or a tenant-claim".formatted(issuer.issuer()));
  }

  @Bean
  V1Capability heddleTokenProfiles(HeddleProperties properties) {
    List<String> profiles = new ArrayList<>();
    Map<String, Object> members = new LinkedHashMap<>();
    List<TokenIssuer> people = of(properties, TokenProfile.OIDC);
    if (!people.isEmpty()) {
      profiles.add("openwop-auth-oidc-user-bearer");
      members.put("oidc", oidc(people));
    }
    List<TokenIssuer> machines = of(properties, TokenProfile.OAUTH2);
    if (!machines.isEmpty()) {
      TokenIssuer first = machines.get(0);
      profiles.add("openwop-auth-oauth2-client-credentials");
      members.put(
          "oauth2",
          // The document has room for one.
          Json.members(
              "supported",
              true,
              "issuer",
              first.issuer(),
              "audience",
              first.audience(),
              "supportedAlgorithms",
              first.algorithms()));
    }
    members.put("profiles", profiles);
    return V1Capability.of("auth", members);
  }

  private static Map<String, ?> oidc(List<TokenIssuer> issuers) {
    Map<String, Object> oidc = new LinkedHashMap<>();
    oidc.put("supported", true);
    oidc.put("issuers", issuers.stream().map(TokenIssuer::issuer).toList());
    if (issuers.stream().map(TokenIssuer::audience).distinct().count() == 1) {
      oidc.put("audience", issuers.get(0).audience());
    }
    if (issuers.stream().map(issuer -> issuer.groupScopes().isEmpty()).distinct().count() == 1) {
      oidc.put(
          "supportedScopeMapping",
          issuers.get(0).groupScopes().isEmpty() ? "scope-claim" : "group-claim");
    }
    return oidc;
  }

  private static List<TokenIssuer> of(HeddleProperties properties, TokenProfile profile) {
    return properties.auth().issuers().stream()
        .filter(issuer -> issuer.profile() == profile)
        .toList();
  }
}
