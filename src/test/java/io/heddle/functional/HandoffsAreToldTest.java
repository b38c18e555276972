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
import io.heddle.testkit.SampleRuns;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever reads the log sees how far each worker came, and what led to what. */
class HandoffsAreToldTest {

  private static final List<String> HARVEST =
      List.of("dispatch.began", "dispatch.succeeded", "child.completed", "output.harvested");

  private static final Map<String, Object> TAKING =
      Map.of("outputMapping", Map.of("taken", "result"));

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
  void stepByStep() {
    String runId =
        orchestra.play(loop(TAKING, next("worker"), terminate()).variable("taken", "nothing"));

    String child = orchestra.child(runId, "worker").runId();
    assertThat(orchestra.payloads(runId, EventType.WORKFLOW_CHAIN))
        .containsExactly(
            step("dispatch.began", "worker", runId),
            step("dispatch.succeeded", "worker", runId, "childRunId", child),
            step("child.completed", "worker", runId, "childRunId", child),
            step(
                "output.harvested",
                "worker",
                runId,
                "childRunId",
                child,
                "harvestedKeys",
                List.of("taken")));
    orchestra
        .log(runId)
        .readsOf(
            "dispatch",
            EventType.NODE_STARTED,
            EventType.WORKFLOW_CHAIN,
            EventType.WORKFLOW_CHAIN,
            EventType.WORKFLOW_CHAIN,
            EventType.NODE_DISPATCHED,
            EventType.VARIABLE_CHANGED,
            EventType.WORKFLOW_CHAIN,
            EventType.NODE_COMPLETED);
    assertEachFollowsFromTheOneBefore(runId);
  }

  @Test
  void theFirstStepIsToldBeforeTheWorkerHasEnded() {
    String runId = orchestra.play(loop(TAKING, next("sleeping")).variable("taken", ""));

    assertThat(phases(runId, "sleeping")).containsExactly("dispatch.began", "dispatch.succeeded");
    orchestra.wake(orchestra.child(runId, "sleeping").runId());
    orchestra.settle();
    assertThat(phases(runId, "sleeping")).isEqualTo(HARVEST);
  }

  @Test
  void whereNothingIsTakenNothingIsHarvested() {
    String runId =
        orchestra.play(
            loop(
                    Map.of("perWorkerOutputMappings", Map.of("other", Map.of("taken", "result"))),
                    next("worker", "other"),
                    terminate())
                .variable("taken", ""));

    assertThat(phases(runId, "worker")).isEqualTo(HARVEST.subList(0, 3));
    assertThat(phases(runId, "other")).isEqualTo(HARVEST);
    assertEachFollowsFromTheOneBefore(runId);
  }

  @Test
  void whatTheWorkerDoesNotHaveIsNotAmongTheKeys() {
    String runId =
        orchestra.play(
            loop(
                Map.of("outputMapping", Map.of("taken", "result", "missed", "nowhere")),
                next("worker")));

    assertThat(last(runId, "output.harvested")).containsEntry("harvestedKeys", List.of("taken"));
    String none =
        orchestra.play(loop(Map.of("outputMapping", Map.of("a", "nowhere")), next("worker")));
    assertThat(last(none, "output.harvested")).containsEntry("harvestedKeys", List.of());
  }

  @Test
  void aWorkerThatFailedGivesNothing() {
    String runId =
        orchestra.play(loop(TAKING, next("failing"), terminate()).variable("taken", "as before"));

    assertThat(phases(runId, "failing"))
        .containsExactly("dispatch.began", "dispatch.succeeded", "child.failed");
    Run child = orchestra.child(runId, "failing");
    assertThat(last(runId, "child.failed"))
        .containsEntry(
            "error",
            Json.members("code", child.error().code(), "message", child.error().message()));
    assertEachFollowsFromTheOneBefore(runId);
  }

  @Test
  void aWorkerThatWasCancelledGivesNothing() {
    String runId =
        orchestra.play(loop(TAKING, next("sleeping"), terminate()).variable("taken", "as before"));
    String child = orchestra.child(runId, "sleeping").runId();
    orchestra.service.cancel(SampleRuns.TENANT, child, null, "alice");
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED);
    assertThat(phases(runId, "sleeping"))
        .containsExactly("dispatch.began", "dispatch.succeeded", "child.cancelled");
    assertThat(last(runId, "child.cancelled"))
        .isEqualTo(step("child.cancelled", "sleeping", runId, "childRunId", child));
    assertEachFollowsFromTheOneBefore(runId);
  }

  @Test
  void aParentThatIsCancelledHearsOfNoEnd() {
    String runId = orchestra.play(loop(TAKING, next("sleeping")).variable("taken", ""));
    orchestra.service.cancel(SampleRuns.TENANT, runId, null, "alice");
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
    assertThat(phases(runId, "sleeping")).containsExactly("dispatch.began", "dispatch.succeeded");
  }

  @Test
  void aWorkerThatCannotStart() {
    orchestra.host.register(workflow("demanding").node("work", "core.noop").required("wanted"));
    for (String worker : List.of("nobody", "demanding")) {
      String runId = orchestra.play(loop(TAKING, next("worker", worker)).variable("taken", ""));

      orchestra.host.assertThat(runId).is(RunStatus.FAILED).hasSoundLog();
      assertThat(phases(runId, worker)).containsExactly("dispatch.began", "dispatch.failed");
      assertThat(last(runId, "dispatch.failed"))
          .doesNotContainKey("childRunId")
          .containsEntry(
              "error",
              Json.members(
                  "code",
                  orchestra.read(runId).error().code(),
                  "message",
                  orchestra.read(runId).error().message()));
      assertEachFollowsFromTheOneBefore(runId);
    }
  }

  @Test
  void severalAtTheSameTimeWithMixedOutcomes() {
    String runId =
        orchestra.play(
            loop(
                    with(TAKING, "fanOutPolicy", "parallel"),
                    next("worker", "failing", "sleeping", "worker"),
                    terminate())
                .variable("taken", ""));
    orchestra.service.cancel(
        SampleRuns.TENANT, orchestra.child(runId, "sleeping").runId(), null, "alice");
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(stories(runId).values())
        .containsExactlyInAnyOrder(
            HARVEST.subList(1, 4),
            HARVEST.subList(1, 4),
            List.of("dispatch.succeeded", "child.failed"),
            List.of("dispatch.succeeded", "child.cancelled"));
    assertEachFollowsFromTheOneBefore(runId);
  }

  @Test
  void whoeverIsNotWaitedForGivesNothing() {
    String runId =
        orchestra.play(
            loop(
                    with(
                        with(TAKING, "fanOutPolicy", "parallel"),
                        "joinPolicy",
                        Map.of("mode", "first")),
                    next("worker", "sleeping"),
                    terminate())
                .variable("taken", ""));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(stories(runId).values())
        .containsExactlyInAnyOrder(
            HARVEST.subList(1, 4), List.of("dispatch.succeeded", "child.cancelled"));
    assertEachFollowsFromTheOneBefore(runId);
  }

  @Test
  void aJoinThatFailsTakesNothing() {
    String runId =
        orchestra.play(
            loop(
                    with(
                        with(TAKING, "fanOutPolicy", "parallel"),
                        "joinPolicy",
                        Map.of("mode", "quorum", "quorum", 2)),
                    next("worker", "failing"),
                    terminate())
                .variable("taken", ""));

    orchestra.host.assertThat(runId).hasError("heddle.dispatch_join_failed");
    assertThat(stories(runId).values())
        .containsExactlyInAnyOrder(
            HARVEST.subList(1, 3), List.of("dispatch.succeeded", "child.failed"));
  }

  @Test
  void eachTurnFollowsFromItsOwnDecision() {
    String runId =
        orchestra.play(
            loop(TAKING, next("worker"), next("other"), terminate()).variable("taken", ""));

    assertEachFollowsFromTheOneBefore(runId);
    List<RunEvent> decisions = orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED);
    assertThat(
            orchestra.events(runId, EventType.WORKFLOW_CHAIN).stream()
                .filter(event -> "dispatch.began".equals(phase(event)))
                .map(RunEvent::causationId))
        .containsExactly(decisions.get(0).eventId(), decisions.get(1).eventId());
  }

  @Test
  void onceHoweverOftenAProcessDies() {
    orchestra.host.register(
        loop(TAKING, next("sleeping", "worker"), terminate()).variable("taken", ""));
    String runId = orchestra.host.create("orchestrated", Map.of(), Map.of());
    for (int i = 0; i < 2; i++) {
      // One that dies before it commits anything, and one that dies right after it did.
      orchestra.host.stores().claims().claimDue("node-that-dies", 10);
      orchestra.abandon(runId);
      orchestra.host.driveUntilCommits(runId, 1);
      orchestra.host.die();
      orchestra.settle();
      if (i == 0) {
        orchestra.wake(orchestra.child(runId, "sleeping").runId());
      }
    }
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(phases(runId, "sleeping")).isEqualTo(HARVEST);
    assertThat(phases(runId, "worker")).isEqualTo(HARVEST);
    assertEachFollowsFromTheOneBefore(runId);
  }

  @Test
  void aReplayTellsTheSame() {
    String source =
        orchestra.play(
            loop(
                    with(TAKING, "fanOutPolicy", "parallel"),
                    next("worker", "failing", "other"),
                    next("nobody"))
                .variable("taken", ""));
    List<RunEvent> log = log(source);

    for (int from = 0; from < log.size(); from++) {
      String replay = orchestra.host.replay(source, from);
      orchestra.settle();

      assertThat(told(replay)).as("from %d", from).isEqualTo(told(source));
      assertThat(causes(replay)).as("from %d", from).isEqualTo(causes(source));
    }
    assertThat(orchestra.children(source)).hasSize(3);
  }

  @Test
  void soDoesAReplayThatIsTakenOver() {
    String[] workers = Collections.nCopies(130, "worker").toArray(String[]::new);
    String source =
        orchestra.play(
            loop(with(TAKING, "fanOutPolicy", "parallel"), next(workers), terminate())
                .variable("taken", ""));
    String replay = orchestra.host.replay(source, 0);
    // Further than one commit reaches.
    orchestra.host.driveUntilCommits(replay, 1);
    assertThat(log(replay)).hasSizeLessThan(log(source).size());
    orchestra.abandon(replay);
    orchestra.settle();

    assertThat(told(replay)).isEqualTo(told(source));
    assertThat(causes(replay)).isEqualTo(causes(source));
  }

  @Test
  void aBranchHandsOverAnewAndBreaksNoChain() {
    String source =
        orchestra.play(loop(TAKING, next("worker", "other"), terminate()).variable("taken", ""));
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

      orchestra.host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
      assertEachFollowsFromTheOneBefore(branch);
      for (Run child : orchestra.children(branch)) {
        assertThat(stories(branch)).containsEntry(child.runId(), HARVEST.subList(1, 4));
      }
      long begun = phases(branch).stream().filter("dispatch.began"::equals).count();
      long started = phases(branch).stream().filter("dispatch.succeeded"::equals).count();
      assertThat(begun).as("from %d", from).isEqualTo(started);
    }
    assertThat(branches).isGreaterThan(8);
  }

  @Test
  void whatAnOlderHostStartedIsNotMadeUp() {
    String runId =
        orchestra.play(loop(TAKING, next("sleeping"), terminate()).variable("taken", ""));
    int changed =
        orchestra
            .host
            .stores()
            .jdbc()
            .sql(
                "update openwop.run set state = regexp_replace(state::text,"
                    + " ',\\s*\"told\":\\s*\"[^\"]*\"', '')::json where run_id = ?")
            .param(runId)
            .update();
    assertThat(changed).isEqualTo(1);
    int before = phases(runId).size();
    orchestra.wake(orchestra.child(runId, "sleeping").runId());
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(phases(runId)).hasSize(before);
    assertThat(orchestra.variable(runId, "taken")).isEqualTo("of the sleeping");
  }

  /** Each step has the one before it as its cause, and the first one the decision. */
  private void assertEachFollowsFromTheOneBefore(String runId) {
    Map<String, RunEvent> byId = new HashMap<>();
    for (RunEvent event : log(runId)) {
      if (event.type() == EventType.WORKFLOW_CHAIN) {
        RunEvent cause = byId.get(event.causationId());
        assertThat(cause).as("the cause of %s", event.payload()).isNotNull();
        String expected =
            switch (phase(event)) {
              case "dispatch.began" -> null;
              case "dispatch.succeeded", "dispatch.failed" -> "dispatch.began";
              case "output.harvested" -> "child.completed";
              default -> "dispatch.succeeded";
            };
        if (expected == null) {
          assertThat(cause.type()).isEqualTo(EventType.ORCHESTRATOR_DECIDED);
        } else {
          assertThat(phase(cause)).isEqualTo(expected);
          assertThat(worker(cause)).isEqualTo(worker(event));
          if (!expected.equals("dispatch.began")) {
            assertThat(child(cause)).isEqualTo(child(event));
          }
        }
      }
      byId.put(event.eventId(), event);
    }
  }

  private static Map<String, Object> with(Map<String, Object> config, String name, Object value) {
    Map<String, Object> more = new HashMap<>(config);
    more.put(name, value);
    return more;
  }

  private static Map<String, @Nullable Object> step(
      String phase, String worker, String parent, Object... more) {
    Map<String, @Nullable Object> payload =
        Json.members("phase", phase, "workerId", worker, "parentRunId", parent);
    payload.putAll(Json.members(more));
    return payload;
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

  /** The places of the causes, for the ids are each log's own. */
  private List<Long> causes(String runId) {
    Map<String, Long> places = new HashMap<>();
    List<Long> causes = new ArrayList<>();
    for (RunEvent event : log(runId)) {
      if (event.causationId() == null) {
        causes.add(-1L);
      } else {
        assertThat(places).containsKey(event.causationId());
        causes.add(places.get(event.causationId()));
      }
      places.put(event.eventId(), event.sequence());
    }
    return causes;
  }

  private List<String> phases(String runId) {
    return orchestra.events(runId, EventType.WORKFLOW_CHAIN).stream()
        .map(HandoffsAreToldTest::phase)
        .toList();
  }

  private List<String> phases(String runId, String worker) {
    return orchestra.events(runId, EventType.WORKFLOW_CHAIN).stream()
        .filter(event -> worker.equals(worker(event)))
        .map(HandoffsAreToldTest::phase)
        .toList();
  }

  /** What is told of each run that was started. */
  private Map<Object, List<String>> stories(String runId) {
    Map<Object, List<String>> stories = new HashMap<>();
    for (RunEvent event : orchestra.events(runId, EventType.WORKFLOW_CHAIN)) {
      if (child(event) != null) {
        stories.computeIfAbsent(child(event), it -> new ArrayList<>()).add(phase(event));
      }
    }
    return stories;
  }

  private Map<String, @Nullable Object> last(String runId, String phase) {
    List<Map<String, @Nullable Object>> found =
        orchestra.payloads(runId, EventType.WORKFLOW_CHAIN).stream()
            .filter(payload -> phase.equals(payload.get("phase")))
            .toList();
    assertThat(found).isNotEmpty();
    return found.get(found.size() - 1);
  }

  private static String phase(RunEvent event) {
    return String.valueOf(Json.parseObject(event.payload()).get("phase"));
  }

  private static @Nullable Object worker(RunEvent event) {
    return Json.parseObject(event.payload()).get("workerId");
  }

  private static @Nullable Object child(RunEvent event) {
    return Json.parseObject(event.payload()).get("childRunId");
  }
}
