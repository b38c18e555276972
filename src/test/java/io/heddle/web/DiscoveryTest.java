package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.effect.EffectStore;
import io.heddle.web.TestHost.Key;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a host says of itself; that it also does so without its database is told elsewhere. */
@ExtendWith(TestHost.Shared.class)
class DiscoveryTest {

  private static final String DISCOVERY = "/.well-known/openwop";

  private static final String OPEN_API = "/v1/openapi.json";

  private static final String WEBHOOK_KEYS = "/v1/host/heddle/webhook-keys";

  private final TestHost host;

  private final Caller anybody;

  DiscoveryTest(TestHost host) {
    this.host = host;
    this.anybody = host.anonymous();
  }

  @Test
  void theRequiredFieldsAreThere() {
    JsonNode document = anybody.get(DISCOVERY).json();

    assertThat(document.get("protocolVersion").asString()).isEqualTo("1.0");
    assertThat(document.get("protocolVersions").toString()).isEqualTo("[\"1.0\"]");
    assertThat(document.get("supportedEnvelopes").isArray()).isTrue();
    assertThat(document.get("schemaVersions").isObject()).isTrue();
    assertThat(document.get("implementation").propertyNames())
        .containsExactlyInAnyOrder("name", "version", "vendor");
    assertThat(document.at("/implementation/version").asString()).matches("\\d+\\.\\d+\\.\\d+.*");
    assertThat(document.get("supportedTransports").toString()).contains("\"rest\"");
    assertThat(document.get("eventLogSchemaVersion").asInt()).isEqualTo(2);
    for (String limit : new String[] {"clarificationRounds", "schemaRounds", "envelopesPerTurn"}) {
      assertThat(document.get("limits").get(limit).isIntegralNumber()).as(limit).isTrue();
    }
  }

  @Test
  void theMirrorIsTheRootWord() {
    ObjectNode root = (ObjectNode) anybody.get(DISCOVERY).json();
    JsonNode mirror = root.remove("capabilities");

    assertThat(mirror.toString()).isEqualTo(root.toString());
  }

  @Test
  void whatIsSaidOfIdempotencyIsSaidOnce() {
    JsonNode idempotency = anybody.get(DISCOVERY).json().get("idempotency");

    assertThat(idempotency.toString())
        .isEqualTo(
            "{\"supported\":true,\"layer1RetentionSeconds\":86400,"
                + "\"crossRegion\":\"single-region\",\"layer2RetentionSeconds\":1209600}");
    assertThat(host.bean(EffectStore.class).retention()).hasSeconds(1_209_600);
  }

  @Test
  void everyFixtureCanBeReadAndStarted() {
    JsonNode fixtures = anybody.get(DISCOVERY).json().get("fixtures");

    assertThat(fixtures).hasSizeGreaterThan(3);
    for (JsonNode fixture : fixtures) {
      JsonNode workflow = host.as(Key.ACME).get("/v1/workflows/" + fixture.asString()).json();
      assertThat(workflow.get("id")).isEqualTo(fixture);
      assertThat(workflow.get("nodes").isArray()).isTrue();
    }
  }

  @Test
  void theAdvertisedSizeOfABodyIsTheOneThatIsEnforced() {
    int most = anybody.get(DISCOVERY).json().at("/limits/maxRequestBodyBytes").asInt();
    String body = "{\"workflowId\": \"conformance-noop\", \"unknown\": \"%s\"}";
    String filler = "x".repeat(most - body.length() + 2);

    assertThat(host.as(Key.ACME).post("/v1/runs", body.formatted(filler)).status()).isEqualTo(201);
    Answer refused = host.as(Key.ACME).post("/v1/runs", body.formatted(filler + "x"));

    Envelope.assertRefused(refused, 413, "payload_too_large");
    assertThat(refused.json().at("/details/maxRequestBodyBytes").asInt()).isEqualTo(most);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {DISCOVERY, OPEN_API, WEBHOOK_KEYS})
  void anUnchangedDocumentIsNotSentAgain(String path) {
    Answer full = anybody.get(path);
    String etag = full.header("etag");

    assertThat(etag).matches("\"[!-~]+\"");
    assertThat(anybody.get(path).header("etag")).isEqualTo(etag);
    for (String known :
        new String[] {
          etag, "*", "W/" + etag, "\"other\", " + etag, "\"a\",W/\"b\"," + etag + ",\"c\""
        }) {
      Answer answer = anybody.get(path, "If-None-Match", known);
      assertThat(answer.status()).as(known).isEqualTo(304);
      assertThat(answer.body()).isEmpty();
      assertThat(answer.header("etag")).isEqualTo(etag);
      assertThat(answer.header("cache-control")).isEqualTo(full.header("cache-control"));
    }
    String bare = etag.substring(1, etag.length() - 1);
    for (String unknown : new String[] {"\"other\"", bare, "\"" + bare + "x\"", "", "\"*\""}) {
      Answer answer = anybody.get(path, "If-None-Match", unknown);
      assertThat(answer.status()).as(unknown).isEqualTo(200);
      assertThat(answer.text()).isEqualTo(full.text());
    }
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {DISCOVERY, OPEN_API, WEBHOOK_KEYS})
  void anybodyMayKeepItForAWhile(String path) {
    Answer answer = anybody.get(path);

    assertThat(answer.header("content-type")).isEqualTo("application/json");
    assertThat(answer.header("cache-control")).isEqualTo("public, max-age=300");
    // Neither may take back what the other allows.
    assertThat(answer.headers()).doesNotContainKeys("pragma", "expires", "set-cookie");
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {DISCOVERY, OPEN_API, WEBHOOK_KEYS})
  void headIsTheSameWithoutTheBody(String path) {
    Answer full = anybody.get(path);
    Answer head = anybody.send("HEAD", path, null);

    assertThat(head.status()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.header("content-length")).isEqualTo(String.valueOf(full.body().length));
    assertThat(head.header("etag")).isEqualTo(full.header("etag"));
    assertThat(anybody.send("HEAD", path, null, "If-None-Match", "*").status()).isEqualTo(304);
  }

  @Test
  void theInterfaceIsDescribedInAnOpenApiDocument() {
    JsonNode document = anybody.get(OPEN_API).json();

    assertThat(document.get("openapi").asString()).matches("3\\.[1-9].*");
  }

  @Test
  void everyCallerSeesTheSame() {
    String anonymous = anybody.get(DISCOVERY).comparable();
    for (Key key : Key.values()) {
      assertThat(host.as(key).get(DISCOVERY).comparable()).isEqualTo(anonymous);
    }
    assertThat(anybody.get(DISCOVERY, "Accept", "application/xml").comparable())
        .isEqualTo(anonymous);
    assertThat(anonymous).doesNotContain("acme", "globex", "hk_");
  }
}
