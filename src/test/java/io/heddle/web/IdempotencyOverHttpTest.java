package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(TestHost.Shared.class)
class IdempotencyOverHttpTest {

  private static final String KEY = "Idempotency-Key";

  private static final String REPLAY = "openwop-idempotent-replay";

  private static final String BODY =
      "{\"workflowId\": \"conformance-idempotent\", \"inputs\": {\"nonce\": \"%s\"}}";

  private final TestHost host;

  private final Caller acme;

  private final String key = UUID.randomUUID().toString();

  IdempotencyOverHttpTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @Test
  void aRepetitionGetsTheFirstAnswerAgainAndSaysSo() {
    long before = host.runs();
    Answer first = acme.post("/v1/runs", BODY.formatted("a"), KEY, key);
    String run = first.json().get("runId").asString();
    acme.log(run);

    Answer second = acme.post("/v1/runs", BODY.formatted("a"), KEY, key);

    assertThat(first.status()).isEqualTo(201);
    assertThat(first.header(REPLAY)).isNull();
    assertThat(second.status()).isEqualTo(201);
    assertThat(second.header(REPLAY)).isEqualTo("true");
    assertThat(second.header("content-type")).isEqualTo(first.header("content-type"));
    // The answer that was given, although the run has gone on since.
    assertThat(second.text()).isEqualTo(first.text());
    assertThat(acme.status(run)).isEqualTo("completed");
    assertThat(host.runs()).isEqualTo(before + 1);
  }

  @Test
  void theSameRequestSpeltDifferentlyIsARepetition() {
    Answer first = acme.post("/v1/runs", BODY.formatted("a"), KEY, key);

    Answer second =
        acme.post(
            "/v1/runs",
            "{\n\"inputs\":{\"nonce\":\"\\u0061\"}  ,\"workflowId\":\"conformance-idempotent\"}",
            KEY,
            key);

    assertThat(second.text()).isEqualTo(first.text());
    assertThat(second.header(REPLAY)).isEqualTo("true");
  }

  @Test
  void anotherRequestUnderTheSameKeyIsRefused() {
    Answer first = acme.post("/v1/runs", BODY.formatted("a"), KEY, key);
    long before = host.runs();

    Answer second = acme.post("/v1/runs", BODY.formatted("b"), KEY, key);

    Envelope.assertRefused(second, 409, "idempotency_key_mismatch");
    assertThat(second.header(REPLAY)).isNull();
    assertThat(second.text()).doesNotContain(first.json().get("runId").asString());
    assertThat(host.runs()).isEqualTo(before);
    assertThat(acme.post("/v1/runs", BODY.formatted("a"), KEY, key).text()).isEqualTo(first.text());
  }

  @Test
  void aStormUnderOneKeyIsOneRun() {
    long before = host.runs();
    List<CompletableFuture<Answer>> storm = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Key holder = i % 2 == 0 ? Key.ACME : Key.ACME_SECOND;
      storm.add(host.as(holder).sendAsync("POST", "/v1/runs", BODY.formatted("a"), KEY, key));
    }

    Set<String> runs = new HashSet<>();
    int firsts = 0;
    for (CompletableFuture<Answer> caller : storm) {
      Answer answer = caller.join();
      if (answer.status() == 409) {
        Envelope.assertRefused(answer, 409, "idempotency_in_flight");
        assertThat(answer.json().at("/details/retryAfter").asInt()).isPositive();
        continue;
      }
      assertThat(answer.status()).as("%s", answer).isEqualTo(201);
      runs.add(answer.json().get("runId").asString());
      firsts += answer.header(REPLAY) == null ? 1 : 0;
    }

    assertThat(runs).hasSize(1);
    assertThat(firsts).isEqualTo(1);
    assertThat(host.runs()).isEqualTo(before + 1);
    assertThat(acme.types(runs.iterator().next())).endsWith("run.completed");
  }

  @Test
  void aKeyUsedForOneRunDoesNotAnswerForAnother() {
    String one = acme.startRun("conformance-cancellable");
    String other = acme.startRun("conformance-cancellable");

    Answer cancelled = acme.post("/v1/runs/%s/cancel".formatted(one), "{}", KEY, key);
    Answer mistaken = acme.post("/v1/runs/%s/cancel".formatted(other), "{}", KEY, key);
    Answer again = acme.post("/v1/runs/%s/cancel".formatted(one), "{}", KEY, key);

    assertThat(cancelled.status()).isEqualTo(200);
    Envelope.assertRefused(mistaken, 409, "idempotency_key_mismatch");
    assertThat(again.text()).isEqualTo(cancelled.text());
    assertThat(again.header(REPLAY)).isEqualTo("true");
    assertThat(acme.status(one)).isEqualTo("cancelled");
    assertThat(acme.status(other)).isIn("pending", "running");
    acme.post("/v1/runs/%s/cancel".formatted(other), "{}");
  }

  @Test
  void aKeyIsOneOperations() {
    Answer created =
        acme.post("/v1/runs", "{\"workflowId\": \"conformance-cancellable\"}", KEY, key);
    String run = created.json().get("runId").asString();

    Answer cancelled = acme.post("/v1/runs/%s/cancel".formatted(run), "{}", KEY, key);

    assertThat(cancelled.status()).isEqualTo(200);
    assertThat(cancelled.header(REPLAY)).isNull();
    assertThat(acme.status(run)).isEqualTo("cancelled");
    // Reading is not a mutation: no key makes it repeat itself.
    assertThat(acme.get("/v1/runs/" + run, KEY, key).json().get("status").asString())
        .isEqualTo("cancelled");
    assertThat(acme.get("/v1/runs/" + run, KEY, key).header(REPLAY)).isNull();
  }

  @Test
  void aKeyMayBeLongAndEveryCharacterCounts() {
    String longKey = key + "x'\"\\;--%00".repeat(500).substring(0, 4963);
    assertThat(longKey).hasSizeGreaterThanOrEqualTo(4999);

    Answer first = acme.post("/v1/runs", BODY.formatted("a"), KEY, longKey + "1");
    Answer other = acme.post("/v1/runs", BODY.formatted("a"), KEY, longKey + "2");
    Answer again = acme.post("/v1/runs", BODY.formatted("a"), KEY, longKey + "1");

    assertThat(List.of(first.status(), other.status(), again.status())).containsOnly(201);
    assertThat(other.text()).isNotEqualTo(first.text());
    assertThat(again.text()).isEqualTo(first.text());
    Set<Integer> stored =
        new HashSet<>(
            host.database()
                .sql("select length(key_hash) from openwop.idempotency_record")
                .query(Integer.class)
                .list());
    assertThat(stored).containsExactly(32);
  }

  @Test
  void aMalformedRequestIsJudgedAnew() {
    String body = "{\"workflowId\": \"registered-late\"}";
    Envelope.assertRefused(acme.post("/v1/runs", body, KEY, key), 400, "validation_error");
    Envelope.assertRefused(acme.post("/v1/runs", "{", KEY, key), 400, "validation_error");
    acme.register("registered-late", Definitions.chain("registered-late", Definitions.noop("a")));

    Answer answer = acme.post("/v1/runs", body, KEY, key);

    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.header(REPLAY)).isNull();
  }

  @Test
  void aForbiddenRequestIsJudgedAnew() {
    Envelope.assertRefused(
        host.as(Key.POWERLESS).post("/v1/runs", BODY.formatted("a"), KEY, key), 403, "forbidden");
    Envelope.assertRefused(
        host.as(Key.EXPIRED).post("/v1/runs", BODY.formatted("a"), KEY, key), 401, "key_expired");

    Answer answer = acme.post("/v1/runs", BODY.formatted("a"), KEY, key);

    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.header(REPLAY)).isNull();
  }

  @Test
  void aFailureOfTheHostIsJudgedAnew() {
    String refusing =
        "alter table openwop.run add constraint refuses_runs check (tags is null) not valid";
    String body = "{\"workflowId\": \"conformance-noop\", \"tags\": [\"refused for a while\"]}";
    host.database().sql(refusing).update();
    try {
      Envelope.assertRefused(acme.post("/v1/runs", body, KEY, key), 500, "internal_error");
    } finally {
      host.database().sql("alter table openwop.run drop constraint refuses_runs").update();
    }

    Answer answer = acme.post("/v1/runs", body, KEY, key);

    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.header(REPLAY)).isNull();
    assertThat(acme.types(answer.json().get("runId").asString())).endsWith("run.completed");
  }

  @Test
  void whatWasNotThereStaysAwayFromItsRepetitions() {
    String path = "/v1/host/heddle/workflows/was-not-there";
    Answer first = acme.delete(path, KEY, key);
    Envelope.assertRefused(first, 404, "not_found");
    acme.register("was-not-there", Definitions.chain("was-not-there", Definitions.noop("a")));

    Answer second = acme.delete(path, KEY, key);

    assertThat(second.header(REPLAY)).isEqualTo("true");
    assertThat(second.text()).isEqualTo(first.text());
    Envelope.assertRefused(second, 404, "not_found");
    assertThat(acme.get("/v1/workflows/was-not-there").status()).isEqualTo(200);
  }

  @Test
  void aRepeatedDeletionDeletesOnce() {
    String definition = Definitions.chain("deleted-once", Definitions.noop("a"));
    String path = "/v1/host/heddle/workflows/deleted-once";
    acme.register("deleted-once", definition);
    Answer first = acme.delete(path, KEY, key);
    acme.register("deleted-once", definition);

    Answer second = acme.delete(path, KEY, key);

    assertThat(first.status()).isEqualTo(204);
    assertThat(first.body()).isEmpty();
    assertThat(second.status()).isEqualTo(204);
    assertThat(second.header(REPLAY)).isEqualTo("true");
    assertThat(acme.get("/v1/workflows/deleted-once").status()).isEqualTo(200);
  }

  @Test
  void aRepeatedRegistrationChangesNothingBack() {
    String path = "/v1/host/heddle/workflows/registered-once";
    String old = Definitions.chain("registered-once", Definitions.says("a", "old"));
    Answer first = acme.put(path, old, KEY, key);
    acme.register(
        "registered-once", Definitions.chain("registered-once", Definitions.says("a", "new")));

    Answer second = acme.put(path, old, KEY, key);

    assertThat(second.header(REPLAY)).isEqualTo("true");
    assertThat(second.text()).isEqualTo(first.text());
    assertThat(acme.get("/v1/workflows/registered-once").text()).contains("\"new\"");
  }

  @Test
  void withoutAKeyEveryRequestCounts() {
    Answer first = acme.post("/v1/runs", BODY.formatted("a"));
    Answer second = acme.post("/v1/runs", BODY.formatted("a"));

    assertThat(second.header(REPLAY)).isNull();
    assertThat(second.json().get("runId")).isNotEqualTo(first.json().get("runId"));
  }
}
