package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.CapturedLog;
import io.heddle.testkit.WebhookReceiver;
import io.heddle.testkit.WebhookReceiver.Received;
import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@Timeout(120)
class WebhooksOverHttpTest {

  private static final String STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  private static final String OTHER_SECRET = "whsec_bG9uZ2VyLXNlY3JldC1mb3ItdGVzdHMtb25seSE=";

  @TempDir private static Path postgres;

  private static TestHost host;

  private static Caller caller() {
    return host.as(Key.ACME);
  }

  private WebhookReceiver receiver;

  private final List<String> registered = new ArrayList<>();

  @BeforeAll
  static void start() {
    host =
        TestHost.start(
            "--spring.datasource.url=",
            "--openwop.embedded-postgres.directory=" + postgres,
            "--openwop.egress.allow-private=true",
            "--openwop.webhooks.max-subscriptions=5",
            "--openwop.webhooks.retries=50ms,50ms",
            "--openwop.master-key=" + Base64.getEncoder().encodeToString(new byte[32]));
  }

  @AfterAll
  static void stop() {
    host.close();
  }

  @BeforeEach
  void open() {
    receiver = WebhookReceiver.start(WebhookReceiver.agreeing());
  }

  @AfterEach
  void close() {
    receiver.close();
    registered.forEach(webhookId -> caller().delete("/v1/webhooks/" + webhookId));
  }

  private JsonNode register(String members) {
    Answer answer = caller().post("/v1/webhooks", body(members));
    assertThat(answer.status()).as("%s", answer).isEqualTo(201);
    registered.add(answer.json().get("webhookId").asString());
    return answer.json();
  }

  private String body(String members) {
    return "{\"url\": \"%s\", \"events\": [\"run.completed\"]%s}"
        .formatted(receiver.url(), members);
  }

  @Test
  void whatIsDeliveredBelongsToTheTraceOfItsRun() {
    register("");
    String trace = "5bd8a9ff0e9140668ad4b4f3a1ea7f5c";
    String given =
        caller()
            .post(
                "/v1/runs",
                "{\"workflowId\": \"conformance-noop\"}",
                "traceparent",
                "00-%s-b7ad6b7169203331-01".formatted(trace),
                "tracestate",
                "a=1,b=2")
            .json()
            .get("runId")
            .asString();

    Received inTrace = receiver.await("the delivery", one -> given.equals(one.runId()));
    assertThat(inTrace.header("traceparent")).matches("00-" + trace + "-(?!b7ad)[0-9a-f]{16}-01");
    assertThat(inTrace.header("tracestate")).isEqualTo("a=1,b=2");

    String own = caller().startRun("conformance-subworkflow-parent");
    receiver.await("the delivery", one -> own.equals(one.runId()));
    List<Received> ownTrace =
        receiver.received().stream()
            .filter(one -> one.runId() != null && !one.runId().equals(given))
            .toList();
    // The child ends before its parent.
    assertThat(ownTrace).hasSize(2);
    assertThat(ownTrace).extracting(one -> one.header("traceparent")).doesNotHaveDuplicates();
    assertThat(ownTrace)
        .extracting(one -> one.header("traceparent").substring(0, 36))
        .containsOnly(ownTrace.get(0).header("traceparent").substring(0, 36))
        .doesNotContain("00-" + trace + "-");
    assertThat(ownTrace).noneMatch(one -> one.headers().containsKey("tracestate"));
  }

  @Test
  void theSecretIsToldOnceAndSignsWhatIsDelivered() throws Exception {
    JsonNode webhook = register("");
    String secret = webhook.get("secret").asString();
    assertThat(secret).matches("[0-9a-f]{64}");
    assertThat(webhook.get("secretFingerprint").asString())
        .isEqualTo(
            HexFormat.of()
                .formatHex(
                    MessageDigest.getInstance("SHA-256")
                        .digest(secret.getBytes(StandardCharsets.UTF_8)),
                    0,
                    4));
    assertThat(webhook.has("signatureAlgorithms")).isFalse();

    String runId = caller().startRun("conformance-noop");

    Received delivery =
        receiver.await("the delivery", one -> runId.equals(one.json().get("runId")));
    String timestamp = delivery.header("X-openwop-Timestamp");
    assertThat(delivery.header("X-openwop-Signature"))
        .isEqualTo(
            "sha256="
                + HexFormat.of()
                    .formatHex(
                        hmac(
                            secret.getBytes(StandardCharsets.UTF_8),
                            timestamp + "." + delivery.text())));
    assertThat(delivery.header("X-openwop-Webhook-Id"))
        .isEqualTo(webhook.get("webhookId").asString());
    assertThat(delivery.header("X-openwop-Event-Type")).isEqualTo("run.completed");
    assertThat(delivery.header("Content-Type")).isEqualTo("application/json");
    assertThat(delivery.headers()).doesNotContainKeys("webhook-id", "webhook-signature");
  }

  @Test
  void theBodyHoldsTheEventAsEveryReaderOfTheLogSeesIt() {
    register("");
    String runId = caller().startRun("conformance-noop");
    List<JsonNode> log = caller().log(runId);

    Received delivery =
        receiver.await("the delivery", one -> runId.equals(one.json().get("runId")));

    String event = log.get(log.size() - 1).toString();
    assertThat(delivery.text())
        .isEqualTo(
            "{\"runId\":\"%s\",\"workspaceId\":\"acme\",\"type\":\"run.completed\",\"event\":%s}"
                .formatted(runId, event));
  }

  @Test
  void nobodyIsToldOfAnotherTenantsRunsAndNobodyEndsAnothersWebhook() {
    String webhookId = register("").get("webhookId").asString();
    Caller stranger = host.as(Key.GLOBEX);
    Envelope.assertRefused(
        stranger.delete("/v1/webhooks/" + webhookId), 404, "subscription_not_found");
    Envelope.assertRefused(
        stranger.delete("/v1/webhooks/" + webhookId + "?tenantId=acme"), 403, "forbidden");
    Envelope.assertRefused(
        stranger.post(
            "/v1/webhooks/" + webhookId + "/rotate-secret",
            "{\"secret\": \"%s\"}".formatted(OTHER_SECRET)),
        404,
        "subscription_not_found");

    String strange = stranger.startRun("conformance-noop");
    stranger.log(strange);
    String runId = caller().startRun("conformance-noop");

    receiver.await("the delivery", one -> runId.equals(one.json().get("runId")));
    assertThat(receiver.about(strange)).isEmpty();
  }

  @Test
  void aWebhookIsRegisteredUnderAnIdempotencyKeyOnceAndItsSecretToldAgain() {
    String key = "key-" + System.nanoTime();
    Answer first = caller().post("/v1/webhooks", body(""), "Idempotency-Key", key);
    Answer second = caller().post("/v1/webhooks", body(""), "Idempotency-Key", key);
    registered.add(first.json().get("webhookId").asString());

    assertThat(first.status()).isEqualTo(201);
    assertThat(second.status()).isEqualTo(201);
    assertThat(second.text()).isEqualTo(first.text());
    assertThat(second.header("openwop-Idempotent-Replay")).isEqualTo("true");
    assertThat(subscriptions(first.json().get("webhookId").asString())).isEqualTo(1);
    // The second time with another request.
    Envelope.assertRefused(
        caller().post("/v1/webhooks", body(", \"tags\": [\"a\"]"), "Idempotency-Key", key),
        409,
        "idempotency_key_mismatch");
    // Sealed, wherever it is kept.
    String secret = first.json().get("secret").asString();
    for (String table : List.of("idempotency_record", "webhook_subscription")) {
      List<String> rows =
          host.database()
              .sql("select t::text from openwop.%s t".formatted(table))
              .query(String.class)
              .list();
      assertThat(rows).isNotEmpty();
      assertThat(rows)
          .noneMatch(row -> row.contains(secret))
          .noneMatch(
              row ->
                  row.contains(HexFormat.of().formatHex(secret.getBytes(StandardCharsets.UTF_8))));
    }
  }

  private static int subscriptions(String webhookId) {
    return host.database()
        .sql("select count(*) from openwop.webhook_subscription where webhook_id = :id")
        .param("id", webhookId)
        .query(Integer.class)
        .single();
  }

  @Test
  void aReplayOfARegistrationAsksNobodyAgain() {
    String key = "key-" + System.nanoTime();
    String body =
        body(
            ", \"signatureAlgorithms\": [\"v1\", \"standard-webhooks-1\"], \"secret\": \"%s\""
                .formatted(STANDARD_SECRET));
    Answer first = caller().post("/v1/webhooks", body, "Idempotency-Key", key);
    assertThat(first.status()).as("%s", first).isEqualTo(201);
    registered.add(first.json().get("webhookId").asString());
    int asked = receiver.received().size();
    assertThat(asked).isEqualTo(1);

    assertThat(caller().post("/v1/webhooks", body, "Idempotency-Key", key).text())
        .isEqualTo(first.text());

    assertThat(receiver.received()).hasSize(asked);
  }

  @Test
  void aTenantHasNoMoreWebhooksThanItMay() {
    Set<String> secrets = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      secrets.add(register("").get("secret").asString());
    }
    assertThat(secrets).hasSize(5);

    Answer refused = caller().post("/v1/webhooks", body(""));

    Envelope.assertRefused(refused, 409, "heddle_webhooks_full");
    assertThat(refused.json().at("/details/maxWebhooks").asInt()).isEqualTo(5);
    caller().delete("/v1/webhooks/" + registered.get(0));
    register("");
  }

  @Test
  void ofManyAtOnceNoMoreAreRegisteredThanMayBe() {
    List<Answer> answers =
        IntStream.range(0, 12)
            .mapToObj(number -> caller().sendAsync("POST", "/v1/webhooks", body("")))
            .toList()
            .stream()
            .map(answer -> answer.join())
            .toList();
    answers.stream()
        .filter(answer -> answer.status() == 201)
        .forEach(answer -> registered.add(answer.json().get("webhookId").asString()));

    assertThat(registered).hasSize(5);
    assertThat(answers.stream().filter(answer -> answer.status() == 409)).hasSize(7);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " := ",
      value = {
        "{\"events\": [\"run.completed\"]} := /url",
        "{\"url\": 7, \"events\": [\"run.completed\"]} := /url",
        "{\"url\": \"https://example.com\"} := /events",
        "{\"url\": \"https://example.com\", \"events\": []} := /events",
        "{\"url\": \"https://example.com\", \"events\": \"run.completed\"} := /events",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\", \"run.flown\"]} := /events/1",
        "{\"url\": \"https://example.com\", \"events\": [7]} := /events/0",
        "{\"url\": \"not a url\"} := /events",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"tags\": []} := /tags",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"tags\": [1]} := /tags/0",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"tenantId\": 1} := /tenantId",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"secret\": \"mine\"} := /secret",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"signatureAlgorithms\": []} := /signatureAlgorithms",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"signatureAlgorithms\": [\"v1\", \"v1\"]} := /signatureAlgorithms",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"signatureAlgorithms\": [\"v2\", \"v1\"]} := /signatureAlgorithms",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"signatureAlgorithms\": [\"heddle-ed25519-1\"]} := /signatureAlgorithms",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"signatureAlgorithms\": [\"v1\", \"standard-webhooks-1\"]} := /secret",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"signatureAlgorithms\": [\"v1\", \"standard-webhooks-1\"], \"secret\": \"whsec_AAAA\"} := /secret",
        "{\"url\": \"https://example.com\", \"events\": [\"run.completed\"], \"signatureAlgorithms\": [\"v1\", \"standard-webhooks-1\"], \"secret\": \"whsec_!\"} := /secret"
      })
  void whatIsWrongWithARequestIsToldWithItsPlace(String body, String pointer) {
    Answer answer = caller().post("/v1/webhooks", body);

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.json().at("/details/errors/0/pointer").asString()).isEqualTo(pointer);
  }

  @Test
  void whatIsWrongWithTheRequestComesBeforeTheTenantAndThatBeforeTheAddress() {
    Envelope.assertRefused(
        caller()
            .post(
                "/v1/webhooks", "{\"url\": \"ftp://a\", \"events\": [], \"tenantId\": \"globex\"}"),
        400,
        "validation_error");
    Envelope.assertRefused(
        caller()
            .post(
                "/v1/webhooks",
                "{\"url\": \"ftp://a\", \"events\": [\"run.failed\"], \"tenantId\": \"globex\"}"),
        403,
        "forbidden");
    Answer refused =
        caller()
            .post(
                "/v1/webhooks",
                "{\"url\": \"ftp://a\", \"events\": [\"run.failed\"], \"tenantId\": \"acme\"}");
    Envelope.assertRefused(refused, 400, "webhook_url_rejected");
    assertThat(refused.json().at("/details/reason").asString()).isEqualTo("scheme");
  }

  @Test
  void aWebhookThatIsGoneIsUnknownAndTenantIdMayBeGivenOrNot() {
    String webhookId = register("").get("webhookId").asString();
    Answer gone = caller().delete("/v1/webhooks/" + webhookId + "?tenantId=acme");

    assertThat(gone.status()).isEqualTo(204);
    Envelope.assertRefused(
        caller().delete("/v1/webhooks/" + webhookId), 404, "subscription_not_found");
    Envelope.assertRefused(caller().delete("/v1/webhooks/a%20b"), 404, "subscription_not_found");
  }

  @Test
  void anEndpointThatChoseMoreIsAskedFirstAndSignedForAllItChose() throws Exception {
    JsonNode webhook =
        register(
            ", \"signatureAlgorithms\": [\"v1\", \"standard-webhooks-1\", \"heddle-ed25519-1\"], \"secret\": \"%s\""
                .formatted(STANDARD_SECRET));
    assertThat(webhook.has("secret")).isFalse();
    assertThat(webhook.get("signatureAlgorithms")).hasSize(3);
    Received asked = receiver.received().get(0);
    assertThat(asked.json().get("type")).isEqualTo("openwop.webhook.verification");
    assertThat((String) asked.json().get("challenge")).matches("[A-Za-z0-9_-]{22,}");
    assertThat(asked.headers()).doesNotContainKey("x-openwop-event-type");
    assertStandard(asked, STANDARD_SECRET);

    String runId = caller().startRun("conformance-noop");

    Received delivery =
        receiver.await("the delivery", one -> runId.equals(one.json().get("runId")));
    assertStandard(delivery, STANDARD_SECRET);
    assertThat(delivery.header("webhook-signature")).contains(" v1a,");
    assertThat(delivery.header("webhook-id"))
        .matches("[A-Za-z0-9_-]{16,128}")
        .isNotEqualTo(asked.header("webhook-id"));
    assertThat(delivery.header("X-openwop-Signature-Algorithm")).isEqualTo("v1");
  }

  private static void assertStandard(Received request, String... secrets) throws Exception {
    for (String secret : secrets) {
      String message =
          request.header("webhook-id")
              + "."
              + request.header("webhook-timestamp")
              + "."
              + request.text();
      byte[] key = Base64.getDecoder().decode(secret.substring("whsec_".length()));
      assertThat(request.header("webhook-signature").split(" "))
          .contains("v1," + Base64.getEncoder().encodeToString(hmac(key, message)));
    }
  }

  private static byte[] hmac(byte[] key, String message) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(message.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void anEndpointThatDoesNotAgreeIsNotRegistered() {
    String members = ", \"signatureAlgorithms\": [\"v1\", \"heddle-ed25519-1\"]";
    List<WebhookReceiver.Behaviour> disagreeing =
        List.of(
            WebhookReceiver.status(204),
            WebhookReceiver.status(500),
            WebhookReceiver.status(302, "Location", receiver.url()),
            WebhookReceiver.cutOff(),
            (request, exchange) -> {
              byte[] answer = "{\"challenge\": \"another\"}".getBytes(StandardCharsets.UTF_8);
              exchange.getResponseHeaders().add("Content-Type", "application/json");
              exchange.sendResponseHeaders(200, answer.length);
              exchange.getResponseBody().write(answer);
            },
            (request, exchange) -> {
              byte[] answer = request.body();
              exchange.getResponseHeaders().add("Content-Type", "text/html");
              exchange.sendResponseHeaders(200, answer.length);
              exchange.getResponseBody().write(answer);
            });
    int asked = 0;
    for (WebhookReceiver.Behaviour behaviour : disagreeing) {
      receiver.behave(behaviour);

      Envelope.assertRefused(
          caller().post("/v1/webhooks", body(members)), 400, "webhook_endpoint_unverified");

      assertThat(receiver.received()).hasSize(++asked);
    }
    assertThat(
            host.database()
                .sql("select count(*) from openwop.webhook_subscription where url = :url")
                .param("url", receiver.url())
                .query(Integer.class)
                .single())
        .isZero();
  }

  @Test
  void aSecretThatIsReplacedSignsOnForAWhile() throws Exception {
    String webhookId =
        register(
                ", \"signatureAlgorithms\": [\"v1\", \"standard-webhooks-1\"], \"secret\": \"%s\""
                    .formatted(STANDARD_SECRET))
            .get("webhookId")
            .asString();
    String rotate = "/v1/webhooks/" + webhookId + "/rotate-secret";

    Answer rotated = caller().post(rotate, "{\"secret\": \"%s\"}".formatted(OTHER_SECRET));
    assertThat(rotated.status()).as("%s", rotated).isEqualTo(200);
    assertThat(rotated.json().get("previousSecretExpiresAt").asString())
        .isGreaterThan(rotated.json().get("rotatedAt").asString());

    String runId = caller().startRun("conformance-noop");
    Received both = receiver.await("the delivery", one -> runId.equals(one.json().get("runId")));
    assertStandard(both, STANDARD_SECRET, OTHER_SECRET);
    assertThat(both.header("X-openwop-Signature")).isEqualTo(plain(both, STANDARD_SECRET));

    host.database()
        .sql("update openwop.webhook_subscription set previous_until = clock_timestamp()")
        .update();
    String later = caller().startRun("conformance-noop");
    Received one = receiver.await("the delivery", some -> later.equals(some.json().get("runId")));
    assertThat(one.header("webhook-signature")).doesNotContain(" ");
    assertStandard(one, OTHER_SECRET);
    assertThat(one.header("X-openwop-Signature")).isEqualTo(plain(one, OTHER_SECRET));
  }

  private static String plain(Received delivery, String secret) throws Exception {
    return "sha256="
        + HexFormat.of()
            .formatHex(
                hmac(
                    secret.getBytes(StandardCharsets.UTF_8),
                    delivery.header("X-openwop-Timestamp") + "." + delivery.text()));
  }

  @Test
  void onlyWhoeverChoseSuchASecretCanReplaceIt() {
    String webhookId = register("").get("webhookId").asString();
    String body = "{\"secret\": \"%s\"}".formatted(OTHER_SECRET);

    Envelope.assertRefused(
        caller().post("/v1/webhooks/" + webhookId + "/rotate-secret", body),
        400,
        "validation_error");
    Envelope.assertRefused(
        caller().post("/v1/webhooks/unknown/rotate-secret", body), 404, "subscription_not_found");
    Envelope.assertRefused(
        caller().post("/v1/webhooks/unknown/rotate-secret", "{\"secret\": \"whsec_AAAA\"}"),
        400,
        "validation_error");
  }

  @Test
  void deadLettersAreListedReadAndSentAgainByTheirTenantOnly() {
    receiver.behave(WebhookReceiver.status(410));
    String webhookId = register("").get("webhookId").asString();
    String first = caller().startRun("conformance-noop");
    String second = caller().startRun("conformance-noop");
    String list = "/v1/host/heddle/webhooks/dead-letters?webhookId=" + webhookId;
    await("both to be given up")
        .until(() -> caller().get(list).json().get("deadLetters").size() == 2);

    JsonNode page = caller().get(list + "&limit=1").json();
    JsonNode rest =
        caller().get(list + "&limit=1&cursor=" + page.get("nextCursor").asString()).json();
    assertThat(rest.has("nextCursor")).isFalse();
    Set<String> runs =
        Set.of(
            page.at("/deadLetters/0/runId").asString(), rest.at("/deadLetters/0/runId").asString());
    assertThat(runs).containsExactlyInAnyOrder(first, second);
    assertThat(host.as(Key.GLOBEX).get(list).json().get("deadLetters")).isEmpty();

    JsonNode letter = page.at("/deadLetters/0");
    assertThat(letter.get("lastStatus").asInt()).isEqualTo(410);
    assertThat(letter.has("body")).isFalse();
    String path = "/v1/host/heddle/webhooks/dead-letters/" + letter.get("messageId").asString();
    Envelope.assertRefused(host.as(Key.GLOBEX).get(path), 404, "not_found");
    Envelope.assertRefused(host.as(Key.GLOBEX).post(path + "/redrive", "{}"), 404, "not_found");
    String runId = letter.get("runId").asString();
    String sent = receiver.about(runId).get(0).text();
    assertThat(caller().get(path).text()).endsWith(",\"body\":" + sent + "}");

    receiver.behave(WebhookReceiver.status(200));
    assertThat(caller().post(path + "/redrive", "{}").status()).isEqualTo(202);

    await("it to be sent again").until(() -> receiver.about(runId).size() == 2);
    assertThat(receiver.about(runId).get(1).text()).isEqualTo(sent);
    Envelope.assertRefused(caller().post(path + "/redrive", "{}"), 404, "not_found");

    caller().delete("/v1/webhooks/" + webhookId);
    Envelope.assertRefused(
        caller()
            .post(
                "/v1/host/heddle/webhooks/dead-letters/%s/redrive"
                    .formatted(rest.at("/deadLetters/0/messageId").asString()),
                "{}"),
        409,
        "heddle_dead_letter_not_redrivable");
  }

  @Test
  void discoveryClaimsWhatThereIs() {
    for (String place : List.of("/webhooks", "/capabilities/webhooks")) {
      JsonNode claimed = host.anonymous().get("/.well-known/openwop").json().at(place);
      assertThat(claimed.get("supported").asBoolean()).isTrue();
      assertThat(claimed.get("signatureAlgorithms").get(0).asString()).isEqualTo("v1");
      assertThat(claimed.at("/secretRotation/overlapSeconds").asInt()).isEqualTo(86_400);
      assertThat(claimed.at("/heddleDelivery/maxAttempts").asInt()).isEqualTo(3);
      assertThat(claimed.at("/signingKeys/keys"))
          .isEqualTo(
              host.anonymous().get(claimed.at("/signingKeys/url").asString()).json().get("keys"))
          .isNotEmpty();
      assertThat(claimed.has("durable")).isFalse();
    }
  }

  @Test
  void theScopeIsAskedFor() {
    for (String path : List.of("/v1/webhooks", "/v1/webhooks/unknown/rotate-secret")) {
      Answer refused = host.as(Key.READER).post(path, body(""));
      Envelope.assertRefused(refused, 403, "forbidden");
      assertThat(refused.json().at("/details/scopeRequired").asString())
          .isEqualTo("webhooks:manage");
    }
  }

  @Test
  void noLogAtAnyLevelHoldsASecret() throws IOException {
    CapturedLog captured = CapturedLog.startAtAnyLevel();
    List<String> secrets = new ArrayList<>();
    try (captured) {
      secrets.add(register("").get("secret").asString());
      String webhookId =
          register(
                  ", \"signatureAlgorithms\": [\"v1\", \"standard-webhooks-1\"], \"secret\": \"%s\""
                      .formatted(STANDARD_SECRET))
              .get("webhookId")
              .asString();
      caller()
          .post(
              "/v1/webhooks/" + webhookId + "/rotate-secret",
              "{\"secret\": \"%s\"}".formatted(OTHER_SECRET));
      String runId = caller().startRun("conformance-noop");
      await("both deliveries").until(() -> receiver.about(runId).size() == 2);
      secrets.addAll(List.of(STANDARD_SECRET, OTHER_SECRET, Key.ACME.secret()));
    }
    // What this test's own client says is not the host's.
    List<String> lines = captured.linesWithout("jdk.internal.httpclient");
    assertThat(lines).hasSizeGreaterThan(100);
    for (String secret : secrets) {
      String hex = HexFormat.of().formatHex(secret.getBytes(StandardCharsets.UTF_8));
      String base64 =
          Base64.getEncoder()
              .withoutPadding()
              .encodeToString(secret.getBytes(StandardCharsets.UTF_8));
      for (String form : List.of(secret, hex, base64.substring(0, base64.length() - 2))) {
        assertThat(lines.stream().filter(line -> line.contains(form)).limit(3).toList())
            .as(form)
            .isEmpty();
      }
    }
  }

  @Test
  void deliveriesAreMeasured() {
    register("");
    String runId = caller().startRun("conformance-noop");
    receiver.await("the delivery", one -> runId.equals(one.json().get("runId")));

    await("the count")
        .until(
            () ->
                caller()
                    .get("/actuator/prometheus")
                    .text()
                    .matches(
                        "(?s).*heddle_webhook_attempts_total\\{outcome=\"delivered\"[^}]*} [1-9].*"));
    assertThat(caller().get("/actuator/prometheus").text())
        .contains("heddle_webhook_oldest_due_seconds", "heddle_webhook_sending");
  }
}
