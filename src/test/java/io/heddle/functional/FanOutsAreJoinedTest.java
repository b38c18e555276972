package io.heddle.functional;

import static io.heddle.functional.Orchestra.loop;
import static io.heddle.functional.Orchestra.next;
import static io.heddle.functional.Orchestra.terminate;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.WorkflowBuilder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A decision for several workers may become runs at the same time, which are joined again. */
class FanOutsAreJoinedTest {

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
  void allOfThemByDefault() {
    String runId = orchestra.start(parallel(Map.of(), next("worker", "other", "worker")));

    assertThat(orchestra.children(runId)).hasSize(3);
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED);
    assertThat(
            orchestra.log(runId).actual().stream()
                .filter(event -> "dispatch".equals(event.nodeId()))
                .map(RunEvent::type)
                .filter(type -> type != EventType.WORKFLOW_CHAIN))
        .containsExactly(
            EventType.NODE_STARTED,
            EventType.FAN_OUT_BEGUN,
            EventType.NODE_DISPATCHED,
            EventType.NODE_DISPATCHED,
            EventType.NODE_DISPATCHED,
            EventType.FAN_OUT_JOINED,
            EventType.NODE_COMPLETED);
    assertThat(orchestra.payloads(runId, EventType.FAN_OUT_BEGUN))
        .containsExactly(
            Json.members(
                "fanOutPolicy",
                "parallel",
                "childCount",
                3,
                "maxConcurrency",
                3,
                "joinMode",
                "wait-all"));
    Map<String, @Nullable Object> join = joined(runId);
    assertThat(join)
        .containsEntry("joinOutcome", "satisfied")
        .containsEntry("completedCount", 3)
        .containsEntry("failedCount", 0)
        .containsEntry("cancelledCount", 0);
    assertThat((List<?>) join.get("mergeOrder"))
        .asList()
        .containsExactlyInAnyOrderElementsOf(
            orchestra.children(runId).stream().map(Run::runId).toList());
    assertThat(dispatchOutputs(runId)).containsEntry("joinOutcome", "satisfied");
    assertThat(((List<?>) dispatchOutputs(runId).get("children")).stream().map(Map.class::cast))
        .extracting(child -> child.get("workflowId"))
        .containsExactly("worker", "other", "worker");
    String decision = orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED).get(0).eventId();
    for (EventType effect :
        List.of(EventType.FAN_OUT_BEGUN, EventType.NODE_DISPATCHED, EventType.FAN_OUT_JOINED)) {
      assertThat(orchestra.events(runId, effect))
          .extracting(RunEvent::causationId)
          .containsOnly(decision);
    }
  }

  @Test
  void aSingleWorkerIsNoFanOut() {
    String runId = orchestra.play(parallel(Map.of(), next("worker")));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.events(runId, EventType.FAN_OUT_BEGUN)).isEmpty();
    assertThat(dispatchOutputs(runId))
        .containsOnlyKeys("childRunId", "childStatus")
        .containsEntry("childStatus", "completed");
  }

  @Test
  void noMoreAtATimeThanTheNodeWants() {
    String runId =
        orchestra.play(
            parallel(
                Map.of("maxConcurrency", 2), next("sleeping", "sleeping", "sleeping", "sleeping")));

    List<String> woken = new ArrayList<>();
    for (int started : List.of(2, 3, 4, 4)) {
      assertThat(orchestra.children(runId)).hasSize(started);
      Run sleeper =
          orchestra.children(runId).stream()
              .filter(child -> !child.status().isTerminal())
              .findAny()
              .orElseThrow();
      woken.add(sleeper.runId());
      orchestra.wake(sleeper.runId());
      orchestra.settle();
    }

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(joined(runId).get("mergeOrder")).isEqualTo(woken);
  }

  @Test
  void noMoreAtATimeThanTheHostTakes() {
    String runId =
        orchestra.play(parallel(Map.of("maxConcurrency", 100), next(copies("sleeping", 6))));

    assertThat(orchestra.children(runId)).hasSize(4);
    assertThat(orchestra.payloads(runId, EventType.FAN_OUT_BEGUN).get(0))
        .containsEntry("maxConcurrency", 4)
        .containsEntry("childCount", 6);
  }

  @Test
  void theLastToEndWinsAVariable() {
    String runId =
        orchestra.play(
            parallel(
                    Map.of(
                        "outputMapping",
                        Map.of("taken", "result"),
                        "inputMapping",
                        Map.of("given", "taken")),
                    next("sleeping", "dozing"))
                .variable("taken", "nothing"));
    assertThat(orchestra.children(runId))
        .extracting(child -> child.inputs().get("given"))
        .containsOnly("nothing");

    orchestra.wake(orchestra.child(runId, "dozing").runId());
    orchestra.settle();
    assertThat(orchestra.variable(runId, "taken")).isEqualTo("nothing");
    orchestra.wake(orchestra.child(runId, "sleeping").runId());
    orchestra.settle();

    assertThat(orchestra.variable(runId, "taken")).isEqualTo("of the sleeping");
    assertThat(orchestra.payloads(runId, EventType.VARIABLE_CHANGED))
        .extracting(payload -> payload.get("next"))
        .containsExactly("of the dozing", "of the sleeping");
  }

  @Test
  void aFailureIsReportedAndFailsNothing() {
    for (String policy : List.of("collect", "absorb")) {
      String runId =
          orchestra.play(
              parallel(
                      Map.of(
                          "joinPolicy",
                          Map.of("onChildFailure", policy),
                          "outputMapping",
                          Map.of("taken", "result")),
                      next("failing", "worker"))
                  .variable("taken", "nothing"));

      orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(joined(runId))
          .containsEntry("joinOutcome", "partial")
          .containsEntry("completedCount", 1)
          .containsEntry("failedCount", 1);
      Map<?, ?> failed = (Map<?, ?>) ((List<?>) dispatchOutputs(runId).get("children")).get(0);
      assertThat(failed.get("childStatus")).isEqualTo("failed");
      assertThat(failed.get("error"))
          .isEqualTo(Map.of("code", orchestra.child(runId, "failing").error().code()));
      assertThat(orchestra.variable(runId, "taken")).isEqualTo("own default");
    }
  }

  @Test
  void theFirstFailureStopsTheOthersIfTheNodeSaysSo() {
    String runId =
        orchestra.play(
            parallel(
                    Map.of(
                        "joinPolicy",
                        Map.of("onChildFailure", "fail-fast"),
                        "outputMapping",
                        Map.of("taken", "result")),
                    next("sleeping", "failing", "dozing"))
                .variable("taken", "nothing"));

    orchestra
        .host
        .assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError("heddle.dispatch_join_failed")
        .hasSoundLog();
    assertThat(statuses(runId))
        .containsExactlyInAnyOrder(RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.CANCELLED);
    orchestra.children(runId).forEach(child -> orchestra.log(child.runId()));
    assertThat(joined(runId))
        .containsEntry("joinOutcome", "failed")
        .containsEntry("failedCount", 1)
        .containsEntry("cancelledCount", 2);
    assertThat(orchestra.variable(runId, "taken")).isEqualTo("nothing");
  }

  @Test
  void enoughAreEnough() {
    String runId =
        orchestra.play(
            parallel(
                Map.of("joinPolicy", Map.of("mode", "quorum", "quorum", 2)),
                next("worker", "sleeping", "other", "sleeping")));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(statuses(runId))
        .containsExactlyInAnyOrder(
            RunStatus.COMPLETED, RunStatus.CANCELLED, RunStatus.COMPLETED, RunStatus.CANCELLED);
    assertThat(joined(runId))
        .containsEntry("joinOutcome", "satisfied")
        .containsEntry("completedCount", 2)
        .containsEntry("cancelledCount", 2);
  }

  @Test
  void tooFewAreAFailure() {
    String runId =
        orchestra.play(
            parallel(
                Map.of("joinPolicy", Map.of("mode", "quorum", "quorum", 2)),
                next("worker", "failing", "failing")));

    orchestra.host.assertThat(runId).hasError("heddle.dispatch_join_failed").hasSoundLog();
    assertThat(joined(runId)).containsEntry("joinOutcome", "failed");
  }

  @Test
  void moreThanThereAreIsNoQuorum() {
    String runId =
        orchestra.play(
            parallel(
                Map.of("joinPolicy", Map.of("mode", "quorum", "quorum", 3)),
                next("worker", "worker")));

    orchestra.host.assertThat(runId).hasError("validation_error").hasSoundLog();
    assertThat(orchestra.children(runId)).isEmpty();
  }

  @Test
  void theFirstToComplete() {
    String runId =
        orchestra.play(
            parallel(
                    Map.of(
                        "joinPolicy",
                        Map.of("mode", "first"),
                        "outputMapping",
                        Map.of("taken", "result")),
                    next("failing", "sleeping", "dozing"))
                .variable("taken", "nothing"));
    orchestra.host.assertThat(runId).is(RunStatus.RUNNING);
    orchestra.wake(orchestra.child(runId, "dozing").runId());
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(statuses(runId))
        .containsExactlyInAnyOrder(RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.COMPLETED);
    assertThat(joined(runId)).containsEntry("joinOutcome", "partial");
    assertThat(orchestra.variable(runId, "taken")).isEqualTo("of the dozing");
  }

  @Test
  void theFirstToEndHowever() {
    String runId =
        orchestra.play(
            parallel(Map.of("joinPolicy", Map.of("mode", "race")), next("sleeping", "failing")));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(statuses(runId)).containsExactlyInAnyOrder(RunStatus.CANCELLED, RunStatus.FAILED);
    assertThat(joined(runId)).containsEntry("joinOutcome", "partial");
  }

  @Test
  void aWorkerThatCannotStartStopsThoseThatDid() {
    orchestra.host.register(demanding());
    String runId = orchestra.play(parallel(Map.of(), next("sleeping", "demanding", "worker")));

    orchestra.host.assertThat(runId).hasError("heddle.sub_workflow_inputs_invalid").hasSoundLog();
    assertThat(statuses(runId)).containsExactly(RunStatus.CANCELLED);

    String none = orchestra.play(parallel(Map.of(), next("demanding", "worker")));
    orchestra.host.assertThat(none).hasError("heddle.sub_workflow_inputs_invalid").hasSoundLog();
    assertThat(orchestra.children(none)).isEmpty();
  }

  @Test
  void theCapIsForAllOfThemTogether() {
    String runId =
        orchestra.play(parallel(Map.of("iterationCap", 2), next("worker", "worker", "worker")));

    orchestra.host.assertThat(runId).hasError("heddle.dispatch_limit_exceeded").hasSoundLog();
    assertThat(orchestra.children(runId)).isEmpty();
    assertThat(orchestra.payloads(runId, EventType.CAP_BREACHED).get(0))
        .containsEntry("limit", 2)
        .containsEntry("observed", 3);
  }

  @Test
  void aCancelStopsAllOfThem() {
    String runId = orchestra.play(parallel(Map.of(), next(copies("sleeping", 6))));

    orchestra.service.cancel(SampleRuns.TENANT, runId, null, "alice");
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
    assertThat(statuses(runId)).hasSize(4).containsOnly(RunStatus.CANCELLED);
  }

  @Test
  void aParentThatDiedAfterItsDecisionButBeforeItsEffectIsTakenUp() {
    String runId =
        orchestra.play(
            parallel(Map.of("joinPolicy", Map.of("mode", "first")), next("sleeping", "dozing")));
    orchestra.wake(orchestra.child(runId, "dozing").runId());
    orchestra.host.driveUntilCommits(runId, 1);
    assertThat(orchestra.child(runId, "sleeping").status()).isEqualTo(RunStatus.RUNNING);
    orchestra.abandon(runId);
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.child(runId, "sleeping").status()).isEqualTo(RunStatus.CANCELLED);
    assertThat(joined(runId)).containsEntry("joinOutcome", "satisfied");
  }

  @Test
  void aThousandOfThem() {
    String runId = orchestra.play(parallel(Map.of(), next(copies("worker", 1_000))));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(joined(runId)).containsEntry("completedCount", 1_000);
  }

  private static WorkflowBuilder parallel(Map<String, Object> dispatch, Object decision) {
    Map<String, Object> config = new LinkedHashMap<>(dispatch);
    config.put("fanOutPolicy", "parallel");
    return loop(config, decision, terminate());
  }

  private static WorkflowBuilder demanding() {
    return workflow("demanding").node("work", "core.noop").required("wanted");
  }

  private static String[] copies(String worker, int count) {
    return Collections.nCopies(count, worker).toArray(String[]::new);
  }

  private List<RunStatus> statuses(String runId) {
    return orchestra.children(runId).stream().map(Run::status).toList();
  }

  private Map<String, @Nullable Object> joined(String runId) {
    List<Map<String, @Nullable Object>> joins = orchestra.payloads(runId, EventType.FAN_OUT_JOINED);
    assertThat(joins).hasSize(1);
    return joins.get(0);
  }

  private Map<String, @Nullable Object> dispatchOutputs(String runId) {
    return orchestra.payloads(runId, EventType.NODE_COMPLETED).stream()
        .filter(payload -> "dispatch".equals(payload.get("nodeId")))
        .map(payload -> Json.object(payload.get("outputs"), ""))
        .findFirst()
        .orElseThrow();
  }
}
