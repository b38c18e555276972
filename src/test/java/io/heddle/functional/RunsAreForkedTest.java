package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;

@WebHost
class RunsAreForkedTest {

  private static final String FROM_START = "{\"mode\":\"branch\",\"fromSeq\":0}";

  @LocalServerPort private int port;

  private WebCaller caller;

  @BeforeEach
  void call() {
    caller = WebCaller.of(port, Key.OPERATOR);
  }

  @Test
  void aBranchIsARunOfItsOwn() {
    String source = caller.finished("conformance-multi-node", "tags", List.of("one"));
    List<?> before = caller.log(source);

    for (int from = 0; from < before.size(); from++) {
      Map<String, Object> fork =
          fork(source, Map.of("mode", "branch", "fromSeq", from, "runOptionsOverlay", Map.of()))
              .is(201)
              .json();

      String runId = (String) fork.get("runId");
      assertThat(runId).isNotEqualTo(source);
      assertThat(fork)
          .containsEntry("sourceRunId", source)
          .containsEntry("fromSeq", from)
          .containsEntry("mode", "branch")
          .containsEntry("status", from == 0 ? "pending" : "running")
          .containsEntry("eventsUrl", "/v1/runs/" + runId + "/events");
      caller.awaitEnd(runId);
      assertThat(caller.log(runId)).hasSameSizeAs(before).extracting("runId").containsOnly(runId);
      assertThat(caller.get("/v1/runs/" + runId).is(200).json())
          .containsEntry("status", "completed")
          .containsEntry("tags", List.of("one"));
    }
    assertThat(caller.log(source)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "conformance-failure",
        "conformance-message-reducer",
        "conformance-version-fold",
        "conformance-subworkflow-parent",
        "conformance-orchestrator-dispatch",
        "conformance-agent-reasoning"
      })
  void aBranchEndsAsItsSourceOrIsRefused(String workflowId) {
    String source = caller.finished(workflowId);
    Map<String, Object> end = caller.get("/v1/runs/" + source).is(200).json();
    int length = caller.log(source).size();

    int branched = 0;
    for (int from = 0; from < length; from++) {
      Answer answer = fork(source, Map.of("mode", "branch", "fromSeq", from));
      if (answer.response().statusCode() == 422) {
        answer.refuses(422, "invalid_from_seq");
        continue;
      }
      branched++;
      String branch = (String) answer.is(201).json().get("runId");
      caller.awaitEnd(branch);
      assertThat(caller.get("/v1/runs/" + branch).is(200).json())
          .as("from %d", from)
          .containsEntry("status", end.get("status"))
          .containsEntry("variables", end.get("variables"));
    }
    assertThat(branched).isPositive();
  }

  @Test
  void aRunUnderWayCanBeBranched() {
    String source = caller.waiting();

    String fork = (String) fork(source, FROM_START).is(201).json().get("runId");
    String later =
        (String) fork(source, "{\"mode\":\"branch\",\"fromSeq\":1}").is(201).json().get("runId");

    for (String runId : List.of(fork, later)) {
      caller.cancel(runId);
      caller.awaitEnd(runId);
    }
    assertThat(caller.log(source)).hasSize(2);
    caller.cancel(source);
  }

  @Test
  void theOverlayChangesWhatItNames() {
    String source =
        caller.finished(
            "conformance-identity",
            "inputs",
            Map.of("payload", Map.of("v", "old")),
            "metadata",
            Map.of("kept", true));

    String runId =
        (String)
            fork(
                    source,
                    Map.of(
                        "mode",
                        "branch",
                        "fromSeq",
                        0,
                        "runOptionsOverlay",
                        Map.of(
                            "inputs",
                            Map.of("payload", Map.of("v", "new")),
                            "tags",
                            List.of("what-if"))))
                .is(201)
                .json()
                .get("runId");
    caller.awaitEnd(runId);

    assertThat(caller.get("/v1/runs/" + runId).json())
        .containsEntry("inputs", Map.of("payload", Map.of("v", "new")))
        .containsEntry("variables", Map.of("payload", Map.of("v", "new")))
        .containsEntry("tags", List.of("what-if"))
        .containsEntry("metadata", Map.of("kept", true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"mode\":\"branch\"}",
        "{\"mode\":\"sideways\",\"fromSeq\":0}",
        "{\"mode\":7,\"fromSeq\":0}",
        "{\"mode\":\"branch\",\"fromSeq\":-1}",
        "{\"mode\":\"branch\",\"fromSeq\":1.5}",
        "{\"mode\":\"branch\",\"fromSeq\":\"0\"}",
        "{\"mode\":\"branch\",\"fromSeq\":null}",
        "{\"mode\":\"branch\",\"fromSeq\":1e300}",
        "{\"mode\":\"branch\",\"fromSeq\":0,\"runOptionsOverlay\":[]}",
        "{\"mode\":\"branch\",\"fromSeq\":0,\"runOptionsOverlay\":null}",
        "{\"mode\":\"branch\",\"fromSeq\":0,\"runOptionsOverlay\":{\"tags\":\"a\"}}",
        "{\"mode\":\"branch\",\"fromSeq\":0,\"runOptionsOverlay\":{\"inputs\":1}}",
        "{\"mode\":\"branch\",\"fromSeq\":1,\"runOptionsOverlay\":{\"inputs\":{}}}",
        "{\"mode\":\"branch\",\"fromSeq\":0,\"runOptionsOverlay\":{\"configurable\":{\"recursionLimit\":0}}}",
        "{\"mode\":\"branch\",\"fromSeq\":0,\"runOptionsOverlay\":{\"callbackUrl\":\"https://a.example\"}}",
        "{\"mode\":\"replay\",\"runOptionsOverlay\":{\"configurable\":{\"recursionLimit\":50}}}",
        "{\"mode\":\"replay\",\"fromSeq\":-1}",
        "[]",
        "{"
      })
  void whatMakesNoSenseIsRefused(String body) {
    String source = caller.finished("conformance-noop");

    fork(source, body).refuses(400, "validation_error");
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 99_999, 1L << 40})
  void thereIsNoBranchFromBeyondTheLog(long from) {
    String source = caller.finished("conformance-noop");
    assertThat(caller.log(source)).hasSize(4);

    Answer answer = fork(source, Map.of("mode", "branch", "fromSeq", from));

    answer.refuses(422, "invalid_from_seq");
    assertThat(((Number) answer.details().get("fromSeq")).longValue()).isEqualTo(from);
    assertThat(answer.details()).containsEntry("sourceRunId", source);
  }

  @Test
  void bothModesAreClaimed() {
    assertThat(caller.get("/.well-known/openwop").json().get("replay"))
        .isEqualTo(
            Map.of(
                "supported",
                true,
                "modes",
                List.of("replay", "branch"),
                "sideEffectSuppression",
                "recorded-outcome"));
  }

  @Test
  void aForkIsForWhoMayReadAndCreateRunsOfTheTenant() {
    String source = caller.finished("conformance-noop");

    for (Key key : List.of(Key.READER, Key.CREATOR)) {
      WebCaller other = WebCaller.of(port, key);
      other.post("/v1/runs/" + source + ":fork", FROM_START).refuses(403, "forbidden");
    }
    WebCaller stranger = WebCaller.of(port, Key.STRANGER);
    stranger.post("/v1/runs/" + source + ":fork", FROM_START).refuses(404, "not_found");
    stranger
        .post("/v1/runs/" + source + ":fork", "{\"mode\":\"branch\",\"fromSeq\":99}")
        .refuses(404, "not_found");
    WebCaller.anonymous(port).post("/v1/runs/" + source + ":fork", FROM_START).is(401);
    fork("run-that-never-was", FROM_START).refuses(404, "not_found");
  }

  @Test
  void aForkBelongsToTheOwnerOfItsSource() {
    String source = caller.finished("conformance-noop");
    WebCaller colleague = WebCaller.of(port, Key.COLLEAGUE);

    String fork =
        (String)
            colleague.post("/v1/runs/" + source + ":fork", FROM_START).is(201).json().get("runId");

    assertThat(caller.get("/v1/runs/" + fork).json().get("owner"))
        .isEqualTo(caller.get("/v1/runs/" + source).json().get("owner"));
  }

  @Test
  void aRepeatedRequestGivesTheSameFork() {
    String source = caller.finished("conformance-noop");
    WebCaller keyed = caller.with("Idempotency-Key", UUID.randomUUID().toString());

    Answer first = keyed.post("/v1/runs/" + source + ":fork", FROM_START).is(201);
    Answer second = keyed.post("/v1/runs/" + source + ":fork", FROM_START).is(201);
    Answer beyond =
        keyed
            .with("Idempotency-Key", UUID.randomUUID().toString())
            .post("/v1/runs/" + source + ":fork", "{\"mode\":\"branch\",\"fromSeq\":9}");

    assertThat(second.json()).isEqualTo(first.json());
    assertThat(second.header("openwop-Idempotent-Replay")).isEqualTo("true");
    beyond.refuses(422, "invalid_from_seq");
    caller.awaitEnd((String) first.json().get("runId"));
  }

  @Test
  void anAnswerThatWasGivenIsKept() {
    String source = caller.create("conformance-approval");
    awaitQuestion(source);
    caller
        .post(
            "/v1/runs/" + source + "/interrupts/gate", "{\"resumeValue\":{\"action\":\"accept\"}}")
        .is(200);
    caller.awaitEnd(source);
    List<?> log = caller.log(source);
    int resumed = index(log, "node.resumed");

    String behind = branch(source, resumed + 1);
    caller.awaitEnd(behind);
    String before = branch(source, index(log, "approval.received"));
    awaitQuestion(before);

    assertThat(caller.log(behind)).extracting("payload").isEqualTo(payloads(log));
    assertThat(caller.get("/v1/runs/" + before).json()).containsEntry("status", "waiting-approval");
    caller
        .post(
            "/v1/runs/" + before + "/interrupts/gate", "{\"resumeValue\":{\"action\":\"accept\"}}")
        .is(200);
    caller.awaitEnd(before);
    assertThat(caller.get("/v1/runs/" + before).json()).containsEntry("status", "completed");
  }

  @Test
  void anExpiredRunIsNotForkedAndAForkedOneDoesNotExpire() {
    String expired = caller.finished("conformance-noop");
    String kept = caller.finished("conformance-noop");
    caller.awaitEnd(branch(kept, 0));

    WebCaller anybody = WebCaller.anonymous(port);
    anybody.post("/v1/host/heddle/test/runs/" + expired + "/expire", "{}").is(204);
    assertThat(
            anybody
                .post("/v1/host/heddle/test/runs/" + kept + "/expire", "{}")
                .response()
                .statusCode())
        .isNotEqualTo(204);

    fork(expired, FROM_START).refuses(410, "run_expired");
    fork(kept, FROM_START).is(201);
  }

  private String branch(String source, int from) {
    return (String)
        fork(source, Map.of("mode", "branch", "fromSeq", from)).is(201).json().get("runId");
  }

  private void awaitQuestion(String runId) {
    await("a question")
        .until(
            () ->
                "waiting-approval"
                    .equals(caller.get("/v1/runs/" + runId).is(200).json().get("status")));
  }

  private static int index(List<?> log, String type) {
    for (int i = 0; i < log.size(); i++) {
      if (Json.object(log.get(i), "").get("type").equals(type)) {
        return i;
      }
    }
    throw new AssertionError("no " + type);
  }

  private static List<Object> payloads(List<?> log) {
    return log.stream().map(event -> (Object) Json.object(event, "").get("payload")).toList();
  }

  @Test
  void forksAtOnceWithOneKeyAreOneFork() throws Exception {
    String source = caller.finished("conformance-noop");
    WebCaller keyed = caller.with("Idempotency-Key", UUID.randomUUID().toString());

    List<Answer> answers =
        AtOnce.call(5, it -> keyed.post("/v1/runs/" + source + ":fork", FROM_START));

    assertThat(answers)
        .extracting(it -> it.response().statusCode())
        .contains(201)
        .isSubsetOf(201, 409);
    assertThat(
            answers.stream()
                .filter(it -> it.response().statusCode() == 201)
                .map(it -> it.json().get("runId"))
                .distinct())
        .hasSize(1);
  }

  @Test
  void aForkFollowsTheRevisionOfItsSource() {
    String workflow = "forked-" + UUID.randomUUID();
    String path = "/v1/host/heddle/workflows/" + workflow;
    caller.send("PUT", path, workflow(workflow).chain("core.noop", "old", "next").json()).is(200);
    String source = caller.finished(workflow);
    caller.send("PUT", path, workflow(workflow).chain("core.noop", "new").json()).is(200);

    String branch = branch(source, 3);
    caller.awaitEnd(branch);
    caller.send("DELETE", path, null).is(204);
    String orphan = branch(source, 0);
    caller.awaitEnd(orphan);

    for (String fork : List.of(branch, orphan)) {
      assertThat(caller.log(fork)).extracting("payload").isEqualTo(payloads(caller.log(source)));
    }
  }

  @Test
  void remarksAboutTheSourceAreNotAboutTheFork() {
    String source = caller.finished("conformance-noop");
    caller.post("/v1/runs/" + source + "/annotations", "{\"signal\":{\"kind\":\"flag\"}}").is(201);

    String fork = (String) fork(source, FROM_START).is(201).json().get("runId");

    assertThat(caller.get("/v1/runs/" + fork + "/annotations").is(200).json())
        .containsEntry("annotations", List.of());
  }

  @Test
  void aReplayIsAnsweredLikeABranch() {
    String source = caller.finished("conformance-multi-node", "tags", List.of("one"));
    List<?> log = caller.log(source);
    WebCaller keyed = caller.with("Idempotency-Key", UUID.randomUUID().toString());

    for (String body :
        List.of(
            "{\"mode\":\"replay\"}",
            "{\"mode\":\"replay\",\"runOptionsOverlay\":{}}",
            "{\"mode\":\"replay\",\"fromSeq\":5}")) {
      Map<String, Object> fork = fork(source, body).is(201).json();
      assertThat(fork).containsEntry("mode", "replay").containsEntry("sourceRunId", source);
      caller.awaitEnd((String) fork.get("runId"));
      assertThat(payloads(caller.log((String) fork.get("runId")))).isEqualTo(payloads(log));
      assertThat(caller.get("/v1/runs/" + fork.get("runId")).json())
          .containsEntry("status", "completed")
          .containsEntry("tags", List.of("one"))
          .containsEntry("owner", caller.get("/v1/runs/" + source).json().get("owner"));
    }
    assertThat(caller.log(source)).isEqualTo(log);
    Answer first = keyed.post("/v1/runs/" + source + ":fork", "{\"mode\":\"replay\"}").is(201);
    Answer second = keyed.post("/v1/runs/" + source + ":fork", "{\"mode\":\"replay\"}").is(201);
    assertThat(second.json()).isEqualTo(first.json());
    keyed.post("/v1/runs/" + source + ":fork", FROM_START).refuses(409, "idempotency_key_mismatch");
    fork(source, "{\"mode\":\"replay\",\"fromSeq\":99999}").refuses(422, "invalid_from_seq");
    for (String body :
        List.of(
            "{\"mode\":\"replay\",\"fromSeq\":\"0\"}",
            "{\"mode\":\"replay\",\"fromSeq\":0.5}",
            "{\"mode\":\"replay\",\"runOptionsOverlay\":{\"tags\":[]}}",
            "{\"mode\":\"replay\",\"runOptionsOverlay\":7}")) {
      fork(source, body).refuses(400, "validation_error");
    }
    WebCaller.of(port, Key.STRANGER)
        .post("/v1/runs/" + source + ":fork", "{\"mode\":\"replay\"}")
        .refuses(404, "not_found");
    caller.awaitEnd((String) first.json().get("runId"));
    String expired = caller.finished("conformance-noop");
    WebCaller.anonymous(port)
        .post("/v1/host/heddle/test/runs/" + expired + "/expire", "{}")
        .is(204);
    fork(expired, "{\"mode\":\"replay\"}").refuses(410, "run_expired");
  }

  @Test
  void whatIsDifferentIsToldInTheWordsOfTheMajor() {
    String source = caller.create("conformance-approval");
    awaitQuestion(source);
    int within = index(caller.log(source), "approval.requested");

    // Asked anew, from the beginning of what tells of the question.
    String replay =
        (String)
            fork(source, Map.of("mode", "replay", "fromSeq", within)).is(201).json().get("runId");
    awaitQuestion(replay);

    List<?> log = caller.log(replay);
    Map<String, Object> diverged =
        Json.object(Json.object(log.get(index(log, "replay.diverged")), "").get("payload"), "");
    assertThat(diverged)
        .containsEntry("sourceRunId", source)
        .containsEntry("atSequence", within)
        .containsEntry("divergencePoint", "interrupt.requested")
        .containsEntry("divergenceKind", "type-mismatch")
        .containsEntry("originalEventId", id(caller.log(source).get(within)))
        .containsEntry("replayEventId", id(log.get(within)));
    caller.cancel(replay);
    caller.cancel(source);
  }

  private static Object id(Object event) {
    return Json.object(event, "").get("eventId");
  }

  private Answer fork(String source, Object body) {
    return caller.post(
        "/v1/runs/" + source + ":fork", body instanceof String text ? text : Json.write(body));
  }
}
