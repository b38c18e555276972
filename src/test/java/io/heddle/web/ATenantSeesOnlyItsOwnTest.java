package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

@ExtendWith(TestHost.Shared.class)
class ATenantSeesOnlyItsOwnTest {

  private static final String SHARED_NAME = "both-tenants-have-one";

  private final TestHost host;

  private final Caller acme;

  private final Caller globex;

  ATenantSeesOnlyItsOwnTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
    this.globex = host.as(Key.GLOBEX);
  }

  @Test
  void aRunIsItsTenantsWhicheverKeyAsks() {
    String run = acme.startRun("conformance-noop");
    acme.log(run);

    JsonNode snapshot = host.as(Key.ACME_SECOND).get("/v1/runs/" + run).json();

    assertThat(snapshot).isEqualTo(acme.get("/v1/runs/" + run).json());
    assertThat(snapshot.get("owner").get("tenant").asString()).isEqualTo("acme");
    for (String path : List.of("", "/events", "/events/poll?timeout=0")) {
      Envelope.assertRefused(globex.get("/v1/runs/" + run + path), 404, "not_found");
    }
  }

  @Test
  void aRunCannotBePlantedWithAnotherTenant() {
    long before = host.runs();

    Answer answer =
        globex.post("/v1/runs", "{\"workflowId\": \"conformance-noop\", \"tenantId\": \"acme\"}");

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.json().at("/details/errors/0/pointer").asString()).isEqualTo("/tenantId");
    assertThat(host.runs()).isEqualTo(before);
  }

  @Test
  void workflowsOfOneNameAreStrangersToEachOther() {
    String said = "{\"says\":\"%s\"}";
    acme.register(SHARED_NAME, Definitions.chain(SHARED_NAME, Definitions.says("a", "acme")));
    assertThat(globex.get("/v1/workflows/" + SHARED_NAME).status()).isEqualTo(404);
    Envelope.assertRefused(
        globex.post("/v1/runs", "{\"workflowId\": \"%s\"}".formatted(SHARED_NAME)),
        400,
        "validation_error");

    int first =
        globex.register(
            SHARED_NAME, Definitions.chain(SHARED_NAME, Definitions.says("a", "globex")));

    assertThat(first).isEqualTo(1);
    assertThat(acme.get("/v1/workflows/" + SHARED_NAME).text()).contains("\"value\":\"acme\"");
    assertThat(outputs(acme, acme.startRun(SHARED_NAME))).isEqualTo(said.formatted("acme"));
    assertThat(outputs(globex, globex.startRun(SHARED_NAME))).isEqualTo(said.formatted("globex"));

    assertThat(globex.delete("/v1/host/heddle/workflows/" + SHARED_NAME).status()).isEqualTo(204);

    assertThat(globex.get("/v1/workflows/" + SHARED_NAME).status()).isEqualTo(404);
    assertThat(outputs(acme, acme.startRun(SHARED_NAME))).isEqualTo(said.formatted("acme"));
  }

  @Test
  void whatTheHostOffersIsEverybodys() {
    assertThat(acme.get("/v1/workflows/conformance-noop").text())
        .isEqualTo(globex.get("/v1/workflows/conformance-noop").text());
    String run = globex.startRun("conformance-noop");
    assertThat(globex.types(run)).endsWith("run.completed");
    assertThat(acme.get("/v1/runs/" + run).status()).isEqualTo(404);
  }

  @Test
  void aKeyOfARequestIsItsTenants() {
    String key = UUID.randomUUID().toString();
    String body = "{\"workflowId\": \"conformance-noop\"}";

    Answer acmes = acme.post("/v1/runs", body, "Idempotency-Key", key);
    Answer globexes = globex.post("/v1/runs", body, "Idempotency-Key", key);
    Answer again = host.as(Key.ACME_SECOND).post("/v1/runs", body, "Idempotency-Key", key);

    assertThat(List.of(acmes.status(), globexes.status())).containsOnly(201);
    assertThat(globexes.header("openwop-idempotent-replay")).isNull();
    assertThat(globexes.json().get("runId")).isNotEqualTo(acmes.json().get("runId"));
    assertThat(again.header("openwop-idempotent-replay")).isEqualTo("true");
    assertThat(again.text()).isEqualTo(acmes.text());
  }

  @Test
  void aBulkCancelReachesOnlyItsTenantsRuns() {
    String acmes = acme.startRun("conformance-cancellable");
    String globexes = globex.startRun("conformance-cancellable");
    String ended = globex.startRun("conformance-noop");
    globex.log(ended);
    List<String> ids = List.of(acmes, globexes, "no-such-run", ended, globexes, "~");

    Answer answer =
        globex.post(
            "/v1/runs:bulk-cancel", "{\"runIds\": [\"%s\"]}".formatted(String.join("\",\"", ids)));

    assertThat(answer.status()).isEqualTo(200);
    List<String> results = new ArrayList<>();
    for (JsonNode result : answer.json().get("results")) {
      results.add(
          result.get("runId").asString()
              + (result.get("ok").asBoolean()
                  ? " " + result.get("status").asString()
                  : " " + result.get("error").get("code").asString()));
    }
    assertThat(results)
        .containsExactly(
            acmes + " not_found",
            globexes + " cancelled",
            "no-such-run not_found",
            ended + " run_terminal",
            globexes + " cancelled",
            "~ not_found");
    assertThat(acme.status(acmes)).isIn("pending", "running");
    assertThat(globex.types(globexes)).containsOnlyOnce("run.cancelled").endsWith("run.cancelled");
    assertThat(globex.status(ended)).isEqualTo("completed");
    assertThat(acme.post("/v1/runs/%s/cancel".formatted(acmes), "{}").status()).isEqualTo(200);
  }

  @Test
  void aBulkCancelOfARunCancelledBeforeSaysSoAgain() {
    String run = acme.startRun("conformance-cancellable");
    String body = "{\"runIds\": [\"%s\"]}".formatted(run);

    Answer first = acme.post("/v1/runs:bulk-cancel", body);
    Answer second = acme.post("/v1/runs:bulk-cancel", body);

    assertThat(first.json().at("/results/0/ok").asBoolean()).isTrue();
    assertThat(second.text()).isEqualTo(first.text());
    assertThat(acme.types(run)).containsOnlyOnce("run.cancelled");
  }

  @Test
  void aBulkCancelOfTooManyTellsHowManyItTakes() {
    String ids = "\"a\",".repeat(101);
    Answer answer =
        acme.post(
            "/v1/runs:bulk-cancel",
            "{\"runIds\": [%s]}".formatted(ids.substring(0, ids.length() - 1)));

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.json().at("/details/maxRunIds").asInt()).isEqualTo(100);
    for (String faulty :
        List.of(
            "{}",
            "{\"runIds\": []}",
            "{\"runIds\": \"a\"}",
            "{\"runIds\": [1]}",
            "{\"runIds\": [\"\"]}")) {
      Envelope.assertRefused(acme.post("/v1/runs:bulk-cancel", faulty), 400, "validation_error");
    }
  }

  private static String outputs(Caller caller, String run) {
    List<JsonNode> log = caller.log(run);
    return log.get(log.size() - 1).at("/payload/outputs").toString();
  }
}
