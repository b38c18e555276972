package io.heddle.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.heddle.egress.Egress;
import io.heddle.spi.Authenticator;
import io.heddle.spi.Principal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Authenticates signed tokens of configured issuers: access tokens of machines and people's. What
 * is wrong with a token is told to nobody. Thread-safe.
 */
public final class Tokens implements Authenticator {

  private static final Logger log = LoggerFactory.getLogger(Tokens.class);

  private static final Duration SKEW = Duration.ofSeconds(60);

  private static final int MOST_NAMES = 200;

  private record Trusted(Issuer issuer, IssuerKeys keys, Set<JWSAlgorithm> algorithms) {}

  private final Map<String, Trusted> issuers = new HashMap<>();

  private final InstantSource clock;

  /**
   * @param egress fetches keys from wherever the operator says
   */
  public Tokens(List<Issuer> issuers, Egress egress, InstantSource clock) {
    this(issuers, egress, clock, System::nanoTime);
  }

  Tokens(List<Issuer> issuers, Egress egress, InstantSource clock, LongSupplier nanos) {
    this.clock = clock;
    for (Issuer issuer : issuers) {
      Trusted trusted =
          new Trusted(
              issuer,
              new IssuerKeys(issuer, egress, nanos),
              issuer.algorithms().stream().map(JWSAlgorithm::parse).collect(Collectors.toSet()));
      if (this.issuers.put(issuer.issuer(), trusted) != null) {
        throw new IllegalArgumentException(
            "The token issuer %s is configured twice".formatted(issuer.issuer()));
      }
    }
  }

  @Override
  public Outcome authenticate(String bearer) {
    try {
      SignedJWT token = SignedJWT.parse(bearer);
      // Not yet proved; it only says whose keys to try.
      Trusted trusted = issuers.get(String.valueOf(token.getJWTClaimsSet().getIssuer()));
      if (trusted == null || !trusted.algorithms().contains(token.getHeader().getAlgorithm())) {
        return new Unknown();
      }
      JWTClaimsSet claims = verified(token, trusted);
      return claims == null ? new Unknown() : holder(claims, trusted.issuer());
    } catch (ParseException | RuntimeException e) {
      // Whatever a stranger's text does to a parser is the stranger's fault. It is not quoted.
      log.debug("A token could not be read: {}", e.getClass().getName());
      return new Unknown();
    }
  }

  private static @Nullable JWTClaimsSet verified(SignedJWT token, Trusted trusted) {
    JWKSet keys = trusted.keys().current();
    JWTClaimsSet claims = keys == null ? null : verified(token, trusted, keys);
    if (claims != null || keys == null) {
      return claims;
    }
    JWKSet others = trusted.keys().after(keys);
    return others == null ? null : verified(token, trusted, others);
  }

  private static @Nullable JWTClaimsSet verified(SignedJWT token, Trusted trusted, JWKSet keys) {
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSTypeVerifier(
        new DefaultJOSEObjectTypeVerifier<>(
            JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(trusted.algorithms(), new ImmutableJWKSet<>(keys)));
    // They are looked at below.
    processor.setJWTClaimsSetVerifier((claims, context) -> {});
    try {
      return processor.process(token, null);
    } catch (BadJOSEException | JOSEException e) {
      return null;
    }
  }

  private Outcome holder(JWTClaimsSet claims, Issuer issuer) throws ParseException {
    String subject = claims.getSubject();
    if (!isTimely(claims, issuer)
        || !claims.getAudience().contains(issuer.audience())
        || subject == null
        || subject.isBlank()) {
      return new Unknown();
    }
    if (issuer.disabledSubjects().contains(subject)) {
      return new Revoked();
    }
    Optional<String> tenant = tenant(claims, issuer.tenants());
    if (tenant.isEmpty()) {
      return new Unknown();
    }
    Set<String> groups = names(claims.getClaim(issuer.groupsClaim()));
    return new Authenticated(
        new Principal(
            tenant.get(),
            null,
            opaque(issuer.issuer(), subject),
            issuer.issuer(),
            issuer.users() ? "oidc" : "oauth2",
            issuer.users() ? "user" : "workload",
            scopes(claims, issuer.scopes(), groups),
            groups,
            issuer.rolesClaim() == null ? Set.of() : names(claims.getClaim(issuer.rolesClaim())),
            false));
  }

  private boolean isTimely(JWTClaimsSet claims, Issuer issuer) {
    Instant now = clock.instant();
    Date expires = claims.getExpirationTime();
    Date from = claims.getNotBeforeTime();
    Date issued = claims.getIssueTime();
    return expires != null
        && now.isBefore(expires.toInstant().plus(SKEW))
        && (from == null || !now.isBefore(from.toInstant().minus(SKEW)))
        && (issued == null ? !issuer.users() : !now.isBefore(issued.toInstant().minus(SKEW)));
  }

  private static Optional<String> tenant(JWTClaimsSet claims, Issuer.Tenants tenants) {
    if (tenants instanceof Issuer.Tenants.Fixed fixed) {
      return Optional.of(fixed.tenant());
    }
    Issuer.Tenants.Claimed claimed = (Issuer.Tenants.Claimed) tenants;
    if (!(claims.getClaim(claimed.claim()) instanceof String value)
        || !claimed.allowed().isEmpty() && !claimed.allowed().contains(value)) {
      return Optional.empty();
    }
    String tenant = claimed.prefix() + value;
    return Issuer.Tenants.TENANT.matcher(tenant).matches() && !value.isEmpty()
        ? Optional.of(tenant)
        : Optional.empty();
  }

  private static Set<String> scopes(JWTClaimsSet claims, Issuer.Scopes scopes, Set<String> groups) {
    if (scopes instanceof Issuer.Scopes.OfGroups ofGroups) {
      return groups.stream()
          .flatMap(group -> ofGroups.byGroup().getOrDefault(group, Set.of()).stream())
          .collect(Collectors.toSet());
    }
    Issuer.Scopes.Claimed claimed = (Issuer.Scopes.Claimed) scopes;
    Set<String> granted = new HashSet<>();
    // A text is a list with blanks between its items here, and here only [RFC 8693 §4.2].
    for (String text : names(claims.getClaim(claimed.claim()))) {
      granted.addAll(List.of(text.split(" ")));
    }
    granted.retainAll(claimed.ceiling());
    return granted;
  }

  /** The names in an array, or a single one. */
  private static Set<String> names(@Nullable Object claim) {
    List<?> all = claim instanceof List<?> list ? list : claim == null ? List.of() : List.of(claim);
    return all.stream()
        .filter(String.class::isInstance)
        .map(String.class::cast)
        .filter(name -> !name.isBlank())
        .limit(MOST_NAMES)
        .collect(Collectors.toSet());
  }

  /** The subject may be an e-mail address, which is nobody's business. */
  private static String opaque(String issuer, String subject) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest((issuer + '\0' + subject).getBytes(StandardCharsets.UTF_8));
      return "sub-" + Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
