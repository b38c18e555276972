package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.JWTClaimsSet;
import io.heddle.testkit.TokenIssuer;
import io.heddle.web.TestHost.Key;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** People and machines with tokens of their issuers, at a host that was started before them. */
@Timeout(180)
@ExtendWith(TestHost.Shared.class)
class TokensOverHttpTest {

  private static final String AUDIENCE = "heddle";

  private static final String NOOP = "{\"workflowId\": \"conformance-noop\"}";

  private static final String UNKNOWN_RUN = "/v1/runs/run-00000000000000000000000000";

  private static TokenIssuer people;

  private static TokenIssuer machines;

  private static TestHost host;

  @BeforeAll
  static void start(TestHost shared) {
    people = new TokenIssuer();
    machines = new TokenIssuer();
    people.goDown();
    String first = "--openwop.auth.issuers[0].";
    String second = "--openwop.auth.issuers[1].";
    host =
        TestHost.start(
            "--spring.datasource.url=" + shared.createDatabase("of_a_host_with_issuers"),
            first + "issuer=" + people.name(),
            first + "audience=" + AUDIENCE,
            first + "tenant=acme",
            first + "group-scopes[openwop:operators]=runs:create,runs:read",
            first + "roles-claim=roles",
            "--openwop.auth.roles.auditor=runs:read",
            second + "issuer=" + machines.name(),
            second + "jwks-uri=" + machines.jwksUri(),
            second + "audience=" + AUDIENCE,
            second + "profile=oauth2",
            second + "tenant-claim=org",
            second + "tenant-prefix=m2m-",
            second + "scopes=runs:create,runs:read");
    people.comeBack();
  }

  @AfterAll
  static void stop() {
    host.close();
    people.close();
    machines.close();
  }

  private static JWTClaimsSet.Builder person(String... groups) {
    return people.claims(AUDIENCE, Instant.now()).claim("groups", List.of(groups));
  }

  private static JWTClaimsSet.Builder machine(String org, String scope) {
    return machines
        .claims(AUDIENCE, Instant.now())
        .subject("client-1")
        .claim("org", org)
        .claim("scope", scope);
  }

  private static Caller with(String token) {
    return new Caller(host.port(), token);
  }

  @Test
  void aPersonDoesWhatTheirGroupsMayInTheirTenant() {
    Caller operator = with(people.sign(person("openwop:operators").build()));
    Caller nobody = with(people.sign(person().build()));

    String run = operator.startRun("conformance-noop");

    JsonNode owner = host.as(Key.ACME).get("/v1/runs/" + run).json().get("owner");
    assertThat(owner.get("tenant").asString()).isEqualTo("acme");
    assertThat(owner.toString()).doesNotContain("somebody").doesNotContain("@");
    Envelope.assertRefused(host.as(Key.GLOBEX).get("/v1/runs/" + run), 404, "not_found");
    Envelope.assertRefused(nobody.post("/v1/runs", NOOP), 403, "forbidden");
    Envelope.assertRefused(nobody.get("/v1/runs/" + run), 403, "forbidden");
  }

  @Test
  void aRolePermitsWhatTheHostSaysOfItAndAnUnknownOneNothing() {
    String run = host.as(Key.ACME).startRun("conformance-noop");
    Caller auditor = with(people.sign(person().claim("roles", List.of("auditor")).build()));
    Caller admin =
        with(people.sign(person().claim("roles", List.of("admin", "*", "runs:read")).build()));

    assertThat(auditor.get("/v1/runs/" + run).status()).isEqualTo(200);
    Envelope.assertRefused(auditor.post("/v1/runs", NOOP), 403, "forbidden");
    Envelope.assertRefused(admin.get("/v1/runs/" + run), 403, "forbidden");
    JsonNode claimed = host.anonymous().get("/.well-known/openwop").json().get("authorization");
    assertThat(claimed.get("failClosed").asBoolean()).isTrue();
    assertThat(claimed.get("roles").toString())
        .contains("\"auditor\"")
        .contains("[\"runs:read\"]")
        .doesNotContain("admin");
  }

  @Test
  void aMachineIsKeptToTheTenantThatItsTokenNames() {
    Caller initech = with(machines.sign(machine("initech", "runs:create runs:read").build()));
    Caller hooli = with(machines.sign(machine("hooli", "runs:create runs:read").build()));
    Caller acme = with(machines.sign(machine("acme", "runs:read keys:manage").build()));

    String run = initech.startRun("conformance-noop");

    assertThat(initech.get("/v1/runs/" + run).status()).isEqualTo(200);
    Envelope.assertRefused(hooli.get("/v1/runs/" + run), 404, "not_found");
    String acmes = host.as(Key.ACME).startRun("conformance-noop");
    Envelope.assertRefused(acme.get("/v1/runs/" + acmes), 404, "not_found");
    Envelope.assertRefused(acme.get("/v1/host/heddle/keys"), 403, "forbidden");
  }

  @Test
  void whateverIsWrongWithATokenItsRefusalIsTheSame() {
    Instant now = Instant.now();
    Map<String, String> bad =
        Map.of(
            "garbage", "not.a.real.jwt",
            "audience", people.sign(person("openwop:operators").audience("other").build()),
            "issuer", people.sign(person("openwop:operators").issuer("https://x.example").build()),
            "expired",
                people.sign(
                    person("openwop:operators")
                        .expirationTime(Date.from(now.minusSeconds(3600)))
                        .build()),
            "kid", TokenIssuer.sign(person("openwop:operators").build(), people.key(), "never"),
            "tenant", machines.sign(machine("a/b", "runs:read").build()),
            "key", "hk_definitely_not_a_real_key_12345",
            "long", "a.b." + "c".repeat(10_000));
    Answer expected = with("x").get(UNKNOWN_RUN);
    Envelope.assertRefused(expected, 401, "unauthenticated");
    assertThat(expected.header("www-authenticate")).isEqualTo("Bearer error=\"invalid_token\"");

    bad.forEach(
        (how, token) -> {
          Answer answer = with(token).get(UNKNOWN_RUN);
          assertThat(answer.comparable()).as(how).isEqualTo(expected.comparable());
          assertThat(with(token).post("/v1/runs", NOOP).comparable())
              .as(how)
              .isEqualTo(expected.comparable());
        });
    assertThat(host.anonymous().get(UNKNOWN_RUN).header("www-authenticate")).isEqualTo("Bearer");
  }

  @Test
  void aTokenOfAHundredKilobytesIsRefusedBeforeItIsRead() {
    Envelope.assertRefused(
        with("a.b." + "c".repeat(100_000)).get(UNKNOWN_RUN), 401, "unauthenticated");
  }

  @Test
  void theProfilesAreClaimedAsTheyAreConfigured() {
    JsonNode auth = host.anonymous().get("/.well-known/openwop").json().get("auth");

    assertThat(auth.get("profiles").toString())
        .contains(
            "\"openwop-auth-api-key-rotation\",\"openwop-auth-oauth2-client-credentials\","
                + "\"openwop-auth-oidc-user-bearer\"");
    assertThat(auth.at("/oidc/issuers/0").asString()).isEqualTo(people.name());
    assertThat(auth.at("/oidc/audience").asString()).isEqualTo(AUDIENCE);
    assertThat(auth.at("/oidc/supportedScopeMapping").asString()).isEqualTo("group-claim");
    assertThat(auth.at("/oauth2/issuer").asString()).isEqualTo(machines.name());
    assertThat(auth.at("/oauth2/supportedAlgorithms").toString())
        .isEqualTo("[\"RS256\",\"ES256\"]");
  }

  @Test
  void nothingIsClaimedThatIsNotConfigured(TestHost shared) {
    JsonNode auth = shared.anonymous().get("/.well-known/openwop").json().get("auth");

    assertThat(auth.get("profiles").toString())
        .contains("\"openwop-auth-api-key-rotation\"")
        .doesNotContain("oauth2")
        .doesNotContain("oidc")
        .doesNotContain("mtls");
    assertThat(auth.has("oidc")).isFalse();
    assertThat(auth.has("oauth2")).isFalse();
  }
}
