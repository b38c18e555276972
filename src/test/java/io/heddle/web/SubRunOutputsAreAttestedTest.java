package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A deployment for tests tells what the engine makes of the outputs of a sub-workflow. */
@ExtendWith(TestHost.Shared.class)
class SubRunOutputsAreAttestedTest {

  private static final String SEAM = "/v1/host/sample/subrun/attest";

  /** Of {@code {"report":"done","score":0.9,"tags":["a","b"]}}, as any other tool makes it. */
  private static final String CHECKSUM =
      "63a0014fbc71ddd0e41e568822b956dc0e1e22c1c0bdccdd64dc86d38538d55a";

  private final TestHost host;

  private final Caller acme;

  SubRunOutputsAreAttestedTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"report\": \"done\", \"score\": 0.9, \"tags\": [\"a\", \"b\"]}",
        "{\"tags\": [\"a\", \"b\"], \"score\": 9.0e-1, \"report\": \"d\\u006fne\"}"
      })
  void theChecksumIsOfWhatTheOutputsSayNotOfHowTheyAreWritten(String outputs) {
    JsonNode told = attest(outputs, "{\"checksum\": true}", null);

    assertThat(told.at("/attestation/checksum").asString()).isEqualTo(CHECKSUM);
    assertThat(told.at("/attestation/algorithm").asString()).isEqualTo("sha256");
    assertThat(told.at("/harvestedEvent/type").asString()).isEqualTo("core.workflowChain.event");
    assertThat(told.at("/harvestedEvent/payload/phase").asString()).isEqualTo("output.harvested");
    assertThat(told.at("/harvestedEvent/payload/attestation")).isEqualTo(told.get("attestation"));
    assertThat(told.get("merged").asBoolean()).isTrue();
    assertThat(told.at("/mergedValues/report").asString()).isEqualTo("done");
  }

  @ParameterizedTest
  @CsvSource({"accept,true", "edit-accept,true", "reject,false", "ask,false", ",false"})
  void nothingButAnAcceptanceMerges(String action, boolean merges) {
    JsonNode told = attest("{\"artifact\": \"x\"}", "{\"requireApproval\": true}", action);

    assertThat(told.get("merged").isBoolean()).isTrue();
    assertThat(told.get("merged").asBoolean()).isEqualTo(merges);
    assertThat(told.has("mergedValues")).isEqualTo(merges);
    assertThat(told.has("attestation")).isFalse();
    assertThat(told.has("harvestedEvent")).isFalse();
  }

  @Test
  void editsAreMerged() {
    Answer answer =
        acme.post(
            SEAM,
            """
            {"childOutputs": {"artifact": "x"}, "outputAttestation": {"requireApproval": true},
             "approvalAction": "edit-accept", "editedArtifactData": {"artifact": "y"}}
            """);

    assertThat(answer.json().at("/mergedValues/artifact").asString()).isEqualTo("y");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|/childOutputs",
        "{\"childOutputs\": null}|/childOutputs",
        "{\"childOutputs\": []}|/childOutputs",
        "{\"childOutputs\": {}, \"outputAttestation\": true}|/outputAttestation",
        "{\"childOutputs\": {}, \"outputAttestation\": null}|/outputAttestation",
        "{\"childOutputs\": {}, \"outputAttestation\": {\"checksum\": 1}}|/outputAttestation/checksum",
        "{\"childOutputs\": {}, \"outputAttestation\": {\"algorithm\": \"md5\"}}|/outputAttestation/algorithm",
        "{\"childOutputs\": {}, \"outputAttestation\": {\"principalScope\": []}}|/outputAttestation/principalScope",
        "{\"childOutputs\": {}, \"outputAttestation\": {\"a/~b\": 1}}|/outputAttestation/a~1~0b",
        "{\"childOutputs\": {}, \"approvalAction\": \"approve\"}|/approvalAction",
        "{\"childOutputs\": {}, \"approvalAction\": null}|/approvalAction",
        "{\"childOutputs\": {}, \"editedArtifactData\": 1}|/editedArtifactData",
        "{\"childOutputs\": {\"n\": 9007199254740993}, \"outputAttestation\": {\"checksum\": true}}|/childOutputs",
        "{\"childOutputs\": {\"s\": \"\\ud800\"}, \"outputAttestation\": {\"checksum\": true}}|/childOutputs",
      })
  void whatMakesNoSenseIsRefusedWithItsPlace(String body, String place) {
    Answer answer = acme.post(SEAM, body);

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.text()).contains(place);
  }

  @Test
  void strangersAreNotAnswered() {
    String body = "{\"childOutputs\": {}}";

    Envelope.assertRefused(host.anonymous().post(SEAM, body), 401, "unauthenticated");
    Envelope.assertRefused(host.as(Key.POWERLESS).post(SEAM, body), 403, "forbidden");
  }

  @Test
  void nothingIsStored() {
    long before = host.runs();
    attest("{}", "{\"checksum\": true, \"requireApproval\": true}", "accept");

    assertThat(host.runs()).isEqualTo(before);
  }

  @Test
  void onlyADeploymentForTestsHasItButAllAttest(@TempDir Path directory) {
    assertThat(attests(host)).isTrue();
    try (TestHost production =
        TestHost.start(
            "--openwop.conformance.enabled=false",
            "--spring.datasource.url=",
            "--openwop.embedded-postgres.directory=" + directory)) {
      Envelope.assertRefused(
          production.as(Key.ACME).post(SEAM, "{\"childOutputs\": {}}"), 404, "not_found");
      assertThat(attests(production)).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "true|/outputAttestation",
        "{\"checksum\": \"yes\"}|/outputAttestation/checksum",
        "{\"algorithm\": \"sha512\"}|/outputAttestation/algorithm",
        "{\"principalScope\": [\"report:write\"]}|/outputAttestation/principalScope",
      })
  void aDefinitionThatWantsSomethingElseIsRefused(String wanted, String place) {
    Answer answer = register(id(), config("\"outputAttestation\": " + wanted));

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.text()).contains("/nodes/0/config" + place);
  }

  @Test
  void nobodyCanAttestWhatIsNotWaitedFor() {
    Answer answer =
        register(
            id(),
            config("\"waitForCompletion\": false, \"outputAttestation\": {\"checksum\": true}"));

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.text()).contains("/nodes/0/config/outputAttestation");
    assertThat(
            register(
                    id(),
                    config(
                        "\"waitForCompletion\": false, \"outputAttestation\": {\"checksum\":"
                            + " false}"))
                .status())
        .isBetween(200, 201);
  }

  @Test
  void aTenantDecidesOverItsOwn() {
    String workflow = id();
    assertThat(
            register(
                    workflow,
                    config(
                        "\"outputAttestation\": {\"checksum\": true, \"requireApproval\": true}"))
                .status())
        .isBetween(200, 201);
    String run = acme.startRun(workflow);
    await("the question").until(() -> acme.status(run).equals("waiting-approval"));
    String answer = "{\"resumeValue\": {\"action\": \"accept\"}}";

    Caller globex = host.as(Key.GLOBEX);
    assertThat(globex.post("/v1/runs/" + run + "/interrupts/call", answer).status()).isEqualTo(404);
    assertThat(acme.status(run)).isEqualTo("waiting-approval");
    assertThat(acme.post("/v1/runs/" + run + "/interrupts/call", answer).status()).isEqualTo(200);
    await("the end").until(() -> acme.status(run).equals("completed"));
    assertThat(acme.types(run))
        .containsSubsequence(
            "core.workflowChain.event",
            "interrupt.requested",
            "approval.received",
            "node.completed",
            "run.completed");
  }

  private JsonNode attest(String outputs, String wanted, String action) {
    Answer answer =
        acme.post(
            SEAM,
            "{\"childOutputs\": %s, \"outputAttestation\": %s%s}"
                .formatted(
                    outputs,
                    wanted,
                    action == null ? "" : ", \"approvalAction\": \"%s\"".formatted(action)));
    assertThat(answer.status()).isEqualTo(200);
    return answer.json();
  }

  private static boolean attests(TestHost host) {
    return host.anonymous()
        .get("/.well-known/openwop")
        .json()
        .at("/agents/subRunAttestation")
        .asBoolean(false);
  }

  private Answer register(String id, String config) {
    return acme.put(
        "/v1/host/heddle/workflows/" + id,
        Definitions.chain(id, Definitions.node("call", "core.subWorkflow", config, "{}")));
  }

  private static String config(String more) {
    return "{\"workflowId\": \"conformance-noop\", " + more + "}";
  }

  private static String id() {
    return "attest-" + UUID.randomUUID();
  }
}
