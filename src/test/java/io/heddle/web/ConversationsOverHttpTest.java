package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import io.heddle.web.TestHost.Shared;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Turns of a conversation are sent like answers, and by those who may answer. */
@ExtendWith(Shared.class)
class ConversationsOverHttpTest {

  private static final String WORKFLOW = "converses-over-http";

  private static final String TURN = "{\"role\": \"user\", \"from\": \"user\", \"content\": %s}";

  private final TestHost host;

  private final Caller acme;

  ConversationsOverHttpTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @Test
  void byCredential() {
    String runId = open();
    String path = "/v1/runs/" + runId + "/interrupts/talk";
    JsonNode snapshot = acme.get("/v1/runs/" + runId).json();
    assertThat(snapshot.get("currentNodeId").asString()).isEqualTo("talk");
    assertThat(snapshot.at("/interrupt/kind").asString()).isEqualTo("conversation.exchange");
    assertThat(snapshot.at("/interrupt/data/prompt").asString()).isEqualTo("How much?");
    assertThat(snapshot.at("/interrupt/data/conversationId").asString()).isNotEmpty();

    String exchange = exchange("\"ten\"");
    assertThat(host.anonymous().post(path, exchange).status()).isEqualTo(401);
    assertThat(host.as(Key.POWERLESS).post(path, exchange).status()).isEqualTo(403);
    assertThat(host.as(Key.GLOBEX).post(path, exchange).status()).isEqualTo(404);

    Answer first = acme.post(path, exchange, "Idempotency-Key", runId);
    Answer again = acme.post(path, exchange, "Idempotency-Key", runId);
    assertThat(first.json().get("status").asString()).isEqualTo("waiting-approval");
    assertThat(again.header("openwop-idempotent-replay")).isEqualTo("true");
    assertThat(again.text()).isEqualTo(first.text());
    assertThat(acme.get("/v1/runs/" + runId + "/events", "Accept", "application/json").text())
        .containsOnlyOnce("conversation.exchanged");

    assertThat(error(acme.post(path, close("\"a lot\"")), 400, "validation_error"))
        .contains("/resumeValue/outcome");
    assertThat(acme.post(path, close("10")).status()).isEqualTo(200);
    await(runId).until(() -> acme.status(runId).equals("completed"));
    error(acme.post(path, exchange), 400, "validation_error");
    error(acme.post(path, close("10")), 409, "interrupt_already_resolved");
    assertThat(acme.types(runId))
        .containsSubsequence(
            "interrupt.requested",
            "node.suspended",
            "conversation.opened",
            "conversation.exchanged",
            "conversation.closed",
            "interrupt.resolved",
            "node.resumed",
            "node.completed",
            "run.completed")
        .noneMatch(type -> type.startsWith("clarification."));
  }

  @Test
  void byToken() {
    String runId = open();
    String token = acme.get("/v1/runs/" + runId).json().at("/interrupt/interruptToken").asString();
    String path = "/v1/interrupts/" + token;
    assertThat(host.anonymous().post(path, exchange("1")).status()).isEqualTo(200);
    assertThat(host.anonymous().post(path, exchange("2")).status()).isEqualTo(200);
    assertThat(host.anonymous().post(path, close("3")).status()).isEqualTo(200);
    await(runId).until(() -> acme.status(runId).equals("completed"));
    error(host.anonymous().post(path, exchange("4")), 400, "validation_error");
    assertThat(acme.log(runId).toString()).doesNotContain(token);
  }

  @Test
  void andNothingThatIsSaidBreaksTheHost() {
    String runId = open();
    String path = "/v1/runs/" + runId + "/interrupts/talk";
    for (String content :
        List.of(
            "\"" + "x".repeat(70_000) + "\"",
            "[".repeat(70) + "]".repeat(70),
            "\"\\u0000\"",
            "1e999999")) {
      error(acme.post(path, exchange(content)), 400, "validation_error");
    }
    for (String content :
        List.of(
            "null", "{}", "1.50", "[".repeat(61) + "]".repeat(61), "\"\\u202e\\ud83d\\ude00\"")) {
      assertThat(acme.post(path, exchange(content)).status()).as(content).isEqualTo(200);
    }
    assertThat(acme.post(path, close("1")).status()).isEqualTo(200);
    await(runId).until(() -> acme.status(runId).equals("completed"));
    assertThat(acme.get("/v1/runs/" + runId).json().at("/channels/conversation")).hasSize(7);
  }

  @Test
  void andNobodySeesWhatOnlyNodesMaySee() {
    String workflowId = "converses-about-a-secret";
    acme.register(
        workflowId,
        definition(workflowId)
            .replace(
                "\"variables\": []",
                "\"variables\": [{\"name\": \"code\", \"type\": \"string\", \"sensitive\": true}]"));
    String runId = acme.startRun(workflowId, "{\"code\": \"hush-hush-43\"}");
    await(runId).until(() -> acme.status(runId).equals("waiting-approval"));
    String path = "/v1/runs/" + runId + "/interrupts/talk";
    acme.post(path, exchange("\"the code is hush-hush-43\""));
    acme.post(path, close("1"));
    await(runId).until(() -> acme.status(runId).equals("completed"));
    assertThat(acme.log(runId).toString())
        .contains("conversation.exchanged")
        .doesNotContain("hush-hush-43");
    assertThat(acme.get("/v1/runs/" + runId).text()).doesNotContain("hush-hush-43");
  }

  @Test
  void asTheHostSays() {
    JsonNode document = acme.get("/.well-known/openwop").json();
    assertThat(document.get("conversationPrimitive").asBoolean()).isTrue();
    assertThat(document.at("/capabilities/conversationPrimitive").asBoolean()).isTrue();
    assertThat(document.get("fixtures").toString())
        .doesNotContain("conversation-capability-negotiation");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "conformance-conversation-lifecycle",
        "conformance-conversation-vs-clarification",
        "conformance-conversation-replay"
      })
  void andAsItsFixturesShow(String workflowId) {
    String runId = acme.startRun(workflowId);
    await(runId).until(() -> acme.status(runId).equals("completed"));
    assertThat(acme.types(runId))
        .containsSubsequence(
            "conversation.opened", "conversation.exchanged", "conversation.closed");
    Answer fork = acme.post("/v1/runs/" + runId + ":fork", "{\"mode\": \"replay\"}");
    String replay = fork.json().get("runId").asString();
    await(replay).until(() -> acme.status(replay).equals("completed"));
    assertThat(String.valueOf(acme.get("/v1/runs/" + replay).json().get("channels")))
        .isEqualTo(String.valueOf(acme.get("/v1/runs/" + runId).json().get("channels")));
  }

  private String open() {
    acme.register(WORKFLOW, definition(WORKFLOW));
    String runId = acme.startRun(WORKFLOW);
    await(runId).until(() -> acme.status(runId).equals("waiting-approval"));
    return runId;
  }

  private static String definition(String workflowId) {
    return Definitions.chain(
            workflowId,
            Definitions.node(
                "talk",
                "core.conversationGate",
                "{\"prompt\": \"How much?\", \"outcomeSchema\": {\"type\": \"integer\"}}",
                "{}"))
        .replace(
            "\"variables\": []",
            "\"channels\": {\"conversation\": {\"reducer\": \"message\"}}, \"variables\": []");
  }

  private static String exchange(String content) {
    return "{\"resumeValue\": {\"operation\": \"exchange\", \"turn\": %s}}"
        .formatted(TURN.formatted(content));
  }

  private static String close(String outcome) {
    return "{\"resumeValue\": {\"operation\": \"close\", \"turn\": %s, \"outcome\": %s}}"
        .formatted(TURN.formatted("\"bye\""), outcome);
  }

  private static String error(Answer answer, int status, String code) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(answer.json().get("error").asString()).isEqualTo(code);
    return answer.text();
  }
}
