package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.interrupt.Interrupt;
import io.heddle.interrupt.InterruptStore;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.web.TestHost.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Whoever has the role decides at a governance gate; everybody else is denied, and that is told.
 */
@ExtendWith(TestHost.Shared.class)
class GovernanceGatesOverHttpTest {

  private static final String BY_ONE = "{\"requiredRole\": \"conformance-approver\"}";

  private static final String BY_TWO =
      """
      {"requiredRole": "conformance-approver", "quorum": 2,
       "override": {"requiredRole": "conformance-owner", "audited": true}}""";

  private static final String GRANT = "{\"resumeValue\": {\"decision\": \"granted\"}}";

  private static final String REJECT =
      "{\"resumeValue\": {\"decision\": \"rejected\", \"reason\": \"not yet\"}}";

  private static final String OVERRIDE =
      """
      {"resumeValue": {"decision": "granted", "override": true, "reason": "the site is down"}}""";

  private final TestHost host;

  private final Caller acme;

  private final Caller approver;

  GovernanceGatesOverHttpTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
    this.approver = host.as(Key.APPROVER);
  }

  @Test
  void whoeverHasTheRoleGrants() {
    String run = waiting(BY_ONE);
    JsonNode asked = acme.get("/v1/runs/" + run).json().get("interrupt");
    assertThat(asked.get("kind").asString()).isEqualTo("approval");
    assertThat(asked.at("/data/gateId").asString()).isEqualTo("gate");
    assertThat(asked.at("/data/requiredRole").asString()).isEqualTo("conformance-approver");
    assertThat(asked.has("interruptToken")).as("a token names nobody").isFalse();

    assertThat(approver.post(gate(run), GRANT, "Idempotency-Key", run).status()).isEqualTo(200);
    assertThat(approver.post(gate(run), GRANT, "Idempotency-Key", run).status()).isEqualTo(200);
    Envelope.assertRefused(
        host.as(Key.DEPUTY).post(gate(run), GRANT), 409, "interrupt_already_resolved");

    assertThat(acme.types(run))
        .containsSubsequence(
            "interrupt.requested",
            "node.suspended",
            "approval.granted",
            "interrupt.resolved",
            "node.resumed",
            "node.completed",
            "run.completed")
        .doesNotContain("approval.requested", "approval.received", "approval.rejected");
    assertThat(only(run, "approval.granted").get("payload").toString())
        .isEqualTo("{\"gateId\":\"gate\",\"principal\":\"acme-approver\"}");
  }

  @Test
  void whoeverHasAllScopesAndNotTheRoleIsDeniedAndTheRunTellsItOnce() {
    String run = waiting(BY_ONE);

    for (int i = 0; i < 3; i++) {
      Envelope.assertRefused(acme.post(gate(run), GRANT), 403, "forbidden");
      Envelope.assertRefused(acme.post(gate(run), "{}"), 403, "forbidden");
    }
    // Another key of the same holder, and the same denial.
    Envelope.assertRefused(host.as(Key.ACME_SECOND).post(gate(run), REJECT), 403, "forbidden");
    Envelope.assertRefused(host.as(Key.CONTROLLER).post(gate(run), OVERRIDE), 403, "forbidden");
    assertThat(acme.status(run)).isEqualTo("waiting-approval");

    List<JsonNode> denied = denials(run);
    assertThat(denied)
        .extracting(it -> it.at("/payload/principal").asString())
        .containsExactly("acme-operator", "acme-controller");
    assertThat(denied)
        .allSatisfy(
            it -> {
              assertThat(it.at("/payload/allowed").asBoolean(true)).isFalse();
              assertThat(it.at("/payload/action").asString()).isEqualTo("approvals:respond");
              assertThat(it.at("/payload/resource").asString()).isEqualTo(run + "/gate");
              assertThat(it.at("/payload/reason").asString()).isNotBlank();
              assertThat(it.get("payload").propertyNames())
                  .containsExactlyInAnyOrder(
                      "principal", "action", "resource", "allowed", "reason");
            });
    assertThat(approver.post(gate(run), GRANT).status()).isEqualTo(200);
    assertThat(acme.types(run)).endsWith("run.completed");
  }

  @Test
  void whoeverLacksTheScopeIsDeniedAndTheRunTellsThatToo() {
    String run = waiting(BY_ONE);

    Envelope.assertRefused(
        host.as(Key.READER).post("/v1/runs/" + run + "/cancel", "{}"), 403, "forbidden");
    Envelope.assertRefused(host.as(Key.POWERLESS).get("/v1/runs/" + run), 403, "forbidden");
    Envelope.assertRefused(host.as(Key.POWERLESS).get("/v1/runs/" + run), 403, "forbidden");

    assertThat(denials(run))
        .extracting(
            it -> it.at("/payload/action").asString() + " " + it.at("/payload/resource").asString())
        .containsExactly("runs:cancel " + run, "runs:read " + run);
    approver.post(gate(run), GRANT);
    List<String> types = acme.types(run);
    assertThat(types).endsWith("run.completed");
    // The log of a run that has ended is closed.
    Envelope.assertRefused(
        host.as(Key.READER).post("/v1/runs/" + run + ":pause", "{}"), 403, "forbidden");
    assertThat(acme.types(run)).isEqualTo(types);
  }

  @Test
  void strangersLeaveNoTrace() {
    String run = waiting(BY_ONE);
    int before = size(run);

    Envelope.assertRefused(host.anonymous().post(gate(run), GRANT), 401, "unauthenticated");
    Envelope.assertRefused(host.as(Key.GLOBEX).post(gate(run), GRANT), 404, "not_found");
    Envelope.assertRefused(host.as(Key.GLOBEX_APPROVER).post(gate(run), GRANT), 404, "not_found");
    Envelope.assertRefused(host.as(Key.EXPIRED).post(gate(run), GRANT), 401, "key_expired");

    assertThat(size(run)).isEqualTo(before);
    assertThat(acme.status(run)).isEqualTo("waiting-approval");
  }

  @Test
  void nobodyMakesALogGrowByAskingAgain() {
    String run = waiting(BY_ONE);
    host.database()
        .sql(
            """
            insert into openwop.run_denial (run_id, principal, action, resource, tenant_id)
            select :run, 'p' || n, 'a', 'r', 'acme' from generate_series(1, 31) n
            """)
        .param("run", run)
        .update();

    host.as(Key.POWERLESS).get("/v1/runs/" + run);
    host.as(Key.READER).post("/v1/runs/" + run + "/cancel", "{}");
    acme.post(gate(run), GRANT);

    assertThat(denials(run)).hasSize(1);
  }

  @Test
  void aQuorumTakesTwoHoldersNotTwoKeys() {
    String run = waiting(BY_TWO);

    assertThat(approver.post(gate(run), GRANT).status()).isEqualTo(200);
    Answer again = host.as(Key.APPROVER_AGAIN).post(gate(run), GRANT);
    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().get("status").asString()).isEqualTo("waiting-approval");
    assertThat(acme.status(run)).isEqualTo("waiting-approval");
    assertThat(host.as(Key.DEPUTY).post(gate(run), GRANT).status()).isEqualTo(200);

    List<JsonNode> log = acme.log(run);
    assertThat(log)
        .filteredOn(it -> it.get("type").asString().equals("approval.granted"))
        .extracting(it -> it.at("/payload/quorumProgress").toString())
        .containsExactly("{\"granted\":1,\"required\":2}", "{\"granted\":2,\"required\":2}");
  }

  @Test
  void anOverrideIsAuditedWithItsReason() {
    String run = waiting(BY_TWO);
    Caller owner = host.as(Key.OWNER);

    Envelope.assertRefused(approver.post(gate(run), OVERRIDE), 403, "forbidden");
    Envelope.assertRefused(owner.post(gate(run), GRANT), 403, "forbidden");
    Envelope.assertRefused(
        owner.post(gate(run), "{\"resumeValue\": {\"decision\": \"granted\", \"override\": true}}"),
        400,
        "INVALID_RESUME_VALUE");
    assertThat(owner.post(gate(run), OVERRIDE).status()).isEqualTo(200);
    assertThat(acme.status(run)).as("one voice of two").isEqualTo("waiting-approval");
    assertThat(approver.post(gate(run), GRANT).status()).isEqualTo(200);
    assertThat(only(run, "approval.overridden").get("payload").toString())
        .isEqualTo(
            "{\"gateId\":\"gate\",\"principal\":\"acme-owner\",\"reason\":\"the site is down\"}");

    List<JsonNode> entries = audit(run);
    assertThat(entries)
        .extracting(it -> it.at("/entry/action").asString())
        .containsExactly(
            "run.created", "interrupt.answered", "approval.overridden", "interrupt.resolved");
    JsonNode entry = entries.get(2).get("entry");
    assertThat(entry.get("actor").asString()).isEqualTo("acme-owner");
    assertThat(entry.at("/details/gateId").asString()).isEqualTo("gate");
    assertThat(entry.at("/details/reason").asString()).isEqualTo("the site is down");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"resumeValue\": null}",
        "{\"resumeValue\": \"granted\"}",
        "{\"resumeValue\": []}",
        "{\"resumeValue\": {}}",
        "{\"resumeValue\": {\"decision\": \"GRANTED\"}}",
        "{\"resumeValue\": {\"decision\": \"granted\", \"principal\": \"acme-owner\"}}",
        "{\"resumeValue\": {\"decision\": \"granted\", \"reason\": {}}}",
        "{\"resumeValue\": {\"decision\": \"granted\"}, \"more\": 1}",
      })
  void whatIsNoAnswerToAGateIsRefusedAndItStaysShut(String body) {
    String run = waiting(BY_ONE);

    Answer answer = approver.post(gate(run), body);

    Envelope.assertRefused(answer, 400, "INVALID_RESUME_VALUE");
    assertThat(answer.json().at("/details/errors").isEmpty()).isFalse();
    assertThat(acme.status(run)).isEqualTo("waiting-approval");
    assertThat(acme.post("/v1/runs/" + run + "/cancel", "{}").status()).isEqualTo(200);
    Envelope.assertRefused(approver.post(gate(run), GRANT), 410, "interrupt_gone");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\u0000", "\\ud800", "\\u202e", "' or 1=1 --", "%s%n"})
  void noReasonBreaksIt(String reason) {
    String run = waiting(BY_TWO);
    String body =
        "{\"resumeValue\": {\"decision\": \"rejected\", \"reason\": \"%s\"}}".replace("%s", reason);

    assertThat(approver.post(gate(run), body).status()).isIn(200, 400);
    acme.post("/v1/runs/" + run + "/cancel", "{}");
  }

  @Test
  void aTokenOpensNoGateWhoeverSignedIt() {
    String run = waiting(BY_ONE);
    Interrupt question =
        host.bean(InterruptStore.class).newest(new Tenant("acme"), run, "gate").orElseThrow();
    String token = host.bean(InterruptTokens.class).mint(question, InterruptTokens.Intent.RESOLVE);

    for (Caller bearer : List.of(host.anonymous(), approver)) {
      Envelope.assertRefused(bearer.get("/v1/interrupts/" + token), 404, "interrupt_not_found");
      Envelope.assertRefused(
          bearer.post("/v1/interrupts/" + token, GRANT), 404, "interrupt_not_found");
    }
    assertThat(acme.status(run)).isEqualTo("waiting-approval");
  }

  @Test
  void twoAtOnceAreOneRelease() throws Exception {
    String run = waiting(BY_ONE);
    List<Key> keys = List.of(Key.APPROVER, Key.APPROVER_AGAIN, Key.DEPUTY, Key.OWNER);

    List<Answer> answers =
        AtOnce.call(
            8,
            i -> {
              Key key = keys.get(i % keys.size());
              return host.as(key).post(gate(run), GRANT);
            });

    assertThat(answers).filteredOn(it -> it.status() == 200).hasSize(1);
    assertThat(answers).allMatch(it -> List.of(200, 403, 409).contains(it.status()));
    assertThat(acme.types(run)).filteredOn("approval.granted"::equals).hasSize(1);
  }

  @Test
  void aRejectionGoesBackToTheDraft() {
    String workflow = "gated-" + UUID.randomUUID();
    acme.register(
        workflow,
        Definitions.chain(
                workflow,
                Definitions.noop("draft"),
                Definitions.node("gate", "core.openwop.governance.approvalGate", BY_ONE, "{}"),
                Definitions.noop("publish"))
            .replace(
                "\"edges\": [",
                "\"edges\": [{\"id\": \"back\", \"sourceNodeId\": \"gate\","
                    + " \"targetNodeId\": \"draft\"},"));
    String run = acme.startRun(workflow);
    await("the gate").until(() -> acme.status(run).equals("waiting-approval"));
    assertThat(approver.post(gate(run), REJECT).status()).isEqualTo(200);
    await("the gate again").until(() -> requests(run) == 2);
    await("the gate again").until(() -> acme.status(run).equals("waiting-approval"));
    assertThat(approver.post(gate(run), GRANT).status()).isEqualTo(200);

    assertThat(acme.log(run))
        .filteredOn(it -> it.get("type").asString().equals("node.completed"))
        .extracting(it -> it.get("nodeId").asString())
        .containsExactly("draft", "gate", "draft", "gate", "publish");
  }

  private String waiting(String config) {
    String workflow = "gated-" + UUID.randomUUID();
    acme.register(
        workflow,
        Definitions.chain(
            workflow,
            Definitions.node("gate", "core.openwop.governance.approvalGate", config, "{}"),
            Definitions.noop("publish")));
    String run = acme.startRun(workflow);
    await(run + " to wait").until(() -> acme.status(run).equals("waiting-approval"));
    return run;
  }

  private static String gate(String run) {
    return "/v1/runs/" + run + "/interrupts/gate";
  }

  private List<JsonNode> soFar(String run) {
    List<JsonNode> events = new ArrayList<>();
    acme.get("/v1/runs/" + run + "/events/poll?timeout=0")
        .json()
        .get("events")
        .forEach(events::add);
    return events;
  }

  private int size(String run) {
    return soFar(run).size();
  }

  private long requests(String run) {
    return soFar(run).stream()
        .filter(it -> it.get("type").asString().equals("interrupt.requested"))
        .count();
  }

  private List<JsonNode> denials(String run) {
    return soFar(run).stream()
        .filter(it -> it.get("type").asString().equals("authorization.decided"))
        .toList();
  }

  private JsonNode only(String run, String type) {
    List<JsonNode> found =
        acme.log(run).stream().filter(it -> it.get("type").asString().equals(type)).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  private List<JsonNode> audit(String run) {
    List<JsonNode> entries = new ArrayList<>();
    long from = 1;
    JsonNode page;
    do {
      page =
          acme.get("/v1/host/heddle/audit/entries?fromSeq=%d&limit=1000".formatted(from))
              .json()
              .get("entries");
      page.forEach(entries::add);
      from += page.size();
    } while (!page.isEmpty());
    return entries.stream().filter(it -> it.at("/entry/target").asString().equals(run)).toList();
  }
}
