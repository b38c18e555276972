package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.auth.ApiKeys;
import io.heddle.retention.RetentionStore;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.CapturedLog;
import io.heddle.testkit.WebhookReceiver;
import io.heddle.testkit.WebhookReceiver.Received;
import io.heddle.web.TestHost.Key;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Whoever is named with a run is told how its questions can be answered. */
@Timeout(120)
class QuestionsAreCalledBackTest {

  private static final String PUBLIC_URL = "https://heddle.example/base";

  private static final String ACCEPT = "{\"resumeValue\": {\"action\": \"accept\"}}";

  private static final String CREATOR = "hk_secret_of_the_creator";

  private static final String SUBMITTER = "hk_secret_of_the_submitter";

  private static final String DEAD_LETTERS = "/v1/host/heddle/webhooks/dead-letters";

  // An Ed25519 key in the form that Java reads is this and its 32 bytes.
  private static final byte[] KEY_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

  @TempDir private static Path postgres;

  private static TestHost host;

  private WebhookReceiver receiver;

  private static Caller acme() {
    return host.as(Key.ACME);
  }

  @BeforeAll
  static void start() {
    host =
        TestHost.start(
            "--spring.datasource.url=",
            "--openwop.embedded-postgres.directory=" + postgres,
            "--openwop.egress.allow-private=true",
            "--openwop.egress.deny=10.0.0.0/8",
            "--openwop.webhooks.max-subscriptions=1",
            "--openwop.webhooks.retries=50ms,50ms",
            "--openwop.public-url=" + PUBLIC_URL + "/",
            "--openwop.api-keys.creator.sha256=" + ApiKeys.hashOf(CREATOR),
            "--openwop.api-keys.creator.tenant=acme",
            "--openwop.api-keys.creator.scopes=runs:create,runs:read",
            "--openwop.api-keys.submitter.sha256=" + ApiKeys.hashOf(SUBMITTER),
            "--openwop.api-keys.submitter.tenant=acme",
            "--openwop.api-keys.submitter.scopes=runs:create,approvals:respond");
  }

  @AfterAll
  static void stop() {
    host.close();
  }

  @BeforeEach
  void open() {
    receiver = WebhookReceiver.start();
  }

  @AfterEach
  void close() {
    host.gate().openAll();
    receiver.close();
  }

  private static String body(String workflowId, String callbackUrl) {
    return "{\"workflowId\": \"%s\", \"callbackUrl\": \"%s\"}".formatted(workflowId, callbackUrl);
  }

  private String started(String workflowId) {
    return started(acme(), workflowId);
  }

  private String started(Caller caller, String workflowId) {
    Answer answer = caller.post("/v1/runs", body(workflowId, receiver.url()));
    assertThat(answer.status()).as("%s", answer).isEqualTo(201);
    return answer.json().get("runId").asString();
  }

  private Received told(String runId) {
    return receiver.await("the callback", one -> runId.equals(one.runId()));
  }

  private static String link(Received told) {
    String link = (String) told.json().get("callbackUrl");
    assertThat(link).startsWith(PUBLIC_URL + "/v1/interrupts/");
    return link.substring(PUBLIC_URL.length());
  }

  private static List<String> deliveries(String runId) {
    return host.database()
        .sql("select status from openwop.webhook_delivery where run_id = :run order by position")
        .param("run", runId)
        .query(String.class)
        .list();
  }

  private static int subscriptions(String runId) {
    return host.database()
        .sql("select count(*) from openwop.webhook_subscription where run_id = :run")
        .param("run", runId)
        .query(Integer.class)
        .single();
  }

  @Test
  void theLinkThatIsPostedAnswersTheQuestion() {
    String runId = started("conformance-approval");

    Received told = told(runId);
    assertThat(told.json())
        .containsOnlyKeys("runId", "nodeId", "interruptId", "kind", "callbackUrl", "expiresAt")
        .containsEntry("nodeId", "gate")
        .containsEntry("kind", "approval")
        .containsEntry(
            "interruptId",
            acme().get("/v1/runs/" + runId).json().at("/interrupt/interruptId").asString());
    String question = host.anonymous().get(link(told)).json().at("/data/title").asString();
    assertThat(question).isNotEmpty();
    assertThat(told.text()).doesNotContain(question);
    Instant expiresAt = Instant.parse((String) told.json().get("expiresAt"));
    Instant requestedAt =
        Instant.parse(
            acme().get("/v1/runs/" + runId).json().at("/interrupt/requestedAt").asString());
    assertThat(expiresAt).isEqualTo(requestedAt.plusSeconds(1_800));

    assertThat(host.anonymous().post(link(told), ACCEPT).status()).isEqualTo(200);

    assertThat(acme().types(runId)).endsWith("run.completed");
    assertThat(receiver.about(runId)).hasSize(1);
    assertThat(deliveries(runId)).hasSize(1);
    Envelope.assertRefused(
        host.anonymous().post(link(told), ACCEPT), 409, "interrupt_already_resolved");
  }

  @Test
  void itIsSignedWithTheHostsKeyAndNoSecret() throws Exception {
    Received told = told(started("conformance-approval"));

    assertThat(told.headers())
        .containsEntry("x-openwop-event-type", "interrupt.requested")
        .containsEntry("content-type", "application/json")
        .containsKeys("x-openwop-webhook-id", "webhook-id")
        .doesNotContainKeys("x-openwop-signature", "x-openwop-signature-algorithm");
    assertThat(told.header("webhook-signature")).startsWith("v1a,");
    String[] signed = told.header("X-Heddle-Signature").split("[=,]", 6);
    JsonNode key = null;
    for (JsonNode one : host.anonymous().get("/v1/host/heddle/webhook-keys").json().get("keys")) {
      key = one.get("kid").asString().equals(signed[1]) ? one : key;
    }
    assertThat(key).isNotNull();
    byte[] x = Base64.getUrlDecoder().decode(key.get("x").asString());
    byte[] spki = java.util.Arrays.copyOf(KEY_PREFIX, KEY_PREFIX.length + x.length);
    System.arraycopy(x, 0, spki, KEY_PREFIX.length, x.length);
    Signature signature = Signature.getInstance("Ed25519");
    signature.initVerify(
        KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(spki)));
    signature.update(
        (told.header("X-openwop-Timestamp") + "." + told.text()).getBytes(StandardCharsets.UTF_8));
    assertThat(signature.verify(Base64.getDecoder().decode(signed[5]))).isTrue();
  }

  @Test
  void itBelongsToTheTraceOfTheRun() {
    String trace = "5bd8a9ff0e9140668ad4b4f3a1ea7f5c";
    Answer answer =
        acme()
            .post(
                "/v1/runs",
                body("conformance-approval", receiver.url()),
                "traceparent",
                "00-%s-b7ad6b7169203331-00".formatted(trace),
                "tracestate",
                "a=1");

    Received told = told(answer.json().get("runId").asString());

    assertThat(told.header("traceparent")).matches("00-" + trace + "-(?!b7ad)[0-9a-f]{16}-00");
    assertThat(told.header("tracestate")).isEqualTo("a=1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"conformance-interrupt-auth-required", "called-approvers"})
  void aQuestionThatTakesNoTokenIsToldWithoutOne(String workflowId) {
    acme()
        .register(
            "called-approvers",
            Definitions.chain(
                "called-approvers",
                Definitions.node(
                    "gate", "core.approvalGate", "{\"approversList\": [\"boss\"]}", "{}")));

    Received told = told(started(workflowId));

    assertThat(told.json()).containsOnlyKeys("runId", "nodeId", "interruptId", "kind");
  }

  @Test
  void whoeverIsAwayIsToldLater() {
    receiver.behave(
        (request, exchange) -> exchange.sendResponseHeaders(request.number() == 0 ? 503 : 204, -1));

    String runId = started("conformance-approval");

    await("two attempts").until(() -> receiver.about(runId).size() == 2);
    List<Received> attempts = receiver.about(runId);
    assertThat(attempts.get(1).header("webhook-id"))
        .isEqualTo(attempts.get(0).header("webhook-id"));
    await("the record").until(() -> deliveries(runId).equals(List.of("DELIVERED")));
    assertThat(host.anonymous().post(link(attempts.get(1)), ACCEPT).status()).isEqualTo(200);
    assertThat(acme().types(runId)).endsWith("run.completed");
  }

  @ParameterizedTest
  @CsvSource({"interrupts/gate, run.completed", "cancel, run.cancelled"})
  void nobodyIsToldAgainOfAQuestionThatIsOver(String what, String last) {
    receiver.behave(WebhookReceiver.status(503, "Retry-After", "3600"));
    String runId = started("conformance-approval");
    await("an attempt")
        .until(
            () ->
                host.database()
                        .sql(
                            "select coalesce(sum(attempts), 0) from openwop.webhook_delivery where run_id = :run")
                        .param("run", runId)
                        .query(Integer.class)
                        .single()
                    == 1);

    String path = "/v1/runs/" + runId + "/" + what;
    assertThat(acme().post(path, what.equals("cancel") ? "{}" : ACCEPT).status()).isEqualTo(200);
    assertThat(acme().types(runId)).endsWith(last);
    await("the lease to be given back")
        .until(
            () ->
                host.database()
                        .sql(
                            """
                            update openwop.webhook_subscription set due_at = clock_timestamp()
                            where run_id = :run and lease_owner is null
                            """)
                        .param("run", runId)
                        .update()
                    == 1);

    await("the end").until(() -> deliveries(runId).equals(List.of("SKIPPED")));
    assertThat(receiver.about(runId)).hasSize(1);
  }

  @Test
  void aQuestionThatIsNotHeardHoldsUpNoOther() {
    acme()
        .register(
            "two-questions",
            """
            {"id": "two-questions", "name": "Test", "version": "1.0", "nodes": [%s, %s, %s],
             "edges": [
               {"id": "l", "sourceNodeId": "start", "targetNodeId": "left"},
               {"id": "r", "sourceNodeId": "start", "targetNodeId": "right"}],
             "triggers": [], "variables": [], "metadata": {}, "settings": {}}
            """
                .formatted(
                    Definitions.noop("start"),
                    Definitions.node("left", "core.approvalGate", "{}", "{}"),
                    Definitions.node("right", "core.approvalGate", "{}", "{}")));
    receiver.behave(
        (request, exchange) -> {
          boolean left = "left".equals(request.json().get("nodeId"));
          if (left) {
            exchange.getResponseHeaders().add("Retry-After", "3600");
          }
          exchange.sendResponseHeaders(left ? 503 : 204, -1);
        });

    String runId = started("two-questions");

    Received right =
        receiver.await(
            "the second question",
            one -> runId.equals(one.runId()) && "right".equals(one.json().get("nodeId")));
    assertThat(host.anonymous().post(link(right), ACCEPT).status()).isEqualTo(200);
    Received left =
        receiver.await(
            "the first question",
            one -> runId.equals(one.runId()) && "left".equals(one.json().get("nodeId")));
    assertThat(host.anonymous().post(link(left), ACCEPT).status()).isEqualTo(200);
    assertThat(acme().types(runId)).endsWith("run.completed");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "questions",
        "ftp://example.com/",
        "https://user@example.com/",
        "https://example.com/#a",
        "https://10.1.2.3/",
        "https://[::ffff:10.1.2.3]/",
        "https://no-such-name.invalid/",
        "https://example.com/\\u0000"
      })
  void anAddressThatIsNotCalledIsRefusedAtOnce(String url) {
    long before = host.runs();

    Answer refused = acme().post("/v1/runs", body("conformance-noop", url));

    Envelope.assertRefused(refused, 400, "validation_error");
    assertThat(refused.json().at("/details/errors/0/pointer").asString()).isEqualTo("/callbackUrl");
    assertThat(host.runs()).isEqualTo(before);
  }

  @Test
  void anAddressIsNotLongerThanItMayBe() {
    String url = "https://192.0.2.1/" + "a".repeat(2_048);

    Answer refused = acme().post("/v1/runs", body("conformance-noop", url));

    Envelope.assertRefused(refused, 400, "validation_error");
    assertThat(refused.json().at("/details/errors/0/pointer").asString()).isEqualTo("/callbackUrl");
  }

  @Test
  void anAddressIsJudgedAgainWhenItIsCalled() throws Exception {
    acme()
        .register(
            "asks-later",
            Definitions.chain(
                "asks-later",
                Definitions.gate("before"),
                Definitions.node("gate", "core.approvalGate", "{}", "{}")));
    String runId = started("asks-later");
    host.gate().awaitReached(runId, "before");
    host.database()
        .sql("update openwop.run set callback_url = 'https://10.0.0.1/' where run_id = :run")
        .param("run", runId)
        .update();
    host.gate().open(runId, "before");

    await("the dead letter").until(() -> deliveries(runId).equals(List.of("DEAD")));
    JsonNode letter = null;
    for (JsonNode one : acme().get(DEAD_LETTERS).json().get("deadLetters")) {
      letter = one.get("runId").asString().equals(runId) ? one : letter;
    }
    assertThat(letter).isNotNull();
    assertThat(letter.get("lastError").asString()).startsWith("refused: ");
    assertThat(receiver.about(runId)).isEmpty();

    // The address is mended: what is sent is written anew.
    String path = DEAD_LETTERS + "/" + letter.get("messageId").asString();
    assertThat(acme().get(path).json().has("body")).isFalse();
    Envelope.assertRefused(host.as(Key.GLOBEX).get(path), 404, "not_found");
    Envelope.assertRefused(host.as(Key.GLOBEX).post(path + "/redrive", "{}"), 404, "not_found");
    host.database()
        .sql("update openwop.webhook_subscription set url = :url where run_id = :run")
        .param("url", receiver.url())
        .param("run", runId)
        .update();
    assertThat(acme().post(path + "/redrive", "{}").status()).isEqualTo(202);
    assertThat(host.anonymous().post(link(told(runId)), ACCEPT).status()).isEqualTo(200);
    assertThat(acme().types(runId)).endsWith("run.completed");
  }

  @Test
  void onlyWhoMayAnswerAndReadPassesThatOn() {
    String body = body("conformance-approval", receiver.url());

    Answer creator = new Caller(host.port(), CREATOR).post("/v1/runs", body);
    Envelope.assertRefused(creator, 403, "forbidden");
    assertThat(creator.json().at("/details/scopeRequired").asString())
        .isEqualTo("approvals:respond");
    Answer submitter = new Caller(host.port(), SUBMITTER).post("/v1/runs", body);
    Envelope.assertRefused(submitter, 403, "forbidden");
    assertThat(submitter.json().at("/details/scopeRequired").asString()).isEqualTo("runs:read");
    new Caller(host.port(), CREATOR).startRun("conformance-noop");
  }

  @Test
  void aRunThatIsCreatedOnceCallsOnce() {
    String key = "key-" + System.nanoTime();
    String body = body("conformance-approval", receiver.url());
    Answer first = acme().post("/v1/runs", body, "Idempotency-Key", key);
    String runId = first.json().get("runId").asString();
    told(runId);

    Answer second = acme().post("/v1/runs", body, "Idempotency-Key", key);

    assertThat(second.status()).isEqualTo(201);
    assertThat(second.text()).isEqualTo(first.text());
    assertThat(deliveries(runId)).hasSize(1);
    Envelope.assertRefused(
        acme()
            .post(
                "/v1/runs",
                body("conformance-approval", receiver.url() + "other"),
                "Idempotency-Key",
                key),
        409,
        "idempotency_key_mismatch");
  }

  @Test
  void itIsNoWebhookOfTheTenant() {
    String runId = started("conformance-approval");
    String webhookId = told(runId).header("X-openwop-Webhook-Id");

    for (Key key : List.of(Key.ACME, Key.GLOBEX)) {
      Envelope.assertRefused(
          host.as(key).delete("/v1/webhooks/" + webhookId), 404, "subscription_not_found");
      Envelope.assertRefused(
          host.as(key)
              .post(
                  "/v1/webhooks/" + webhookId + "/rotate-secret",
                  "{\"secret\": \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"}"),
          404,
          "subscription_not_found");
    }
    // Nor does it count among those.
    Answer registered =
        acme()
            .post(
                "/v1/webhooks",
                "{\"url\": \"%s\", \"events\": [\"run.failed\"]}".formatted(receiver.url()));
    assertThat(registered.status()).as("%s", registered).isEqualTo(201);
    acme().delete("/v1/webhooks/" + registered.json().get("webhookId").asString());
  }

  @Test
  void nobodyIsToldOfOtherRuns() {
    String called = started(host.as(Key.GLOBEX), "conformance-approval");
    told(called);

    for (Caller caller : List.of(acme(), host.as(Key.GLOBEX))) {
      String other = caller.startRun("conformance-approval");
      await("the question").until(() -> caller.status(other).equals("waiting-approval"));
      assertThat(deliveries(other)).isEmpty();
    }
    assertThat(receiver.received()).hasSize(1);
  }

  @Test
  void neitherForksNorChildrenCall() {
    String runId = started("conformance-approval");
    assertThat(host.anonymous().post(link(told(runId)), ACCEPT).status()).isEqualTo(200);
    acme().types(runId);
    for (String mode : List.of("replay", "branch")) {
      Answer fork =
          acme()
              .post(
                  "/v1/runs/" + runId + ":fork",
                  "{\"mode\": \"%s\", \"fromSeq\": 0}".formatted(mode));
      assertThat(fork.status()).as("%s", fork).isEqualTo(201);
      String forkId = fork.json().get("runId").asString();
      String stands = mode.equals("replay") ? "completed" : "waiting-approval";
      await(mode).until(() -> acme().status(forkId).equals(stands));
      assertThat(deliveries(forkId)).isEmpty();
    }

    String parent = started("conformance-interrupt-parent-child-cancel");
    await("the child's question").until(() -> acme().status(parent).equals("waiting-approval"));
    String child = acme().get("/v1/runs/" + parent).json().at("/childRuns/0/runId").asString();
    assertThat(child).isNotEmpty();
    assertThat(deliveries(child)).isEmpty();
    assertThat(deliveries(parent)).isEmpty();
  }

  @Test
  void theAddressIsForgottenWithTheRun() {
    String runId = started("conformance-approval");
    acme().post(link(told(runId)), ACCEPT);
    acme().types(runId);
    assertThat(subscriptions(runId)).isEqualTo(1);

    assertThat(host.bean(RetentionStore.class).expire(new Tenant("acme"), runId)).isTrue();

    assertThat(subscriptions(runId)).isZero();
  }

  @Test
  void neitherALogNorATableHoldsTheToken() {
    CapturedLog captured = CapturedLog.startAtAnyLevel();
    Received told;
    try (captured) {
      receiver.behave(WebhookReceiver.status(503));
      String runId = started("conformance-approval");
      await("all attempts").until(() -> deliveries(runId).equals(List.of("DEAD")));
      told = receiver.about(runId).get(2);
    }
    String token = link(told).substring("/v1/interrupts/".length());
    assertThat(host.anonymous().get(link(told)).status()).isEqualTo(200);
    List<String> forms =
        List.of(
            token.substring(token.indexOf('.') + 1),
            HexFormat.of().formatHex(token.getBytes(StandardCharsets.UTF_8)));
    List<String> lines = captured.lines();
    assertThat(lines).hasSizeGreaterThan(100);
    for (String form : forms) {
      assertThat(lines).noneMatch(line -> line.contains(form));
      for (String table : List.of("webhook_delivery", "webhook_subscription", "event", "run")) {
        assertThat(
                host.database()
                    .sql("select t::text from openwop.%s t".formatted(table))
                    .query(String.class)
                    .list())
            .isNotEmpty()
            .noneMatch(row -> row.contains(form));
      }
    }
  }
}
