package io.heddle.functional;

import static io.heddle.functional.Orchestra.loop;
import static io.heddle.functional.Orchestra.next;
import static io.heddle.functional.Orchestra.terminate;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.UnforkableException;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No decision is carried out unseen that its author is as good as guessing. */
class UnsureDecisionsAreEscalatedTest {

  private final ScriptedNode thinker = ScriptedNode.pure("acme.thinker");

  private Orchestra orchestra;

  @BeforeEach
  void open() {
    orchestra = new Orchestra(thinker);
  }

  @AfterEach
  void close() {
    orchestra.close();
  }

  @Test
  void itIsToldBeforeAnybodyIsAsked() {
    Map<String, Object> guess = unsure(next("worker", "other"), 0.3);
    String runId = orchestra.play(loop(Map.of(), guess, terminate()));

    orchestra.host.assertThat(runId).is(RunStatus.WAITING_APPROVAL);
    orchestra
        .log(runId)
        .reads(
            "RUN_STARTED",
            "NODE_STARTED supervisor",
            "CONFIDENCE_ESCALATED supervisor",
            "INTERRUPT_REQUESTED supervisor",
            "APPROVAL_REQUESTED supervisor",
            "NODE_SUSPENDED supervisor");
    BigDecimal confidence = new BigDecimal("0.3");
    assertThat(escalations(runId))
        .containsExactly(
            Json.members(
                "confidence",
                confidence,
                "floor",
                new BigDecimal("0.5"),
                "escalationKind",
                "escalate",
                "workerId",
                "worker",
                "parentRunId",
                runId,
                "originalDecision",
                Json.members(
                    "kind",
                    "next-worker",
                    "nextWorkerIds",
                    List.of("worker", "other"),
                    "confidence",
                    confidence)));
    assertThat(orchestra.payloads(runId, EventType.NODE_SUSPENDED).get(0))
        .containsEntry("kind", "approval")
        .containsEntry("reason", "low-confidence")
        .containsEntry("agentId", "host:supervisor")
        .containsEntry("observed", confidence);
    assertThat(orchestra.children(runId)).isEmpty();
  }

  @Test
  void whoeverAcceptsItReleasesIt() {
    String runId = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.3), terminate()));
    orchestra.answer(runId, "supervisor", Map.of("action", "accept"));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    orchestra.child(runId, "worker");
    assertThat(escalations(runId)).hasSize(1);
    assertThat(orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED)).hasSize(2);
    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED).get(0))
        .extractingByKey("decision")
        .isEqualTo(escalations(runId).get(0).get("originalDecision"));
  }

  @Test
  void orDecidesOtherwise() {
    String runId = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.3), terminate()));
    orchestra.answer(
        runId,
        "supervisor",
        Map.of("action", "edit-accept", "editedArtifactData", unsure(next("other"), 0.1)));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    orchestra.child(runId, "other");
    assertThat(escalations(runId)).hasSize(1);
  }

  @Test
  void butNotNonsense() {
    String runId = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.3)));
    orchestra.answer(
        runId,
        "supervisor",
        Map.of("action", "edit-accept", "editedArtifactData", Map.of("kind", "dunno")));

    orchestra.host.assertThat(runId).hasError("validation_error").hasSoundLog();
    assertThat(orchestra.children(runId)).isEmpty();
  }

  @Test
  void orRejectsIt() {
    String runId = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.3)));
    orchestra.answer(runId, "supervisor", Map.of("action", "reject"));

    orchestra.host.assertThat(runId).hasError("approval_rejected").hasSoundLog();
    assertThat(orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED)).isEmpty();
    assertThat(orchestra.events(runId, EventType.WORKFLOW_CHAIN)).isEmpty();
    assertThat(orchestra.children(runId)).isEmpty();
  }

  @Test
  void anEndIsADecisionToo() {
    String runId = orchestra.play(loop(Map.of(), unsure(terminate(), 0)));

    orchestra.host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(escalations(runId)).hasSize(1);
    assertThat(escalations(runId).get(0)).doesNotContainKey("workerId");
    orchestra.answer(runId, "supervisor", Map.of("action", "accept"));
    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void noRunIsContentWithLess() {
    Map<String, @Nullable Object> careless = Map.of("escalationThreshold", 0.1);
    String below = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.49)), careless);

    orchestra.host.assertThat(below).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(escalations(below)).hasSize(1);
    String atTheFloor = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.5)), careless);
    orchestra.host.assertThat(atTheFloor).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(escalations(atTheFloor)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.6999})
  void whatOnlyTheRunWantsToBeSurerOfIsNoEscalation(double confidence) {
    String runId = orchestra.play(loop(Map.of(), unsure(next("worker"), confidence)));

    orchestra.host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(escalations(runId)).isEmpty();
    assertThat(orchestra.payloads(runId, EventType.NODE_SUSPENDED).get(0))
        .containsEntry("kind", "low-confidence");
  }

  @Test
  void whoeverSaysNothingIsNotUnsure() {
    String runId = orchestra.play(loop(Map.of(), next("worker"), terminate()));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(escalations(runId)).isEmpty();
  }

  @Test
  void eachTurnAnew() {
    Map<String, Object> guess = unsure(next("worker"), 0.3);
    String runId = orchestra.play(loop(Map.of(), guess, guess, terminate()));
    orchestra.answer(runId, "supervisor", Map.of("action", "accept"));
    assertThat(escalations(runId)).hasSize(2);
    orchestra.answer(runId, "supervisor", Map.of("action", "accept"));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.children(runId)).hasSize(2);
    assertThat(escalations(runId)).hasSize(2);
  }

  @Test
  void onceHoweverOftenAProcessDies() {
    orchestra.host.register(loop(Map.of(), unsure(next("worker"), 0.3), terminate()));
    String runId = orchestra.host.create("orchestrated", Map.of(), Map.of());
    orchestra.host.stores().claims().claimDue("node-that-dies", 10);
    orchestra.abandon(runId);
    orchestra.host.driveUntilCommits(runId, 1);
    assertThat(escalations(runId)).hasSize(1);
    orchestra.host.die();
    orchestra.settle();
    orchestra.host.assertThat(runId).is(RunStatus.WAITING_APPROVAL);
    orchestra.answer(runId, "supervisor", Map.of("action", "accept"));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(escalations(runId)).hasSize(1);
  }

  @Test
  void aReplayTellsTheSameAndAsksNobody() {
    String source = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.3), terminate()));
    orchestra.answer(source, "supervisor", Map.of("action", "accept"));

    for (int from = 0; from < log(source).size(); from++) {
      String replay = orchestra.host.replay(source, from);
      orchestra.settle();

      assertThat(told(replay)).as("from %d", from).isEqualTo(told(source));
    }
  }

  @Test
  void aForkOfWhatStandsOpenAsksAnewAndTellsOnce() {
    String source = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.3), terminate()));

    for (int from = 0; from < log(source).size(); from++) {
      String branch = orchestra.host.branch(source, from, null);
      String replay = orchestra.host.replay(source, from);
      orchestra.settle();
      for (String fork : List.of(branch, replay)) {
        orchestra.host.assertThat(fork).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
        assertThat(escalations(fork)).as("from %d", from).hasSize(1);
        orchestra.answer(fork, "supervisor", Map.of("action", "accept"));
        assertThat(escalations(fork)).as("from %d", from).hasSize(1);
      }
      orchestra.host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(orchestra.children(branch)).hasSize(1);
      // Its source has carried out nothing yet, and a replay starts no run.
      orchestra.host.assertThat(replay).hasError("replay_source_missing").hasSoundLog();
      if (from <= 3) {
        // Any further, and it asks anew what its copy of the log tells to be asked.
        assertThat(orchestra.events(replay, EventType.REPLAY_DIVERGED)).isEmpty();
      }
    }
  }

  @Test
  void aBranchOfWhatWasAnsweredTellsOnce() {
    String source = orchestra.play(loop(Map.of(), unsure(next("worker"), 0.3), terminate()));
    orchestra.answer(source, "supervisor", Map.of("action", "accept"));
    int branches = 0;

    for (int from = 0; from < log(source).size(); from++) {
      String branch;
      try {
        branch = orchestra.host.branch(source, from, null);
      } catch (UnforkableException e) {
        continue;
      }
      branches++;
      orchestra.settle();
      if (orchestra.read(branch).status() == RunStatus.WAITING_APPROVAL) {
        orchestra.answer(branch, "supervisor", Map.of("action", "accept"));
      }
      orchestra.host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(escalations(branch)).as("from %d", from).hasSize(1);
    }
    assertThat(branches).isGreaterThan(8);
  }

  @Test
  void whatIsSecretIsNotTold() {
    thinker.does(
        context ->
            NodeResult.completed(
                Map.of(
                    "decision",
                    Map.of(
                        "kind",
                        "next-worker",
                        "nextWorkerIds",
                        List.of("worker"),
                        "nextWorkerInputs",
                        List.of(Map.of("given", String.valueOf(context.inputs().get("pin")))),
                        "confidence",
                        0.2))));
    String runId =
        orchestra.play(
            workflow("thinking")
                .sensitiveVariable("pin", "sesame-4711")
                .nodeWith(
                    "thinker",
                    "acme.thinker",
                    Map.of(),
                    Map.of(
                        "inputs", Map.of("pin", Map.of("type", "variable", "variableName", "pin"))))
                .nodeWith(
                    "supervisor",
                    "core.orchestrator.supervisor",
                    Map.of(),
                    Map.of(
                        "inputs",
                        Map.of(
                            "decision",
                            Map.of(
                                "type",
                                "connection",
                                "nodeId",
                                "thinker",
                                "outputKey",
                                "decision"))))
                .node("dispatch", "core.dispatch")
                .edge("thinker", "supervisor")
                .edge("supervisor", "dispatch"));

    orchestra.host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(escalations(runId)).hasSize(1);
    assertThat(told(runId)).noneMatch(event -> event.contains("sesame-4711"));
    orchestra.answer(runId, "supervisor", Map.of("action", "accept"));
    Run child = orchestra.child(runId, "worker");
    assertThat(child.inputs()).containsEntry("given", "sesame-4711");
    assertThat(told(runId)).noneMatch(event -> event.contains("sesame-4711"));
  }

  private static Map<String, Object> unsure(Map<String, Object> decision, double confidence) {
    Map<String, Object> unsure = new HashMap<>(decision);
    unsure.put("confidence", BigDecimal.valueOf(confidence));
    return unsure;
  }

  private List<Map<String, @Nullable Object>> escalations(String runId) {
    return orchestra.payloads(runId, EventType.CONFIDENCE_ESCALATED);
  }

  private List<RunEvent> log(String runId) {
    return orchestra
        .host
        .stores()
        .runs()
        .log(SampleRuns.TENANT, runId, -1, Integer.MAX_VALUE)
        .orElseThrow()
        .events();
  }

  private List<String> told(String runId) {
    return log(runId).stream()
        .map(event -> event.type() + " " + event.nodeId() + " " + event.payload())
        .toList();
  }
}
