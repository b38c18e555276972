package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.AtOnce;
import io.heddle.web.TestHost.Key;
import io.heddle.web.TestHost.Shared;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Runs are answered by those who may, by token or by credential, and once. */
@ExtendWith(Shared.class)
class InterruptsOverHttpTest {

  private static final String INBOX = "/v1/host/heddle/interrupts";

  private static final String ACCEPT = "{\"resumeValue\": {\"action\": \"accept\"}}";

  private final TestHost host;

  private final Caller acme;

  private final Caller anybody;

  InterruptsOverHttpTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
    this.anybody = host.anonymous();
  }

  @Test
  void byCredential() {
    String runId = waiting("conformance-approval", "waiting-approval");
    String path = "/v1/runs/" + runId + "/interrupts/gate";
    JsonNode snapshot = acme.get("/v1/runs/" + runId).json();
    assertThat(snapshot.get("currentNodeId").asString()).isEqualTo("gate");
    assertThat(snapshot.at("/interrupt/kind").asString()).isEqualTo("approval");
    assertThat(snapshot.at("/interrupt/data/artifactId").asString()).isNotEmpty();

    assertThat(anybody.post(path, ACCEPT).status()).isEqualTo(401);
    assertThat(host.as(Key.POWERLESS).post(path, ACCEPT).status()).isEqualTo(403);
    assertThat(host.as(Key.GLOBEX).post(path, ACCEPT).status()).isEqualTo(404);
    error(
        acme.post("/v1/runs/" + runId + "/interrupts/no-such-node", ACCEPT),
        404,
        "interrupt_not_found");
    error(
        acme.post("/v1/runs/" + runId + "/interrupts/no-such-node", "{}"),
        404,
        "interrupt_not_found");
    for (String wrong :
        List.of(
            "{}",
            "{\"resumeValue\": {\"action\": \"maybe\"}}",
            "{\"resumeValue\": null}",
            "{\"resumeValue\": {\"action\": \"accept\"}, \"more\": 1}")) {
      error(acme.post(path, wrong), 400, "validation_error");
    }
    assertThat(acme.status(runId)).isEqualTo("waiting-approval");

    Answer answer = acme.post(path, ACCEPT, "Idempotency-Key", runId);
    assertThat(answer.status()).isEqualTo(200);
    Answer again = acme.post(path, ACCEPT, "Idempotency-Key", runId);
    assertThat(again.status()).isEqualTo(200);
    assertThat(again.header("openwop-idempotent-replay")).isEqualTo("true");
    assertThat(again.text()).isEqualTo(answer.text());
    error(acme.post(path, ACCEPT), 409, "interrupt_already_resolved");
    assertThat(acme.types(runId))
        .containsSubsequence(
            "run.started",
            "node.started",
            "interrupt.requested",
            "node.suspended",
            "approval.received",
            "interrupt.resolved",
            "node.resumed",
            "node.completed",
            "run.completed");
    assertThat(acme.get("/v1/runs/" + runId).json().has("interrupt")).isFalse();
  }

  @Test
  void byToken() {
    String runId = waiting("conformance-interrupt-external-event", "waiting-external");
    String token = token(acme, runId);
    assertThat(token(acme, runId)).as("a second look").isEqualTo(token);
    String path = "/v1/interrupts/" + token;

    JsonNode seen = anybody.get(path).json();
    assertThat(seen.propertyNames()).containsExactlyInAnyOrder("kind", "key", "data", "timeoutMs");
    String mismatch = "{\"resumeValue\": {\"orderId\": \"other\", \"status\": \"completed\"}}";
    error(anybody.post(path, mismatch), 422, "heddle_correlation_mismatch");
    assertThat(acme.status(runId)).isEqualTo("waiting-external");

    String match =
        "{\"resumeValue\": {\"orderId\": \"fixture-order-1\", \"status\": \"completed\", \"x\": 1}}";
    assertThat(anybody.post(path, match).status()).isEqualTo(200);
    assertThat(acme.types(runId)).endsWith("run.completed");
    error(anybody.post(path, match), 409, "interrupt_already_resolved");
    error(anybody.get(path), 409, "interrupt_already_resolved");
    assertThat(acme.get("/v1/runs/" + runId + "/events", "Accept", "application/json").text())
        .doesNotContain(token);
  }

  @Test
  void byATokenThatPermitsNoMoreThanItsReaderMay() {
    String runId = waiting("conformance-approval", "waiting-approval");
    String token = token(host.as(Key.READER), runId);

    assertThat(anybody.get("/v1/interrupts/" + token).status()).isEqualTo(200);
    error(anybody.post("/v1/interrupts/" + token, ACCEPT), 403, "forbidden");
    assertThat(acme.status(runId)).isEqualTo("waiting-approval");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tok_0123456789012345678901234567890123456789012",
        "a.b",
        "e30.e30",
        "x",
        "%21%21%21not-a-valid-token%21%21%21"
      })
  void byNothingThatLooksLikeAToken(String token) {
    error(anybody.get("/v1/interrupts/" + token), 404, "interrupt_not_found");
    error(anybody.post("/v1/interrupts/" + token, "{}"), 404, "interrupt_not_found");
    error(acme.post("/v1/interrupts/" + token, ACCEPT), 404, "interrupt_not_found");
  }

  @Test
  void andNotAfterACancel() {
    String runId = waiting("conformance-approval", "waiting-approval");
    String token = token(acme, runId);
    acme.post("/v1/runs/" + runId + "/cancel", "{}");

    error(acme.post("/v1/runs/" + runId + "/interrupts/gate", ACCEPT), 410, "interrupt_gone");
    error(anybody.post("/v1/interrupts/" + token, ACCEPT), 409, "interrupt_already_resolved");
    assertThat(acme.types(runId)).doesNotContain("interrupt.resolved").endsWith("run.cancelled");
  }

  @Test
  void andTheirQuestionsAreListedUntilTheyAreAnswered() {
    Caller lister = host.as(Key.GLOBEX);
    List<String> asked = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      String runId = lister.startRun("conformance-approval");
      await(runId).until(() -> lister.status(runId).equals("waiting-approval"));
      asked.add(runId);
    }
    error(host.as(Key.READER).get(INBOX), 403, "forbidden");
    error(lister.get(INBOX + "?kind=riddle"), 400, "validation_error");
    error(lister.get(INBOX + "?cursor=x"), 400, "validation_error");
    assertThat(acme.get(INBOX + "?limit=200").text()).doesNotContain(asked);

    List<String> listed = new ArrayList<>();
    String next = "";
    do {
      JsonNode page = lister.get(INBOX + "?kind=approval&limit=2" + next).json();
      page.get("interrupts").forEach(row -> listed.add(row.get("runId").asString()));
      next = page.has("nextCursor") ? "&cursor=" + page.get("nextCursor").asString() : "";
    } while (!next.isEmpty());
    assertThat(listed).containsSubsequence(asked).doesNotHaveDuplicates();

    lister.post("/v1/runs/" + asked.get(0) + "/interrupts/gate", ACCEPT);
    lister.post("/v1/runs/" + asked.get(1) + "/cancel", "{}");
    assertThat(lister.get(INBOX + "?limit=200").text())
        .contains(asked.get(2))
        .doesNotContain(asked.get(0), asked.get(1));
    lister.post("/v1/runs/" + asked.get(2) + "/cancel", "{}");
  }

  @Test
  void bySeveralWhoAgree() {
    String runId = waiting("conformance-interrupt-quorum", "waiting-approval");
    for (String voter : List.of("a", "b", "b", "a")) {
      assertThat(vote(runId, "accept", voter).json().get("status").asString())
          .isEqualTo("waiting-approval");
    }
    assertThat(vote(runId, "accept", "c").status()).isEqualTo(200);
    List<JsonNode> log = acme.log(runId);
    assertThat(log.get(log.size() - 1).get("type").asString()).isEqualTo("run.completed");
    assertThat(log)
        .filteredOn(event -> event.get("type").asString().equals("approval.received"))
        .singleElement()
        .satisfies(
            event ->
                assertThat(event.at("/payload/decidedBy").asString()).isEqualTo("quorum:3-of-3"));
    error(vote(runId, "accept", "d"), 409, "interrupt_already_resolved");
  }

  @Test
  void bySeveralWhoDoNot() {
    String runId = waiting("conformance-interrupt-quorum", "waiting-approval");
    vote(runId, "reject", "a");
    assertThat(acme.status(runId)).isEqualTo("waiting-approval");
    vote(runId, "reject", "b");
    assertThat(acme.types(runId)).endsWith("run.failed");
  }

  @Test
  void bySeveralAtOnce() throws Exception {
    String runId = waiting("conformance-interrupt-quorum", "waiting-approval");
    AtOnce.call(9, caller -> vote(runId, "accept", "voter-" + caller % 3));
    assertThat(acme.types(runId)).endsWith("run.completed").containsOnlyOnce("interrupt.resolved");
  }

  @Test
  void andWithACredentialOnlyWhereThatIsAsked() {
    String runId = waiting("conformance-interrupt-auth-required", "waiting-approval");
    assertThat(acme.get("/v1/runs/" + runId).json().at("/interrupt").has("interruptToken"))
        .isFalse();
    String path = "/v1/runs/" + runId + "/interrupts/gate";
    assertThat(anybody.post(path, ACCEPT).status()).isEqualTo(401);
    assertThat(host.as(Key.READER).post(path, ACCEPT).status()).isEqualTo(403);
    assertThat(acme.post(path, ACCEPT).status()).isEqualTo(200);
    assertThat(acme.types(runId)).endsWith("run.completed");
  }

  @Test
  void andTheListedApproversSpeakForThemselves() {
    String workflowId = "listed-approvers";
    acme.register(
        workflowId,
        Definitions.chain(
            workflowId,
            Definitions.node(
                "gate",
                "core.approvalGate",
                "{\"approversList\": [\"acme-operator\", \"boss\"], \"requiredApprovals\": 2}",
                "{}")));
    String runId = waiting(workflowId, "waiting-approval");
    error(vote(runId, "accept", "boss"), 403, "forbidden");
    assertThat(vote(runId, "accept", "acme-operator").status()).isEqualTo(200);
    assertThat(vote(runId, "accept", "acme-operator").status()).isEqualTo(200);
    assertThat(acme.status(runId)).isEqualTo("waiting-approval");
    assertThat(acme.get("/v1/runs/" + runId).json().at("/interrupt").has("interruptToken"))
        .isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "approverGroupRefs, finance, group:finance",
    "approverRoleRefs, controller, role:controller"
  })
  void whoDecidesIsSaidByGroupOrRole(String member, String name, String reason, TestHost host) {
    String workflowId = "decided-by-" + name;
    acme.register(
        workflowId,
        Definitions.chain(
            workflowId,
            Definitions.node(
                "gate", "core.approvalGate", "{\"%s\": [\"%s\"]}".formatted(member, name), "{}")));
    String runId = waiting(workflowId, "waiting-approval");
    JsonNode question = acme.get("/v1/runs/" + runId).json().get("interrupt");
    assertThat(question.at("/data/" + member + "/0").asString()).isEqualTo(name);
    assertThat(question.has("interruptToken")).isFalse();

    error(acme.post("/v1/runs/" + runId + "/interrupts/gate", ACCEPT), 403, "forbidden");
    error(vote(runId, "accept", "acme-controller"), 403, "forbidden");
    assertThat(acme.status(runId)).isEqualTo("waiting-approval");
    assertThat(
            host.as(Key.CONTROLLER).post("/v1/runs/" + runId + "/interrupts/gate", ACCEPT).status())
        .isEqualTo(200);

    await(runId).until(() -> acme.status(runId).equals("completed"));
    assertThat(
            host.database()
                .sql(
                    "select eligible_by from openwop.interrupt_vote where principal = :who"
                        + " and interrupt_id in (select interrupt_id from openwop.interrupt"
                        + " where run_id = :run)")
                .param("who", "acme-controller")
                .param("run", runId)
                .query(String.class)
                .list())
        .containsExactly(reason);
  }

  @Test
  void andNobodySeesWhatOnlyNodesMaySee() {
    String workflowId = "asks-about-a-secret";
    String definition =
        Definitions.chain(
            workflowId,
            Definitions.node(
                "gate",
                "core.approvalGate",
                "{}",
                "{\"artifactData\": {\"type\": \"variable\", \"variableName\": \"code\"}}"));
    acme.register(
        workflowId,
        definition.replace(
            "\"variables\": []",
            "\"variables\": [{\"name\": \"code\", \"type\": \"string\", \"sensitive\": true}]"));
    String runId = acme.startRun(workflowId, "{\"code\": \"hush-hush-42\"}");
    await(runId).until(() -> acme.status(runId).equals("waiting-approval"));

    Answer snapshot = acme.get("/v1/runs/" + runId);
    assertThat(snapshot.json().at("/interrupt/data/artifactData").asString())
        .isEqualTo("[REDACTED]");
    assertThat(snapshot.text()).doesNotContain("hush-hush-42");
    assertThat(anybody.get("/v1/interrupts/" + token(acme, runId)).text())
        .contains("[REDACTED]")
        .doesNotContain("hush-hush-42");
    acme.post("/v1/runs/" + runId + "/interrupts/gate", ACCEPT);
    assertThat(acme.log(runId).toString()).doesNotContain("hush-hush-42");
  }

  @Test
  void andTheParentIsCancelledWithItsChild() {
    String parent = waiting("conformance-interrupt-parent-child-cancel", "waiting-approval");
    JsonNode snapshot = acme.get("/v1/runs/" + parent).json();
    String child = snapshot.at("/childRuns/0/runId").asString();
    assertThat(snapshot.at("/childRuns/0/status").asString()).isEqualTo("waiting-approval");
    assertThat(snapshot.get("currentNodeId").asString()).isEqualTo("spawn-child");
    acme.post("/v1/runs/" + parent + "/cancel", "{\"reason\": \"enough\"}");

    List<JsonNode> log = acme.log(child);
    JsonNode last = log.get(log.size() - 1);
    assertThat(last.at("/payload/reason").asString()).isEqualTo("parent-cancelled");
    assertThat(last.at("/payload/parentRunId").asString()).isEqualTo(parent);
    error(acme.post("/v1/runs/" + child + "/interrupts/child-gate", ACCEPT), 410, "interrupt_gone");
  }

  private Answer vote(String runId, String action, String voter) {
    return acme.post(
        "/v1/runs/" + runId + "/interrupts/gate",
        "{\"resumeValue\": {\"action\": \"%s\", \"voter\": \"%s\"}}".formatted(action, voter));
  }

  private String waiting(String workflowId, String status) {
    String runId = acme.startRun(workflowId);
    await(runId + " to be " + status).until(() -> acme.status(runId).equals(status));
    return runId;
  }

  private static String token(Caller reader, String runId) {
    return reader.get("/v1/runs/" + runId).json().at("/interrupt/interruptToken").asString();
  }

  private static void error(Answer answer, int status, String code) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(status);
    assertThat(answer.json().get("error").asString()).isEqualTo(code);
  }
}
