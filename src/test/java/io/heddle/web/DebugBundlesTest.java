package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.web.TestHost.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What somebody takes home who has to find out what went wrong with a run. */
@ExtendWith(TestHost.Shared.class)
class DebugBundlesTest {

  private static final String SEAM = "/v1/host/sample/test/debug-bundle/export";

  private final TestHost host;

  private final Caller acme;

  DebugBundlesTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @Test
  void holdTheRunItsWholeLogAndWhatWasSaidOfIt() {
    String run = acme.startRun("conformance-multi-node", "{\"given\": 1}");
    List<JsonNode> log = acme.log(run);
    acme.post(
        "/v1/runs/%s/annotations".formatted(run),
        "{\"signal\": {\"kind\": \"flag\"}, \"note\": \"odd\"}");

    Answer answer = host.as(Key.READER).get(bundle(run));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("cache-control")).isEqualTo("no-store");
    assertThat(answer.header("content-type")).startsWith("application/json");
    JsonNode bundle = answer.json();
    assertThat(bundle.propertyNames())
        .containsExactly(
            "bundleVersion",
            "generatedAt",
            "host",
            "run",
            "annotations",
            "events",
            "spans",
            "metrics",
            "redactionApplied",
            "redactionMode");
    assertThat(bundle.get("bundleVersion").asString()).isEqualTo("1.0");
    assertThat(bundle.get("host"))
        .isEqualTo(host.anonymous().get("/.well-known/openwop").json().get("implementation"));
    assertThat(list(bundle.get("events"))).isEqualTo(log);
    assertThat(bundle.at("/metrics/eventCount").asInt()).isEqualTo(log.size());
    assertThat(bundle.at("/metrics/nodeCount").asInt()).isEqualTo(3);
    assertThat(bundle.at("/run/runId").asString()).isEqualTo(run);
    assertThat(bundle.at("/run/status").asString()).isEqualTo("completed");
    assertThat(bundle.at("/run/inputs/given").asInt()).isEqualTo(1);
    assertThat(bundle.at("/annotations/0/note").asString()).isEqualTo("odd");
    assertThat(bundle.get("redactionApplied").asBoolean()).isTrue();
    assertThat(bundle.get("redactionMode").asString()).isEqualTo("mask");
    JsonNode seam = acme.post(SEAM, "{\"runId\": \"%s\"}".formatted(run)).json();
    assertThat(seam.get("events")).isEqualTo(bundle.get("events"));
    assertThat(seam.get("run")).isEqualTo(bundle.get("run"));
  }

  @Test
  void areAdvertisedWithTheirSeam() {
    JsonNode document = host.anonymous().get("/.well-known/openwop").json();

    assertThat(document.get("debugBundle").toString()).isEqualTo("{\"supported\":true}");
    assertThat(document.at("/observability/testSeams/debugBundleExport").asBoolean()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "conformance-approval, waiting-approval, waiting-approval",
    "conformance-clarification, waiting-input, waiting-clarification",
    "conformance-interrupt-external-event, waiting-external, running"
  })
  void knowTheStatusesOfTheirSchemaAndNoTokens(String workflow, String status, String told) {
    String run = acme.startRun(workflow);
    await(status).until(() -> acme.status(run).equals(status));
    String token = acme.get("/v1/runs/" + run).json().at("/interrupt/interruptToken").asString();

    Answer answer = acme.get(bundle(run));

    assertThat(answer.json().at("/run/status").asString()).isEqualTo(told);
    assertThat(token).isNotEmpty();
    assertThat(answer.text()).doesNotContain(token, "interruptToken");
  }

  @Test
  void doNotTellWhatIsSensitive() {
    String id = "bundle-sensitive";
    acme.register(
        id,
        WorkflowBuilder.workflow(id)
            .sensitiveVariable("pin", null)
            .node("echo", "core.identity")
            .input("x", Map.of("type", "variable", "variableName", "pin"))
            .json());
    String run = acme.startRun(id, "{\"pin\": \"what only nodes may see\"}");
    acme.log(run);

    assertThat(acme.get(bundle(run)).text())
        .contains("[REDACTED]")
        .doesNotContain("what only nodes may see");
  }

  @ParameterizedTest
  @ValueSource(strings = {"maxEvents", "host.heddle.maxEvents"})
  void areCutOnRequest(String parameter) {
    String run = acme.startRun("conformance-multi-node");
    List<JsonNode> log = acme.log(run);

    JsonNode cut = acme.get("%s?%s=2".formatted(bundle(run), parameter)).json();

    assertThat(list(cut.get("events"))).isEqualTo(log.subList(0, 2));
    assertThat(cut.get("truncated").asBoolean()).isTrue();
    assertThat(cut.get("truncatedReason").asString()).isEqualTo("events_truncated_on_request");
    assertThat(cut.at("/metrics/eventCount").asInt()).isEqualTo(log.size());
    JsonNode none = acme.get("%s?%s=0".formatted(bundle(run), parameter)).json();
    assertThat(none.get("events")).isEmpty();
    assertThat(none.get("truncated").asBoolean()).isTrue();
    JsonNode whole = acme.get("%s?%s=%d".formatted(bundle(run), parameter, log.size())).json();
    assertThat(whole.has("truncated")).isFalse();
    for (String wrong : List.of("-1", "x", "", "2147483648", "1&" + parameter + "=1")) {
      Envelope.assertRefused(
          acme.get("%s?%s=%s".formatted(bundle(run), parameter, wrong)), 400, "validation_error");
    }
  }

  @Test
  void areForThoseWhoMayReadTheRun() {
    String run = acme.startRun("conformance-noop");
    acme.log(run);
    String body = "{\"runId\": \"%s\"}";

    for (String id : List.of(run, "no-such-run", "~", "x".repeat(200))) {
      Envelope.assertRefused(host.anonymous().get(bundle(id)), 401, "unauthenticated");
      Envelope.assertRefused(host.as(Key.POWERLESS).get(bundle(id)), 403, "forbidden");
      Envelope.assertRefused(host.as(Key.GLOBEX).get(bundle(id)), 404, "not_found");
      Envelope.assertRefused(
          host.anonymous().post(SEAM, body.formatted(id)), 401, "unauthenticated");
      Envelope.assertRefused(
          host.as(Key.POWERLESS).post(SEAM, body.formatted(id)), 403, "forbidden");
      Envelope.assertRefused(host.as(Key.GLOBEX).post(SEAM, body.formatted(id)), 404, "not_found");
    }
    for (String wrong : List.of("{}", "{\"runId\": 1}", "{\"runId\": \"\"}", "[]", "")) {
      Envelope.assertRefused(acme.post(SEAM, wrong), 400, "validation_error");
    }
  }

  @Test
  void tellARunAsItStandsAndNoLater() {
    String run = acme.startRun("conformance-cancellable");
    await("its start").until(() -> acme.status(run).equals("running"));

    JsonNode bundle = acme.get(bundle(run)).json();

    assertThat(bundle.at("/run/status").asString()).isEqualTo("running");
    assertThat(bundle.get("events").size()).isEqualTo(bundle.at("/metrics/eventCount").asInt());
    acme.post("/v1/runs/%s/cancel".formatted(run), "{}");
    assertThat(acme.get(bundle(run)).json().at("/run/status").asString()).isEqualTo("cancelled");
  }

  @Test
  void leaveOutWhatIsLargeOfARunThatIsTooLarge() {
    String large = "x".repeat(900_000);
    String run = acme.startRun("conformance-noop", Json.write(Map.of("a", large)));
    acme.log(run);
    host.database()
        .sql(
            """
            update openwop.run set state = (state::jsonb || jsonb_build_object('variables',
              (select jsonb_object_agg('v' || i, repeat('y', 1000000)) from generate_series(1, 8) i)))::json
            where run_id = :run
            """)
        .param("run", run)
        .update();

    Answer answer = acme.get(bundle(run));

    assertThat(answer.body().length).isBetween(900_000, 8 << 20);
    JsonNode bundle = answer.json();
    assertThat(bundle.get("run").has("variables")).isFalse();
    assertThat(bundle.at("/run/inputs/a").asString()).isEqualTo(large);
    assertThat(bundle.get("truncatedReason").asString()).isEqualTo("run_truncated_to_size_cap");
    assertThat(bundle.get("events").size()).isEqualTo(bundle.at("/metrics/eventCount").asInt());
  }

  private static String bundle(String run) {
    return "/v1/runs/" + run + "/debug-bundle";
  }

  private static List<JsonNode> list(JsonNode array) {
    List<JsonNode> list = new ArrayList<>();
    array.forEach(list::add);
    return list;
  }
}
