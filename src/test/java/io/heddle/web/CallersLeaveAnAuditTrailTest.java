package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What callers do and are refused is in the audit log of their tenant, and nothing they said. */
@Timeout(120)
class CallersLeaveAnAuditTrailTest {

  private static final String CANARY = "canary-" + UUID.randomUUID();

  private static final String APPROVAL =
      "{\"resumeValue\": {\"action\": \"accept\", \"reason\": \"%s\"}}".formatted(CANARY);

  @TempDir private static Path directory;

  private static TestHost host;

  private static Caller acme;

  private static Caller globex;

  @BeforeAll
  static void start() {
    host =
        TestHost.start(
            "--spring.datasource.url=",
            "--openwop.embedded-postgres.directory=" + directory.resolve("postgres"),
            "--openwop.audit.checkpoint-entries=5",
            "--openwop.audit.interval=50ms");
    acme = host.as(Key.ACME);
    globex = host.as(Key.GLOBEX);
  }

  @AfterAll
  static void stop() {
    host.close();
  }

  @Test
  void whatIsDoneIsRecordedOnceAndWithoutWhatWasSaid() {
    String workflow = "audited-" + UUID.randomUUID();
    acme.register(workflow, Definitions.chain(workflow, Definitions.noop("a")));
    String body =
        "{\"workflowId\": \"conformance-delay\", \"inputs\": {\"delayMs\": 60000},"
            + " \"metadata\": {\"note\": \"%s\"}}".formatted(CANARY);
    String run =
        acme.send("POST", "/v1/runs", body, "Idempotency-Key", CANARY)
            .json()
            .get("runId")
            .asString();
    assertThat(
            acme.send("POST", "/v1/runs", body, "Idempotency-Key", CANARY)
                .json()
                .get("runId")
                .asString())
        .isEqualTo(run);
    String reason = "{\"reason\": \"%s\"}".formatted(CANARY);
    String pause = "{\"reason\": \"%s\", \"drainPolicy\": \"immediate\"}".formatted(CANARY);
    assertThat(acme.post("/v1/runs/" + run + ":pause", pause).status()).isEqualTo(202);
    assertThat(acme.post("/v1/runs/" + run + ":resume", reason).status()).isEqualTo(202);
    assertThat(acme.post("/v1/runs/" + run + "/cancel", reason).status()).isEqualTo(200);
    // Found ended, so that nothing is done.
    assertThat(acme.post("/v1/runs/" + run + "/cancel", reason).status()).isEqualTo(200);
    assertThat(acme.post("/v1/runs/" + run + ":pause", pause).status()).isEqualTo(409);
    String fork =
        acme.post("/v1/runs/" + run + ":fork", "{\"mode\": \"branch\", \"fromSeq\": 0}")
            .json()
            .get("runId")
            .asString();
    String bulk = "{\"runIds\": [\"%s\", \"unknown\"]}".formatted(fork);
    assertThat(acme.post("/v1/runs:bulk-cancel", bulk).status()).isEqualTo(200);
    assertThat(acme.delete("/v1/host/heddle/workflows/" + workflow).status()).isEqualTo(204);

    assertThat(trail(acme, run))
        .containsExactly("run.created", "run.paused", "run.resumed", "run.cancelled");
    assertThat(trail(acme, fork)).containsExactly("run.forked", "run.cancelled");
    assertThat(trail(acme, workflow)).containsExactly("workflow.registered", "workflow.deleted");
    assertThat(entries(acme))
        .allSatisfy(
            entry -> {
              assertThat(entry.at("/entry/tenantId").asString()).isEqualTo("acme");
              assertThat(entry.toString()).doesNotContain(CANARY).doesNotContain("hk_secret");
            });
    assertThat(entries(acme).get(0).at("/entry/actor").asString()).isNotEmpty();
  }

  @Test
  void answersToQuestionsAreRecordedWithoutTheAnswer() {
    String run = acme.startRun("conformance-approval");
    await("the question").until(() -> acme.status(run).equals("waiting-approval"));
    String token = acme.get("/v1/runs/" + run).json().at("/interrupt/interruptToken").asString();
    assertThat(acme.post("/v1/runs/" + run + "/interrupts/gate", "{}").status()).isEqualTo(400);
    assertThat(host.anonymous().post("/v1/interrupts/" + token, APPROVAL).status()).isEqualTo(200);
    acme.log(run);

    assertThat(trail(acme, run)).containsExactly("run.created", "interrupt.resolved");
    JsonNode entry =
        entries(acme).stream()
            .filter(it -> it.at("/entry/target").asString().equals(run))
            .reduce((before, after) -> after)
            .orElseThrow();
    assertThat(entry.at("/entry/actor").asString()).isEqualTo("interrupt-token");
    assertThat(entry.at("/entry/details/nodeId").asString()).isEqualTo("gate");
    assertThat(entry.toString()).doesNotContain(CANARY).doesNotContain(token);
  }

  @Test
  void whoListensIsRecordedWithoutWhere() {
    String webhook =
        acme.post(
                "/v1/webhooks",
                "{\"url\": \"https://93.184.216.34/%s\", \"events\": [\"run.completed\"]}"
                    .formatted(CANARY))
            .json()
            .get("webhookId")
            .asString();
    assertThat(acme.delete("/v1/webhooks/" + webhook).status()).isEqualTo(204);
    assertThat(acme.delete("/v1/webhooks/" + webhook).status()).isEqualTo(404);

    assertThat(trail(acme, webhook)).containsExactly("webhook.registered", "webhook.deleted");
    assertThat(entries(acme)).allSatisfy(it -> assertThat(it.toString()).doesNotContain(CANARY));
  }

  @Test
  void refusalsOfOneCallerAreCountedTogether() {
    int requests = 200;
    for (int i = 0; i < requests; i++) {
      assertThat(
              host.as(Key.READER).post("/v1/runs/%s-%d/cancel".formatted(CANARY, i), "{}").status())
          .isEqualTo(403);
      assertThat(host.as(Key.EXPIRED).get("/v1/runs/" + CANARY).status()).isEqualTo(401);
      assertThat(host.anonymous().get("/v1/runs/" + CANARY).status()).isEqualTo(401);
    }

    await("the refusals")
        .until(
            () ->
                denied().stream().anyMatch(it -> it.endsWith("key_expired"))
                    && denied().stream().anyMatch(it -> it.endsWith("forbidden")));
    // The first at once, and the others a minute later.
    assertThat(denied()).hasSizeLessThanOrEqualTo(2 * 3);
    assertThat(entries(acme).toString())
        .contains("\"requests\":[\"POST /v1/runs/{runId}/cancel\"]")
        .doesNotContain(CANARY);
  }

  private static List<String> denied() {
    return entries(acme).stream()
        .map(it -> it.get("entry"))
        .filter(it -> it.get("action").asString().equals("access.denied"))
        .map(it -> it.get("actor").asString() + " " + it.at("/details/reason").asString())
        .toList();
  }

  @Test
  void aTenantSeesItsOwnLogOnly() {
    String ours = acme.startRun("conformance-noop");
    String theirs = globex.startRun("conformance-noop");

    assertThat(trail(acme, ours)).containsExactly("run.created");
    assertThat(trail(globex, theirs)).containsExactly("run.created");
    assertThat(trail(globex, ours)).isEmpty();
    assertThat(entries(globex).toString()).doesNotContain("acme").doesNotContain(ours);
    Set<String> checkpoints = new TreeSet<>();
    for (Caller caller : List.of(acme, globex)) {
      JsonNode report = verify(caller, "?fromSeq=0&toSeq=1000000");
      assertThat(report.get("chainValid").asBoolean()).isTrue();
      report.get("checkpoints").forEach(it -> checkpoints.add(it.get("checkpoint").asString()));
      assertThat(entries(caller).get(0).at("/entry/atSequence").asInt()).isEqualTo(1);
    }
    verify(acme, "")
        .get("checkpoints")
        .forEach(it -> assertThat(checkpoints).contains(it.get("checkpoint").asString()));
  }

  @Test
  void aVerificationHasTheClosedMembers() {
    fill();

    JsonNode report = verify(acme, "?fromSeq=0&toSeq=1000000");

    assertThat(report.propertyNames())
        .containsExactlyInAnyOrder(
            "fromSeq", "toSeq", "chainValid", "checkpointsValid", "checkpoints", "anomalies");
    assertThat(report.get("fromSeq").asLong()).isZero();
    assertThat(report.get("toSeq").asLong()).isEqualTo(1_000_000);
    assertThat(report.get("chainValid").asBoolean()).isTrue();
    assertThat(report.get("anomalies").isEmpty()).isTrue();
    long before = 0;
    for (JsonNode checkpoint : report.get("checkpoints")) {
      assertThat(checkpoint.propertyNames())
          .containsExactlyInAnyOrder("checkpoint", "atSequence", "merkleRoot", "signature");
      assertThat(checkpoint.get("atSequence").asLong() - before).isBetween(1L, 5L);
      before = checkpoint.get("atSequence").asLong();
    }
    assertThat(before).isGreaterThanOrEqualTo(10);
    JsonNode part = verify(acme, "?fromSeq=6&toSeq=9").get("checkpoints");
    assertThat(part).noneMatch(it -> it.get("atSequence").asLong() < 6);
    assertThat(part).noneMatch(it -> it.get("atSequence").asLong() > 9);
    JsonNode advertised =
        host.anonymous().get("/.well-known/openwop").json().at("/auth/auditLogIntegrity");
    assertThat(advertised.get("checkpointPublicKey").asString()).startsWith("MCowBQYDK2VwAyEA");
    assertThat(advertised.get("checkpointIntervalEntries").asInt()).isEqualTo(5);
    assertThat(advertised.get("checkpointIntervalSeconds").asInt()).isEqualTo(300);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fromSeq=2&toSeq=1",
        "fromSeq=-1",
        "toSeq=-1",
        "fromSeq=1.5",
        "fromSeq=x",
        "fromSeq=",
        "toSeq=9007199254740992",
        "toSeq=99999999999999999999",
        "fromSeq=1&fromSeq=2",
        "fromSeq=%00"
      })
  void aRangeThatIsNoneIsRefused(String query) {
    for (String path :
        List.of(
            "/v1/audit/verify",
            "/v1/host/heddle/audit/entries",
            "/v1/host/heddle/audit/checkpoints")) {
      Envelope.assertRefused(acme.get(path + "?" + query), 400, "validation_error");
    }
  }

  @Test
  void othersVerifyTheLogWithoutBelievingTheHost() throws Exception {
    fill();
    String key =
        host.anonymous()
            .get("/.well-known/openwop")
            .json()
            .at("/auth/auditLogIntegrity/checkpointPublicKey")
            .asString();
    Path saved = directory.resolve("saved.json");
    String checkpoints = "/v1/host/heddle/audit/checkpoints";
    await("a checkpoint").until(() -> acme.get(checkpoints).text().contains("chk-"));
    String export = acme.get(checkpoints).text();
    Files.writeString(saved, export);

    assertThat(script(key, saved)).startsWith("0 ").contains(" 0 faults");

    // Of another key, and one that is not in the log any more.
    assertThat(script("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", saved))
        .startsWith("1 ")
        .contains("was not signed with this key");
    Files.writeString(saved, export.replaceFirst("chk-[0-9a-f]{4}", "chk-zzzz"));
    assertThat(script(key, saved)).startsWith("1 ").contains("was saved, and is not in the log");
  }

  private static String script(String key, Path saved) throws IOException, InterruptedException {
    File output = directory.resolve("script-" + UUID.randomUUID()).toFile();
    Process process =
        new ProcessBuilder(
                "node",
                "src/main/tools/verify-audit-log.mjs",
                "http://localhost:" + host.port(),
                Key.ACME.secret(),
                key,
                saved.toString())
            .redirectErrorStream(true)
            .redirectOutput(output)
            .start();
    int exit = process.waitFor();
    return exit + " " + Files.readString(output.toPath(), StandardCharsets.UTF_8);
  }

  private static void fill() {
    for (int i = 0; i < 11; i++) {
      acme.startRun("conformance-noop");
    }
  }

  private static JsonNode verify(Caller caller, String query) {
    Answer answer = caller.get("/v1/audit/verify" + query);
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    return answer.json();
  }

  private static List<String> trail(Caller caller, String target) {
    return entries(caller).stream()
        .map(it -> it.get("entry"))
        .filter(it -> it.get("target").asString().equals(target))
        .map(it -> it.get("action").asString())
        .toList();
  }

  private static List<JsonNode> entries(Caller caller) {
    List<JsonNode> entries = new ArrayList<>();
    int before;
    do {
      before = entries.size();
      caller
          .get("/v1/host/heddle/audit/entries?limit=7&fromSeq=" + (before + 1))
          .json()
          .get("entries")
          .forEach(entries::add);
    } while (entries.size() > before);
    return entries;
  }
}
