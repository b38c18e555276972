package io.heddle.functional;

import static io.heddle.functional.Orchestra.loop;
import static io.heddle.functional.Orchestra.next;
import static io.heddle.functional.Orchestra.terminate;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.WorkflowBuilder;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A decision for workers becomes a run of each, one after the other. */
class DecisionsAreCarriedOutTest {

  private Orchestra orchestra;

  @BeforeEach
  void open() {
    orchestra = new Orchestra();
  }

  @AfterEach
  void close() {
    orchestra.close();
  }

  @Test
  void theNextStartsWhenTheOneBeforeHasEnded() {
    String runId = orchestra.start(loop(Map.of(), next("sleeping", "worker"), terminate()));

    Run first = only(runId);
    assertThat(first.workflow().workflowId()).isEqualTo("sleeping");
    assertThat(first.parent()).isEqualTo(new Run.Parent(runId, "dispatch"));
    orchestra.settle();
    assertThat(orchestra.children(runId)).hasSize(1);

    orchestra.wake(first.runId());
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    List<Run> children = orchestra.children(runId);
    assertThat(children).hasSize(2);
    assertThat(children.get(1).createdAt()).isAfterOrEqualTo(children.get(0).endedAt());
    assertThat(orchestra.payloads(runId, EventType.NODE_DISPATCHED))
        .containsExactly(
            dispatched(children.get(0), "completed"), dispatched(children.get(1), "completed"));
  }

  @Test
  void theNodeTellsOfTheLastOne() {
    String runId = orchestra.play(loop(Map.of(), next("worker", "failing")));

    Run last = orchestra.children(runId).get(1);
    assertThat(
            orchestra.payloads(runId, EventType.NODE_COMPLETED).stream()
                .filter(payload -> "dispatch".equals(payload.get("nodeId"))))
        .containsExactly(
            Json.members(
                "nodeId",
                "dispatch",
                "outputs",
                Json.members("childRunId", last.runId(), "childStatus", "failed")));
  }

  @Test
  void whatOneGivesTheNextReceives() {
    String runId =
        orchestra.play(
            loop(
                    Map.of(
                        "perWorkerOutputMappings",
                        Map.of("worker", Map.of("shared", "result")),
                        "perWorkerInputMappings",
                        Map.of("other", Map.of("given", "shared"))),
                    next("worker", "other"))
                .variable("shared", ""));

    assertThat(orchestra.variable(runId, "shared")).isEqualTo("own default");
    assertThat(orchestra.children(runId).get(0).inputs()).isEmpty();
    assertThat(orchestra.children(runId).get(1).inputs()).containsEntry("given", "own default");
  }

  @Test
  void aMappingOfItsOwnReplacesTheOneForAll() {
    String runId =
        orchestra.play(
            loop(
                    Map.of(
                        "inputMapping",
                        Map.of("given", "mine", "more", "mine"),
                        "perWorkerInputMappings",
                        Map.of("other", Map.of("given", "yours"))),
                    next("worker", "other"))
                .variable("mine", "for all")
                .variable("yours", "for one"));

    assertThat(orchestra.children(runId))
        .extracting(Run::inputs)
        .containsExactly(Map.of("given", "for all", "more", "for all"), Map.of("given", "for one"));
  }

  @Test
  void whatTheParentHasNotIsUndefinedInTheChild() {
    String runId =
        orchestra.play(
            loop(Map.of("inputMapping", Map.of("result", "missing")), next("worker"))
                .variable("missing", null));

    assertThat(only(runId).inputs()).isEmpty();
    assertThat(only(runId).state().variables()).doesNotContainKey("result");
  }

  @Test
  void eachIsGivenItsOwnItem() {
    Map<String, Object> decision =
        Map.of(
            "kind",
            "next-worker",
            "nextWorkerIds",
            List.of("worker", "worker"),
            "nextWorkerInputs",
            List.of(Map.of("item", 1, "region", "eu"), Map.of("item", Map.of("deep", true))));
    String runId =
        orchestra.play(
            loop(Map.of("inputMapping", Map.of("region", "region", "item", "missing")), decision)
                .variable("region", "us")
                .variable("missing", null));

    assertThat(orchestra.children(runId))
        .extracting(Run::inputs)
        .containsExactly(
            Map.of("item", 1, "region", "eu"),
            Map.of("item", Map.of("deep", true), "region", "us"));
  }

  @Test
  void itemsMustBeAsManyAsWorkers() {
    String runId =
        orchestra.play(
            loop(
                Map.of(),
                Map.of(
                    "kind",
                    "next-worker",
                    "nextWorkerIds",
                    List.of("worker", "worker"),
                    "nextWorkerInputs",
                    List.of(Map.of()))));

    assertFailedWithoutChildren(runId, "validation_error");
  }

  @Test
  void aFailureDoesNotFailTheParentAndGivesNothing() {
    for (String worker : List.of("failing", "sleeping")) {
      String runId =
          orchestra.play(
              loop(Map.of("outputMapping", Map.of("taken", "result")), next(worker), terminate())
                  .variable("taken", "as before"));
      Run child = only(runId);
      if (worker.equals("sleeping")) {
        orchestra.service.cancel(SampleRuns.TENANT, child.runId(), null, "alice");
        orchestra.settle();
      }

      orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(orchestra.variable(runId, "taken")).isEqualTo("as before");
      assertThat(orchestra.payloads(runId, EventType.NODE_DISPATCHED))
          .containsExactly(dispatched(child, worker.equals("failing") ? "failed" : "cancelled"));
    }
  }

  @Test
  void severalWorkersAreRefusedIfTheNodeSaysSo() {
    Map<String, Object> reject = Map.of("fanOutPolicy", "reject");

    assertFailedWithoutChildren(
        orchestra.play(loop(reject, next("worker", "other"))), "fan_out_unsupported");
    orchestra
        .host
        .assertThat(orchestra.play(loop(reject, next("worker"))))
        .is(RunStatus.COMPLETED)
        .hasSoundLog();
  }

  @Test
  void noneIsStartedIfOneIsUnknown() {
    assertFailedWithoutChildren(
        orchestra.play(loop(Map.of(), next("worker", "nobody"))), "unknown_child_workflow");
  }

  @Test
  void withoutADecisionThereIsNothingToCarryOut() {
    String runId =
        orchestra.play(
            workflow("hasty")
                .node("dispatch", "core.dispatch")
                .node("supervisor", "core.orchestrator.supervisor")
                .edge("dispatch", "supervisor"));

    assertFailedWithoutChildren(runId, "no_pending_decision");
  }

  @Test
  void noMoreRunsThanTheNodeAllows() {
    Map<String, Object> twice = Map.of("iterationCap", 2);
    String within = orchestra.play(loop(twice, next("worker", "worker"), terminate()));
    String beyond = orchestra.play(loop(twice, next("worker"), next("other"), next("worker")));

    orchestra.host.assertThat(within).is(RunStatus.COMPLETED).hasSoundLog();
    orchestra
        .host
        .assertThat(beyond)
        .is(RunStatus.FAILED)
        .hasError("heddle.dispatch_limit_exceeded")
        .hasSoundLog();
    assertThat(orchestra.children(beyond)).hasSize(2);
    assertThat(orchestra.payloads(beyond, EventType.CAP_BREACHED))
        .containsExactly(
            Json.members(
                "kind", "dispatch-iterations", "limit", 2, "observed", 3, "nodeId", "dispatch"));
  }

  @Test
  void aWorkflowThatDispatchesItselfComesToAnEnd() {
    WorkflowBuilder doll = loop(Map.of(), next("orchestrated"));
    String runId = orchestra.play(doll);

    String deepest = runId;
    int depth = 0;
    while (!orchestra.children(deepest).isEmpty()) {
      deepest = only(deepest).runId();
      depth++;
    }
    assertThat(depth).isEqualTo(3);
    orchestra.host.assertThat(deepest).hasError("heddle.sub_workflow_too_deep").hasSoundLog();
    // Each of the others was told that its worker failed, and went on.
    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void aCancelStopsTheWorkerAndStartsNoOther() {
    String runId = orchestra.play(loop(Map.of(), next("sleeping", "worker"), terminate()));
    Run child = only(runId);

    assertThat(
            orchestra
                .service
                .cancel(SampleRuns.TENANT, runId, "enough", "alice")
                .orElseThrow()
                .cancelled())
        .extracting(Run::runId)
        .containsExactlyInAnyOrder(runId, child.runId());
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
    orchestra.host.assertThat(child.runId()).is(RunStatus.CANCELLED).hasSoundLog();
    assertThat(orchestra.children(runId)).hasSize(1);
  }

  @Test
  void aCancelWhileTheNextIsBeingStarted() {
    String runId = orchestra.play(loop(Map.of(), next("sleeping", "worker"), terminate()));
    orchestra.wake(only(runId).runId());
    orchestra.host.driveAfter(
        runId, () -> orchestra.service.cancel(SampleRuns.TENANT, runId, null, "alice"));
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
    assertThat(orchestra.children(runId)).hasSize(1);
  }

  @Test
  void aParentThatDiedBetweenTheStepsIsTakenUpWhereItStood() {
    String runId = orchestra.play(loop(Map.of(), next("sleeping", "worker"), terminate()));
    orchestra.wake(only(runId).runId());
    // Another process takes the run and dies before it commits anything.
    orchestra.host.stores().claims().claimDue("node-that-dies", 10);
    orchestra.abandon(runId);
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.children(runId)).hasSize(2);
    assertThat(orchestra.payloads(runId, EventType.NODE_DISPATCHED)).hasSize(2);
  }

  @Test
  void manyOfThemOneAfterTheOther() {
    String[] workers = Collections.nCopies(100, "worker").toArray(String[]::new);
    String runId = orchestra.play(loop(Map.of(), next(workers), terminate()));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    Set<Object> children = new HashSet<>();
    orchestra
        .payloads(runId, EventType.NODE_DISPATCHED)
        .forEach(payload -> children.add(payload.get("childRunId")));
    assertThat(children).hasSize(100);
  }

  private void assertFailedWithoutChildren(String runId, String code) {
    orchestra.host.assertThat(runId).is(RunStatus.FAILED).hasError(code).hasSoundLog();
    assertThat(orchestra.children(runId)).isEmpty();
  }

  private Run only(String parent) {
    List<Run> children = orchestra.children(parent);
    assertThat(children).hasSize(1);
    return children.get(0);
  }

  private static Map<String, Object> dispatched(Run child, String status) {
    return Map.of(
        "childRunId",
        child.runId(),
        "childWorkflowId",
        child.workflow().workflowId(),
        "childStatus",
        status);
  }
}
