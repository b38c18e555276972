package io.heddle.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.heddle.egress.Egress;
import io.heddle.egress.EgressSettings;
import io.heddle.spi.Authenticator.Authenticated;
import io.heddle.spi.Authenticator.Outcome;
import io.heddle.spi.Authenticator.Revoked;
import io.heddle.spi.Authenticator.Unknown;
import io.heddle.spi.Principal;
import io.heddle.testkit.TokenIssuer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class TokensTest {

  private static final String AUDIENCE = "https://heddle.example";

  private static final Instant NOW = Instant.parse("2026-05-01T12:00:00Z");

  private static final Egress EGRESS =
      new Egress(new EgressSettings(List.of(), List.of(), true, 100_000));

  private static final Issuer.Scopes BY_CLAIM = new Issuer.Scopes.Claimed("scope", Set.of("*"));

  private final TokenIssuer server = new TokenIssuer();

  private final AtomicLong nanos = new AtomicLong();

  private final Tokens tokens = tokens(new Issuer.Tenants.Fixed("acme"), BY_CLAIM);

  @AfterEach
  void stop() {
    server.close();
  }

  @AfterAll
  static void close() {
    EGRESS.close();
  }

  private Tokens tokens(Issuer.Tenants tenants, Issuer.Scopes scopes) {
    return new Tokens(
        List.of(issuer(server.name(), null, tenants, scopes)), EGRESS, () -> NOW, nanos::get);
  }

  private static Issuer issuer(
      String name, @Nullable URI jwksUri, Issuer.Tenants tenants, Issuer.Scopes scopes) {
    return new Issuer(
        name,
        jwksUri,
        AUDIENCE,
        List.of("RS256", "ES256"),
        true,
        tenants,
        scopes,
        "groups",
        "roles",
        Set.of("disabled"));
  }

  private JWTClaimsSet.Builder claims() {
    return server.claims(AUDIENCE, NOW).claim("scope", "runs:read runs:create");
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private static Principal holder(Outcome outcome) {
    assertThat(outcome).isInstanceOf(Authenticated.class);
    return ((Authenticated) outcome).principal();
  }

  @Test
  void aTokenSaysWhoActsAndWithWhichRights() {
    JWTClaimsSet claims =
        claims().claim("groups", List.of("finance")).claim("roles", List.of("approver")).build();

    Principal holder = holder(tokens.authenticate(server.sign(claims)));

    assertThat(holder.tenant()).isEqualTo("acme");
    assertThat(holder.scopes()).containsExactlyInAnyOrder("runs:read", "runs:create");
    assertThat(holder.groups()).containsExactly("finance");
    assertThat(holder.roles()).containsExactly("approver");
    assertThat(holder.issuer()).isEqualTo(server.name());
    assertThat(holder.lane()).isEqualTo("oidc");
    assertThat(holder.kind()).isEqualTo("user");
    assertThat(holder.id()).matches("sub-[A-Za-z0-9_-]{43}").doesNotContain("somebody");
    assertThat(holder.test()).isFalse();
  }

  @Test
  void theSameSubjectIsTheSamePrincipalAndAnotherIsAnother() {
    String first = holder(tokens.authenticate(server.sign(claims().jwtID("1").build()))).id();
    String second = holder(tokens.authenticate(server.sign(claims().jwtID("2").build()))).id();
    String other = holder(tokens.authenticate(server.sign(claims().subject("x").build()))).id();

    assertThat(second).isEqualTo(first);
    assertThat(other).isNotEqualTo(first);
  }

  @Test
  void badClaimsAreRefusedWhateverIsWrong() {
    Map<String, Function<JWTClaimsSet.Builder, JWTClaimsSet.Builder>> faults =
        new LinkedHashMap<>();
    faults.put("another audience", claims -> claims.audience("elsewhere"));
    faults.put("no audience", claims -> claims.audience((String) null));
    faults.put("another issuer", claims -> claims.issuer("https://elsewhere.example"));
    faults.put("an issuer with a slash", claims -> claims.issuer(server.name() + "/"));
    faults.put("no issuer", claims -> claims.issuer(null));
    faults.put("expired", claims -> claims.expirationTime(Date.from(NOW.minusSeconds(60))));
    faults.put("no expiry", claims -> claims.expirationTime(null));
    faults.put("not yet", claims -> claims.notBeforeTime(Date.from(NOW.plusSeconds(61))));
    faults.put("issued later", claims -> claims.issueTime(Date.from(NOW.plusSeconds(61))));
    faults.put("never issued", claims -> claims.issueTime(null));
    faults.put("no subject", claims -> claims.subject(null));
    faults.put("a blank subject", claims -> claims.subject(" "));
    faults.put("a number for an expiry", claims -> claims.claim("exp", "tomorrow"));

    faults.forEach(
        (fault, spoil) ->
            assertThat(tokens.authenticate(server.sign(spoil.apply(claims()).build())))
                .as(fault)
                .isInstanceOf(Unknown.class));
    assertThat(tokens.authenticate(server.sign(claims().build())))
        .isInstanceOf(Authenticated.class);
  }

  @Test
  void clocksMayDifferByAMinute() {
    JWTClaimsSet claims =
        claims()
            .audience(List.of("elsewhere", AUDIENCE))
            .expirationTime(Date.from(NOW.minusSeconds(59)))
            .notBeforeTime(Date.from(NOW.plusSeconds(59)))
            .issueTime(Date.from(NOW.plusSeconds(59)))
            .build();

    assertThat(tokens.authenticate(server.sign(claims))).isInstanceOf(Authenticated.class);
  }

  @Test
  void onlyASignatureOfTheIssuersKeyCounts() throws Exception {
    JWTClaimsSet claims = claims().build();
    RSAKey own = (RSAKey) server.key();
    RSAKey foreign = TokenIssuer.rsa("key-1", 2048);
    String good = server.sign(claims);
    String[] parts = good.split("\\.");
    SignedJWT carriesKey =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256)
                .keyID("key-1")
                .jwk(foreign.toPublicJWK())
                .jwkURL(URI.create("http://localhost:1/keys"))
                .build(),
            claims);
    carriesKey.sign(new RSASSASigner(foreign));
    SignedJWT otherAlgorithm =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.RS512).keyID("key-1").build(), claims);
    otherAlgorithm.sign(new RSASSASigner(own));
    Map<String, String> forged = new LinkedHashMap<>();
    forged.put("unsigned", new PlainJWT(claims).serialize());
    for (String none : List.of("none", "None", "NONE", "nOnE")) {
      forged.put(
          none,
          base64("{\"alg\":\"%s\",\"kid\":\"key-1\"}".formatted(none)) + "." + parts[1] + ".");
      forged.put(
          none + " with a signature",
          base64("{\"alg\":\"%s\",\"kid\":\"key-1\"}".formatted(none))
              + "."
              + parts[1]
              + "."
              + parts[2]);
    }
    forged.put(
        "the public key as a secret",
        TokenIssuer.signWithSecret(claims, own.toRSAPublicKey().getEncoded(), "key-1"));
    forged.put(
        "the public key's text as a secret",
        TokenIssuer.signWithSecret(
            claims, own.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8), "key-1"));
    forged.put(
        "HS256 over a signature of RS256",
        base64("{\"alg\":\"HS256\",\"kid\":\"key-1\"}") + "." + parts[1] + "." + parts[2]);
    forged.put("a foreign key", TokenIssuer.sign(claims, foreign, "key-1"));
    forged.put("a key in the header", carriesKey.serialize());
    forged.put("an algorithm that is not taken", otherAlgorithm.serialize());
    forged.put("an unknown key", TokenIssuer.sign(claims, own, "key-never-shown"));
    forged.put("no signature", parts[0] + "." + parts[1] + ".");
    forged.put(
        "other claims",
        parts[0] + "." + base64(claims().subject("x").build().toString()) + "." + parts[2]);
    forged.put(
        "a critical header",
        base64("{\"alg\":\"RS256\",\"kid\":\"key-1\",\"crit\":[\"x\"],\"x\":1}")
            + "."
            + parts[1]
            + "."
            + parts[2]);

    forged.forEach(
        (how, token) -> assertThat(tokens.authenticate(token)).as(how).isInstanceOf(Unknown.class));
    assertThat(tokens.authenticate(good)).isInstanceOf(Authenticated.class);
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "not.a.real.jwt",
        "eyJ.eyJ.x",
        "e30.e30.e30",
        "\0.\0.\0"
      })
  void garbageIsUnknown(String garbage) {
    assertThat(tokens.authenticate(garbage)).isInstanceOf(Unknown.class);
    assertThat(tokens.authenticate(garbage.repeat(2000))).isInstanceOf(Unknown.class);
    assertThat(server.asked()).isZero();
  }

  @Test
  void deepJsonInATokenIsUnknown() {
    String deep = base64("[".repeat(3000));
    String nested = base64("{\"iss\":" + "{\"a\":".repeat(800) + "1" + "}".repeat(801));

    assertThat(tokens.authenticate(deep + "." + deep + ".x")).isInstanceOf(Unknown.class);
    assertThat(tokens.authenticate(base64("{\"alg\":\"RS256\"}") + "." + nested + ".x"))
        .isInstanceOf(Unknown.class);
  }

  @Test
  void otherKindsOfKeysServe() {
    server.replaceKey(TokenIssuer.ec("key-e"));

    assertThat(tokens.authenticate(server.sign(claims().build())))
        .isInstanceOf(Authenticated.class);
  }

  @Test
  void aShortKeyIsNoKey() {
    server.replaceKey(TokenIssuer.rsa("short", 1024));

    assertThat(tokens.authenticate(server.sign(claims().build()))).isInstanceOf(Unknown.class);
  }

  @Test
  void keysAreFetchedWithTheFirstTokenAndThenKept() {
    assertThat(server.asked()).isZero();
    for (int i = 0; i < 5; i++) {
      assertThat(tokens.authenticate(server.sign(claims().build())))
          .isInstanceOf(Authenticated.class);
    }
    assertThat(server.asked()).isEqualTo(1);

    pass(Duration.ofMinutes(5));
    tokens.authenticate(server.sign(claims().build()));
    assertThat(server.asked()).isEqualTo(2);
  }

  @Test
  void aKeyReplacedUnderItsNameIsNoticed() {
    JWTClaimsSet claims = claims().build();
    String old = server.sign(claims);
    assertThat(tokens.authenticate(old)).isInstanceOf(Authenticated.class);
    pass(Duration.ofSeconds(10));
    server.replaceKey(TokenIssuer.rsa("key-1", 2048));

    assertThat(tokens.authenticate(server.sign(claims))).isInstanceOf(Authenticated.class);
    assertThat(tokens.authenticate(old)).isInstanceOf(Unknown.class);
    assertThat(server.asked()).isEqualTo(2);
  }

  @Test
  void aKeyWithANewNameIsNoticed() {
    JWTClaimsSet claims = claims().build();
    tokens.authenticate(server.sign(claims));
    pass(Duration.ofSeconds(10));
    server.replaceKey(TokenIssuer.rsa("key-2", 2048));

    assertThat(tokens.authenticate(server.sign(claims))).isInstanceOf(Authenticated.class);
  }

  @Test
  void tokensThatDoNotFitDoNotMakeTheHostAskAgainAndAgain() {
    JWK foreign = TokenIssuer.rsa("key-1", 2048);
    String bad = TokenIssuer.sign(claims().build(), foreign, "key-1");
    tokens.authenticate(bad);
    int asked = server.asked();

    for (int i = 0; i < 20; i++) {
      tokens.authenticate(bad);
    }
    assertThat(server.asked()).isEqualTo(asked);

    pass(Duration.ofSeconds(10));
    for (int i = 0; i < 20; i++) {
      tokens.authenticate(bad);
    }
    assertThat(server.asked()).isEqualTo(asked + 1);
  }

  @Test
  void anIssuerThatIsDownIsLeftAloneForAWhileAndKnownKeysServeOn() {
    server.goDown();
    for (int i = 0; i < 5; i++) {
      assertThat(tokens.authenticate(server.sign(claims().build()))).isInstanceOf(Unknown.class);
    }
    server.comeBack();
    assertThat(tokens.authenticate(server.sign(claims().build()))).isInstanceOf(Unknown.class);
    assertThat(server.asked()).isZero();
    pass(Duration.ofSeconds(5));
    assertThat(tokens.authenticate(server.sign(claims().build())))
        .isInstanceOf(Authenticated.class);

    server.goDown();
    pass(Duration.ofMinutes(30));
    assertThat(tokens.authenticate(server.sign(claims().build())))
        .isInstanceOf(Authenticated.class);
    pass(Duration.ofMinutes(31));
    assertThat(tokens.authenticate(server.sign(claims().build()))).isInstanceOf(Unknown.class);
  }

  @Test
  void anIssuerThatIsNotThereIsARefusalLikeAnyOther() {
    Tokens nobody =
        new Tokens(
            List.of(
                issuer(
                    server.name(),
                    URI.create("http://localhost:1/keys"),
                    new Issuer.Tenants.Fixed("acme"),
                    BY_CLAIM)),
            EGRESS,
            () -> NOW,
            nanos::get);

    assertThat(nobody.authenticate(server.sign(claims().build()))).isInstanceOf(Unknown.class);
  }

  @Test
  void aClaimNamesATenantOnlyWithinWhatTheOperatorLeftOpen() {
    Tokens prefixed = tokens(new Issuer.Tenants.Claimed("org", "idp-", Set.of()), BY_CLAIM);
    Tokens listed = tokens(new Issuer.Tenants.Claimed("org", "", Set.of("acme")), BY_CLAIM);

    String acme = server.sign(claims().claim("org", "acme").claim("tenant", "globex").build());
    String globex = server.sign(claims().claim("org", "globex").build());
    assertThat(holder(prefixed.authenticate(acme)).tenant()).isEqualTo("idp-acme");
    assertThat(holder(prefixed.authenticate(globex)).tenant()).isEqualTo("idp-globex");
    assertThat(holder(listed.authenticate(acme)).tenant()).isEqualTo("acme");
    assertThat(listed.authenticate(globex)).isInstanceOf(Unknown.class);
    for (Object odd : new Object[] {"", "a b", "a/b", "a".repeat(128), List.of("acme"), 5}) {
      String token = server.sign(claims().claim("org", odd).build());
      assertThat(prefixed.authenticate(token)).as("%s", odd).isInstanceOf(Unknown.class);
      assertThat(listed.authenticate(token)).as("%s", odd).isInstanceOf(Unknown.class);
    }
    assertThat(prefixed.authenticate(server.sign(claims().build()))).isInstanceOf(Unknown.class);
    assertThatThrownBy(() -> new Issuer.Tenants.Claimed("org", "", Set.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aClaimGrantsNoMoreThanTheOperatorPermitsAndNoWildcard() {
    Tokens capped =
        tokens(
            new Issuer.Tenants.Fixed("acme"),
            new Issuer.Scopes.Claimed("scope", Set.of("runs:read")));

    for (Object scope : List.of("runs:read keys:manage *", List.of("runs:read", "keys:manage"))) {
      String token = server.sign(claims().claim("scope", scope).build());
      assertThat(holder(capped.authenticate(token)).scopes()).containsExactly("runs:read");
    }
    String wild = server.sign(claims().claim("scope", "*").build());
    assertThat(holder(tokens.authenticate(wild)).scopes()).isEmpty();
  }

  @Test
  void groupsStandForScopes() {
    Tokens grouped =
        tokens(
            new Issuer.Tenants.Fixed("acme"),
            new Issuer.Scopes.OfGroups(
                Map.of("openwop:operators", Set.of("*"), "readers", Set.of("runs:read"))));

    assertThat(scopes(grouped, List.of("readers", "others"))).containsExactly("runs:read");
    assertThat(scopes(grouped, List.of("openwop:operators"))).isEqualTo(ApiKey.ALL_SCOPES);
    assertThat(scopes(grouped, List.of())).isEmpty();
    // One group with a blank in its name, and not two.
    assertThat(scopes(grouped, "others openwop:operators")).isEmpty();
    assertThat(holder(grouped.authenticate(server.sign(claims().build()))).scopes()).isEmpty();
  }

  private Set<String> scopes(Tokens tokens, Object groups) {
    return holder(tokens.authenticate(server.sign(claims().claim("groups", groups).build())))
        .scopes();
  }

  @Test
  void aSubjectThatWasDisabledIsToldSo() {
    assertThat(tokens.authenticate(server.sign(claims().subject("disabled").build())))
        .isInstanceOf(Revoked.class);
    assertThat(
            tokens.authenticate(
                TokenIssuer.sign(
                    claims().subject("disabled").build(), TokenIssuer.rsa("key-1", 2048), "key-1")))
        .isInstanceOf(Unknown.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "HS256", "HS512", "RS1", ""})
  void onlyAsymmetricAlgorithmsCanBeConfigured(String algorithm) {
    assertThatThrownBy(
            () ->
                new Issuer(
                    "https://a.example",
                    null,
                    AUDIENCE,
                    List.of(algorithm),
                    true,
                    new Issuer.Tenants.Fixed("acme"),
                    BY_CLAIM,
                    "groups",
                    null,
                    Set.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
