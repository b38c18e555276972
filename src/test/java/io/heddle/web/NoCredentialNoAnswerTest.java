package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.auth.ApiKey;
import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@ExtendWith(TestHost.Shared.class)
class NoCredentialNoAnswerTest {

  private static final String UNKNOWN_RUN = "run-00000000000000000000000000";

  private static final String UNKNOWN_WORKFLOW = "nobodys-workflow";

  private static final String WORKFLOW = "acmes-workflow";

  private static final String GOOD = "Bearer " + Key.ACME.secret();

  private final TestHost host;

  private final List<Route> routes;

  private String run = "";

  private String key = "";

  NoCredentialNoAnswerTest(TestHost host) {
    this.host = host;
    this.routes = Route.of(host);
  }

  @BeforeEach
  void acmeHasARunAndAWorkflow() throws InterruptedException {
    host.as(Key.ACME)
        .register(
            WORKFLOW, Definitions.chain(WORKFLOW, Definitions.gate("g"), Definitions.noop("n")));
    run = host.as(Key.ACME).startRun(WORKFLOW);
    host.gate().awaitReached(run, Route.NODE);
    key =
        host.as(Key.ACME)
            .post("/v1/host/heddle/keys", "{\"scopes\": [\"runs:read\"]}")
            .json()
            .get("keyId")
            .asString();
  }

  @AfterEach
  void theRunMayEnd() {
    host.gate().openAll();
  }

  private String existing(Route route) {
    return route.isAboutAWorkflow() ? WORKFLOW : route.isAboutAKey() ? key : run;
  }

  private String unknown(Route route) {
    return route.isAboutAWorkflow()
        ? UNKNOWN_WORKFLOW
        : route.isAboutAKey() ? "0".repeat(32) : UNKNOWN_RUN;
  }

  @Test
  void everyRouteIsAskedForWhatExists() {
    assertThat(routes).allSatisfy(route -> assertThat(route.strangers()).isEmpty());
  }

  @Test
  void theRoutesAreThoseOfTheProtocol() {
    assertThat(routes)
        .extracting(Route::toString)
        .contains(
            "POST /v1/runs",
            "POST /v1/runs:bulk-cancel",
            "GET /v1/runs/{runId}",
            "POST /v1/runs/{runId}/cancel",
            "GET /v1/runs/{runId}/events",
            "GET /v1/runs/{runId}/events/poll",
            "GET /v1/workflows/{workflowId}",
            "GET /v1/host/heddle/workflows/{workflowId}",
            "PUT /v1/host/heddle/workflows/{workflowId}",
            "DELETE /v1/host/heddle/workflows/{workflowId}");
  }

  @Test
  void withoutACredentialEveryRouteGivesTheSameAnswer() throws IOException {
    assertAlwaysRefused("", "unauthenticated", "Bearer");
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "Authorization:\r\n",
        "Authorization:  \r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer  \r\n"
      })
  void anEmptyCredentialIsNone(String header) throws IOException {
    assertAlwaysRefused(header, "unauthenticated", "Bearer");
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "Bearer hk_definitely_not_a_real_key_12345",
        "Bearer hk_secret_of_acm",
        "Bearer hk_secret_of_acme_",
        "Bearer HK_SECRET_OF_ACME",
        "Bearer \"hk_secret_of_acme\"",
        "Bearer hk_secret_of_acme,",
        "Bearer hk_secret_of_acme hk_secret_of_globex",
        "Bearer hk_secret_of_acme, Bearer hk_secret_of_globex",
        "Bearer hk_secret_of_acme\u0000",
        "Bearer: hk_secret_of_acme",
        "Bearer=hk_secret_of_acme",
        "Bearer\thk_secret_of_acme",
        "BearerX hk_secret_of_acme",
        "Bearer Bearer hk_secret_of_acme",
        "Bearer \u00ff\u00fe",
        "hk_secret_of_acme",
        "Token hk_secret_of_acme",
        "ApiKey hk_secret_of_acme",
        "Digest username=\"hk_secret_of_acme\"",
        "Negotiate hk_secret_of_acme"
      })
  void aWrongCredentialIsRefusedEverywhereAlike(String credential) throws IOException {
    if (credential.indexOf('\0') >= 0) {
      // No header may hold it, so the request is refused before it has a sender.
      for (Route route : routes) {
        Envelope.assertRefused(
            Wire.exchange(host.port(), route.request(run, "Authorization: " + credential + "\r\n")),
            400,
            "validation_error");
      }
      return;
    }
    assertAlwaysRefused("Authorization: " + credential + "\r\n", "unauthenticated", null);
  }

  @Test
  void aRefusedBearerIsToldSo() throws IOException {
    assertAlwaysRefused(
        "Authorization: Bearer wrong\r\n", "unauthenticated", "Bearer error=\"invalid_token\"");
  }

  @Test
  void aCredentialOfTheGreatestLengthAndBeyondIsRefused() throws IOException {
    for (int length : List.of(8192, 8193, 12_000)) {
      assertAlwaysRefused(
          "Authorization: Bearer " + "x".repeat(length) + "\r\n", "unauthenticated", null);
    }
  }

  @Test
  void aCredentialThatIsMoreThanTheHostReadsIsRefusedLikeAnyOther() throws IOException {
    String refused = "Bearer error=\"invalid_token\"";
    String flood = "x".repeat(100_000);
    assertAlwaysRefused("Authorization: Bearer " + flood + "\r\n", "unauthenticated", refused);
    assertAlwaysRefused(
        "Authorization: " + GOOD + "\r\nX: " + flood + "\r\n", "unauthenticated", refused);
    assertAlwaysRefused("X: " + flood + "\r\n", "unauthenticated", "Bearer");
    assertAlwaysRefused("X: y\r\n".repeat(2000), "unauthenticated", "Bearer");
  }

  @Test
  void basicAuthenticationIsNotServed() throws IOException {
    for (String pair : List.of(":" + Key.ACME.secret(), Key.ACME.secret() + ":")) {
      String basic = Base64.getEncoder().encodeToString(pair.getBytes());
      assertAlwaysRefused("Authorization: Basic " + basic + "\r\n", "unauthenticated", null);
    }
  }

  @Test
  void twoCredentialsAreOneTooMany() throws IOException {
    String good = "Authorization: " + GOOD + "\r\n";
    String wrong = "Authorization: Bearer wrong\r\n";
    assertAlwaysRefused(good + wrong, "unauthenticated", "Bearer error=\"invalid_token\"");
    assertAlwaysRefused(wrong + good, "unauthenticated", "Bearer error=\"invalid_token\"");
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "Cookie: Authorization=hk_secret_of_acme; token=hk_secret_of_acme",
        "X-Api-Key: hk_secret_of_acme",
        "X-Authorization: Bearer hk_secret_of_acme",
        "Proxy-Authorization: Bearer hk_secret_of_acme",
        "X-Forwarded-User: acme-operator",
        "X-Original-URL: /.well-known/openwop",
        "X-Rewrite-URL: /.well-known/openwop"
      })
  void aCredentialElsewhereIsNone(String header) throws IOException {
    assertAlwaysRefused(header + "\r\n", "unauthenticated", "Bearer");
  }

  @Test
  void aCredentialInTheQueryIsNone() throws IOException {
    for (Route route : routes) {
      String path = route.path(existing(route));
      String query =
          (path.contains("?") ? "&" : "?")
              + "access_token=%1$s&token=%1$s&api_key=%1$s&key=%1$s".formatted(Key.ACME.secret());

      Answer answer =
          Wire.exchange(
              host.port(),
              "%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(route.method(), path + query));

      Envelope.assertRefused(answer, 401, "unauthenticated");
      assertThat(answer.header("www-authenticate")).isEqualTo("Bearer");
    }
  }

  @Test
  void anExpiredCredentialIsToldSo() throws IOException {
    assertAlwaysRefused(
        "Authorization: Bearer " + Key.EXPIRED.secret() + "\r\n",
        "key_expired",
        "Bearer error=\"invalid_token\"");
  }

  @Test
  void aCredentialIsAskedForBeforeAnythingElseIsLookedAt() throws IOException {
    for (String request :
        List.of(
            "GET /v1/nope HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\n",
            "GET /runs HTTP/1.1\r\n",
            "GET /error HTTP/1.1\r\n",
            "PATCH /v1/runs HTTP/1.1\r\n",
            "OPTIONS /v1/runs HTTP/1.1\r\n",
            "GET /v1/runs/a;b HTTP/1.1\r\n",
            "GET /%76%31/runs/" + run + " HTTP/1.1\r\n",
            "GET /actuator HTTP/1.1\r\n",
            "GET /actuator/prometheus HTTP/1.1\r\n",
            "GET /%61ctuator/prometheus HTTP/1.1\r\n",
            "GET /actuator/env HTTP/1.1\r\n",
            "GET /actuator/health/../prometheus HTTP/1.1\r\n",
            "GET /actuator/healthy HTTP/1.1\r\n",
            "GET /v1/runs/a/events/poll?timeout=%zz HTTP/1.1\r\n",
            "POST /v1/runs HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n",
            "PUT /v1/host/heddle/workflows/a HTTP/1.1\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n",
            "POST /v1/runs HTTP/1.1\r\nIdempotency-Key: x\r\nContent-Length: 0\r\n")) {
      Answer answer = Wire.exchange(host.port(), request + "Host: localhost\r\n\r\n");

      Envelope.assertRefused(answer, 401, "unauthenticated");
      assertThat(answer.header("www-authenticate")).isEqualTo("Bearer");
    }
  }

  @Test
  void nobodysFormIsReadBeforeItsSenderIsKnown() throws IOException {
    // Endless, so the answer proves that the host did not wait for the end.
    for (String type :
        List.of("application/x-www-form-urlencoded", "multipart/form-data; boundary=x")) {
      for (String method : List.of("PUT", "POST", "DELETE")) {
        try (Wire wire = new Wire(host.port())) {
          wire.send(
              method
                  + " /v1/host/heddle/workflows/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                  + type
                  + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na=%zz\r\n");

          Envelope.assertRefused(wire.receive(), 401, "unauthenticated");
        }
      }
    }
  }

  @Test
  void aCredentialWithoutTheScopeIsForbiddenOnEveryRoute() throws IOException {
    Set<String> asked = new TreeSet<>();
    for (Route route : routes.stream().filter(route -> !route.isForAnyCaller()).toList()) {
      String header = "Authorization: Bearer " + Key.POWERLESS.secret() + "\r\n";
      Answer answer = Wire.exchange(host.port(), route.request(existing(route), header));

      Envelope.assertRefused(answer, 403, "forbidden");
      assertThat(answer.json().get("details").propertyNames()).containsExactly("scopeRequired");
      String scope = answer.json().get("details").get("scopeRequired").asString();
      assertThat(answer.header("www-authenticate"))
          .isEqualTo("Bearer error=\"insufficient_scope\", scope=\"%s\"".formatted(scope));
      asked.add(scope);
      assertThat(answer.comparable())
          .isEqualTo(
              Wire.exchange(host.port(), route.request(unknown(route), header)).comparable());
    }
    assertThat(ApiKey.ALL_SCOPES).containsAll(asked);
    assertThat(asked)
        .contains("manifest:read", "runs:create", "runs:read", "runs:cancel", "workflows:write");
    assertNothingHappened();
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "/actuator",
        "/actuator/prometheus",
        "/%61ctuator/prometheus",
        "/actuator/%70rometheus"
      })
  void metricsNeedTheirScopeHoweverTheirPathIsSpelled(String path) throws IOException {
    Answer answer =
        Wire.exchange(
            host.port(),
            "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
                .formatted(path, Key.POWERLESS.secret()));

    Envelope.assertRefused(answer, 403, "forbidden");
    assertThat(answer.json().at("/details/scopeRequired").asString()).isEqualTo("metrics:read");
  }

  @Test
  void aRefusalThatNoScopeWouldCureNamesNone() {
    Caller acme = host.as(Key.ACME);
    for (Answer refused :
        List.of(
            acme.post("/v1/host/heddle/keys", "{\"scopes\": [\"made:up\"]}"),
            acme.post(
                "/v1/webhooks",
                "{\"url\": \"https://93.184.216.34/a\", \"events\": [\"run.completed\"],"
                    + " \"tenantId\": \"globex\"}"),
            acme.post(
                "/v1/runs",
                "{\"workflowId\": \"conformance-noop\"}",
                "X-Force-Engine-Version",
                "1"))) {
      Envelope.assertRefused(refused, 403, null);
      assertThat(refused.headers()).doesNotContainKey("www-authenticate");
    }
  }

  @Test
  void whatIsNotThereIsNeverAskedForAScope() {
    for (Key key : List.of(Key.ACME, Key.GLOBEX, Key.READER)) {
      for (String path :
          List.of("/v1/runs/" + (key == Key.GLOBEX ? run : UNKNOWN_RUN), "/v1/tools/a", "/v1/a")) {
        Answer answer = host.as(key).get(path);
        Envelope.assertRefused(answer, 404, "not_found");
        assertThat(answer.headers()).doesNotContainKey("www-authenticate");
      }
    }
  }

  @Test
  void whatIsAnothersLooksLikeNothing() throws IOException {
    String header = "Authorization: Bearer " + Key.GLOBEX.secret() + "\r\n";
    for (Route route :
        routes.stream()
            .filter(route -> !route.isAboutNothing() && !route.isAboutTheAuditLog())
            .toList()) {
      Answer anothers = Wire.exchange(host.port(), route.request(existing(route), header));
      Answer nobodys = Wire.exchange(host.port(), route.request(unknown(route), header));

      assertThat(
              anothers
                  .comparable()
                  .replace(existing(route), "ID")
                  .replaceAll("content-length=\\[\\d+]", ""))
          .as("%s", route)
          .isEqualTo(
              nobodys
                  .comparable()
                  .replace(unknown(route), "ID")
                  .replaceAll("content-length=\\[\\d+]", ""));
      // What this tenant wrote under the unknown id must not make it known to the next route.
      host.as(Key.GLOBEX).delete("/v1/host/heddle/workflows/" + UNKNOWN_WORKFLOW);
      host.as(Key.GLOBEX).delete("/v1/host/heddle/workflows/" + WORKFLOW);
    }
    assertNothingHappened();
  }

  @Test
  void discoveryAndHealthNeedNoCredentialAndMindNone() throws IOException {
    for (String path :
        List.of(
            "/.well-known/openwop",
            "/v1/openapi.json",
            "/v1/host/heddle/webhook-keys",
            "/actuator/health",
            "/actuator/health/liveness",
            "/actuator/health/readiness")) {
      Answer plain = Wire.exchange(host.port(), "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(plain.status()).as(path).isEqualTo(200);
      for (String credential :
          List.of("Bearer wrong", GOOD, "Bearer " + Key.EXPIRED.secret(), "Basic eA==")) {
        Answer answer =
            Wire.exchange(
                host.port(),
                "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\n\r\n"
                    .formatted(path, credential));
        assertThat(answer.comparable()).isEqualTo(plain.comparable());
      }
    }
  }

  private void assertAlwaysRefused(String headers, String code, String challenge)
      throws IOException {
    Set<String> bodies = new TreeSet<>();
    for (Route route : routes) {
      for (String id : List.of(existing(route), unknown(route))) {
        Answer answer = Wire.exchange(host.port(), route.request(id, headers));

        Envelope.assertRefused(answer, 401, code);
        if (challenge == null) {
          assertThat(answer.header("www-authenticate")).startsWith("Bearer");
        } else {
          assertThat(answer.header("www-authenticate")).isEqualTo(challenge);
        }
        bodies.add(answer.text());
      }
    }
    assertThat(bodies).hasSize(1);
    assertNothingHappened();
  }

  private void assertNothingHappened() {
    assertThat(host.as(Key.ACME).status(run)).isEqualTo("running");
    assertThat(host.as(Key.ACME).get("/v1/workflows/" + WORKFLOW).text()).contains("test.gate");
    JsonNode unchanged = host.as(Key.ACME).get("/v1/host/heddle/keys/" + key).json();
    assertThat(unchanged.get("state").asString()).isEqualTo("active");
    assertThat(unchanged.has("expiresAt") || unchanged.has("replacedBy")).isFalse();
  }
}
