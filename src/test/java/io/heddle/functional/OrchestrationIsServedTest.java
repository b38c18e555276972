package io.heddle.functional;

import static io.heddle.functional.Orchestra.next;
import static io.heddle.functional.Orchestra.terminate;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import io.heddle.testkit.WorkflowBuilder;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Orchestrators and what they decide, as callers see them. */
@WebHost
class OrchestrationIsServedTest {

  @LocalServerPort private int port;

  private WebCaller caller;

  @BeforeEach
  void call() {
    caller = WebCaller.of(port, Key.OPERATOR);
  }

  @Test
  void itIsAdvertised() {
    Map<String, Object> document =
        WebCaller.anonymous(port).get("/.well-known/openwop").is(200).json();

    assertThat(map(document, "agents"))
        .containsEntry("orchestrator", true)
        .containsEntry("dispatch", true)
        .containsEntry("dispatchMapping", true);
    assertThat(document)
        .containsEntry("orchestrator", Map.of("supported", true, "fanOutSupported", true));
    assertThat(map(document, "dispatch"))
        .containsEntry("supported", true)
        .containsEntry("maxFanOut", 16)
        .containsEntry("fanOutPolicies", List.of("sequential", "reject", "parallel"));
    assertThat(map(document, "limits")).containsEntry("maxLoopIterations", 1_000);
    assertThat(map(document, "configurable"))
        .containsEntry("maxLoopIterations", Map.of("type", "number", "min", 1, "max", 1_000));
    assertThat(map(document, "multiAgent"))
        .isEqualTo(
            Map.of(
                "executionModel",
                Map.of(
                    "supported",
                    true,
                    "version",
                    2,
                    "confidenceEscalationFloor",
                    new BigDecimal("0.5"),
                    "confidenceEscalationInterruptKind",
                    "approval")));
    assertThat((List<?>) document.get("fixtures"))
        .asList()
        .contains(
            "conformance-orchestrator-dispatch",
            "conformance-orchestrator-terminate",
            "conformance-orchestrator-low-confidence",
            "conformance-dispatch-loop",
            "conformance-multi-agent-handoff",
            "conformance-multi-agent-handoff-child",
            "conformance-multi-agent-confidence-escalation",
            "conformance-dispatch-input-mapping",
            "conformance-dispatch-input-mapping-no-default",
            "conformance-dispatch-output-mapping",
            "conformance-dispatch-per-worker-override",
            "conformance-dispatch-cross-worker-handoff",
            "conformance-dispatch-deterministic-fail-child",
            "conformance-dispatch-cancellable-child");
  }

  @Test
  void theSnapshotNamesTheAgentAndTheLogTheCauses() {
    String runId = caller.finished("conformance-orchestrator-dispatch");

    Map<String, Object> snapshot = caller.get("/v1/runs/" + runId).is(200).json();
    assertThat(snapshot)
        .containsEntry("status", "completed")
        .containsEntry(
            "runOrchestrator",
            Map.of("agentId", "core.conformance.supervisor", "modelClass", "reasoning"));
    Map<?, ?> decided = events(runId, "runOrchestrator.decided").get(0);
    assertThat(decided.get("nodeId")).isEqualTo("supervisor");
    assertThat(decided.get("payload"))
        .isEqualTo(
            Map.of("agentId", "core.conformance.supervisor", "decision", next("conformance-noop")));
    assertThat(decided.containsKey("causationId")).isFalse();
    Map<?, ?> dispatched = events(runId, "node.dispatched").get(0);
    assertThat(dispatched.get("nodeId")).isEqualTo("dispatch");
    assertThat(dispatched.get("causationId")).isEqualTo(decided.get("eventId"));
    assertThat(((Map<?, ?>) dispatched.get("payload")).keySet())
        .isEqualTo(Set.of("childRunId", "childWorkflowId", "childStatus"));
    assertThat(caller.get("/v1/runs/" + child(dispatched)).is(200).json())
        .containsEntry("parentRunId", runId)
        .containsEntry("parentNodeId", "dispatch");
    WebCaller.of(port, Key.STRANGER).get("/v1/runs/" + child(dispatched)).refuses(404, "not_found");
    // The stream tells the same.
    assertThat(caller.get("/v1/runs/" + runId + "/events?streamMode=debug").is(200).text())
        .contains("\"causationId\":\"" + decided.get("eventId") + "\"");
  }

  @Test
  void aRunWithoutAnOrchestratorNamesNone() {
    String runId = caller.finished("conformance-noop");

    assertThat(caller.get("/v1/runs/" + runId).is(200).json()).doesNotContainKey("runOrchestrator");
  }

  @Test
  void mappingsAreSeenOnTheChildren() {
    String runId = caller.finished("conformance-dispatch-cross-worker-handoff");

    List<Map<?, ?>> dispatched = events(runId, "node.dispatched");
    assertThat(map(caller.get("/v1/runs/" + runId).json(), "variables"))
        .containsEntry("sharedVar", "hello");
    assertThat(caller.get("/v1/runs/" + child(dispatched.get(1))).json())
        .containsEntry("inputs", Map.of("input", "hello"));
    String unset = caller.finished("conformance-dispatch-input-mapping-no-default");
    assertThat(caller.get("/v1/runs/" + child(events(unset, "node.dispatched").get(0))).json())
        .containsEntry("inputs", Map.of());
  }

  @Test
  void aLoopWithoutAPlanEnds() {
    String runId = caller.finished("conformance-dispatch-loop");

    assertThat(events(runId, "runOrchestrator.decided"))
        .extracting(event -> map(map(event, "payload"), "decision").get("kind"))
        .containsExactly("next-worker", "terminate");
  }

  @Test
  void howFarAWorkerCameIsTold() {
    String runId = caller.finished("conformance-multi-agent-handoff");

    List<Map<?, ?>> steps = events(runId, "core.workflowChain.event");
    assertThat(steps)
        .extracting(step -> map(step, "payload").get("phase"))
        .containsExactly(
            "dispatch.began", "dispatch.succeeded", "child.completed", "output.harvested");
    Object cause = events(runId, "runOrchestrator.decided").get(0).get("eventId");
    for (Map<?, ?> step : steps) {
      assertThat(step.get("causationId")).isEqualTo(cause);
      cause = step.get("eventId");
    }
    assertThat(map(steps.get(3), "payload"))
        .containsEntry("harvestedKeys", List.of("parentResult"));
    assertThat(map(caller.get("/v1/runs/" + runId).is(200).json(), "variables"))
        .containsEntry("parentResult", "handoff-complete");
  }

  @Test
  void whatNobodyIsSureOfIsEscalated() {
    String runId = caller.create("conformance-multi-agent-confidence-escalation");
    awaitEvent(runId, "node.suspended");

    assertThat(caller.get("/v1/runs/" + runId).json())
        .containsEntry("status", "waiting-approval")
        .containsEntry("currentNodeId", "supervisor");
    assertThat(events(runId, "core.workflowChain.confidence-escalated"))
        .extracting(event -> (Object) map(event, "payload"))
        .containsExactly(
            Map.of(
                "confidence",
                new BigDecimal("0.3"),
                "floor",
                new BigDecimal("0.5"),
                "escalationKind",
                "escalate",
                "workerId",
                "conformance-multi-agent-handoff-child",
                "parentRunId",
                runId,
                "originalDecision",
                Map.of(
                    "kind",
                    "next-worker",
                    "nextWorkerIds",
                    List.of("conformance-multi-agent-handoff-child"),
                    "confidence",
                    new BigDecimal("0.3"))));
    assertThat(events(runId, "interrupt.requested"))
        .extracting(event -> map(event, "payload").get("kind"))
        .containsExactly("approval");
    assertThat(events(runId, "core.workflowChain.event")).isEmpty();
    assertThat(events(runId, "runOrchestrator.decided")).isEmpty();
    String path = "/v1/runs/" + runId + "/interrupts/supervisor";
    WebCaller.of(port, Key.STRANGER)
        .post(path, Map.of("resumeValue", Map.of("action", "accept")))
        .refuses(404, "not_found");
    for (Object value :
        List.of(
            "accept",
            Map.of("action", "ratify"),
            Map.of("action", "edit-accept"),
            Map.of("action", "edit-accept", "editedArtifactData", "anything"))) {
      caller.post(path, Map.of("resumeValue", value)).refuses(400, "validation_error");
    }

    caller.post(path, Map.of("resumeValue", Map.of("action", "accept"))).is(200);
    caller.awaitEnd(runId);

    assertThat(events(runId, "core.workflowChain.event")).isNotEmpty();
    assertThat(events(runId, "core.workflowChain.confidence-escalated")).hasSize(1);
  }

  @Test
  void whoeverRatifiesADecisionReleasesIt() {
    String runId = caller.create("conformance-orchestrator-low-confidence");
    awaitEvent(runId, "node.suspended");
    assertThat(caller.get("/v1/runs/" + runId).json())
        .containsEntry("status", "waiting-approval")
        .containsEntry("currentNodeId", "supervisor");
    assertThat(map(events(runId, "node.suspended").get(0), "payload"))
        .containsEntry("reason", "low-confidence")
        .containsEntry("agentId", "core.conformance.low-conf-supervisor");
    assertThat(events(runId, "runOrchestrator.decided")).isEmpty();

    caller
        .post(
            "/v1/runs/" + runId + "/interrupts/supervisor",
            Map.of("resumeValue", Map.of("action", "accept")))
        .is(200);
    caller.awaitEnd(runId);

    assertThat(events(runId, "runOrchestrator.decided"))
        .extracting(event -> map(map(event, "payload"), "decision").get("kind"))
        .containsExactly("next-worker", "terminate");
  }

  @Test
  void aCancelReachesTheWorkers() {
    WorkflowBuilder fan =
        WorkflowBuilder.workflow("orchestration-http-fan")
            .node(
                "supervisor",
                "core.orchestrator.supervisor",
                Map.of(
                    "mockDecisions",
                    List.of(
                        next(
                            "conformance-dispatch-cancellable-child",
                            "conformance-dispatch-cancellable-child"),
                        terminate())))
            .node("dispatch", "core.dispatch", Map.of("fanOutPolicy", "parallel"))
            .edge("supervisor", "dispatch")
            .edge("dispatch", "supervisor");
    caller.send("PUT", "/v1/host/heddle/workflows/" + fan.id(), fan.json()).is(200);
    String runId = caller.create(fan.id());
    awaitEvent(runId, "core.dispatch.fanOut");
    List<Object> children =
        ((List<?>) caller.get("/v1/runs/" + runId).json().get("childRuns"))
            .stream().map(child -> (Object) ((Map<?, ?>) child).get("runId")).toList();
    assertThat(children).hasSize(2);

    caller.cancel(runId);

    for (Object child : children) {
      assertThat(caller.get("/v1/runs/" + child).json()).containsEntry("status", "cancelled");
      assertThat(map(events((String) child, "run.cancelled").get(0), "payload"))
          .containsEntry("parentRunId", runId);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"fanOutPolicy\":\"broadcast\"}|/nodes/1/config/fanOutPolicy",
        "{\"joinPolicy\":{\"mode\":\"wait-all\"}}|/nodes/1/config/joinPolicy",
        "{\"nextWorkerIds\":[\"a\"]}|/nodes/1/config/nextWorkerIds",
        "{\"iterationCap\":0}|/nodes/1/config/iterationCap",
        "{\"perWorkerInputMappings\":{\"a/b\":{\"x\":1}}}"
            + "|/nodes/1/config/perWorkerInputMappings/a~1b"
      })
  void whatCannotBeExecutedIsRefusedWithItsPlace(String example) {
    String[] parts = example.split("\\|", 2);
    String document =
        WorkflowBuilder.workflow("orchestration-http-refused")
            .node("supervisor", "core.orchestrator.supervisor")
            .node("dispatch", "core.dispatch", Map.of("here", true))
            .json()
            .replace("{\"here\":true}", parts[0]);

    var answer =
        caller
            .send("PUT", "/v1/host/heddle/workflows/orchestration-http-refused", document)
            .refuses(400, "validation_error");

    assertThat((List<?>) answer.details().get("errors"))
        .extracting(error -> (Object) ((Map<?, ?>) error).get("pointer"))
        .containsExactly(parts[1]);
  }

  private void awaitEvent(String runId, String type) {
    long last = -1;
    while (events(runId, type).isEmpty()) {
      Map<String, Object> page =
          caller
              .get("/v1/runs/%s/events/poll?lastSequence=%d&timeout=30".formatted(runId, last))
              .is(200)
              .json();
      assertThat(page).containsEntry("isComplete", false);
      last = ((Number) page.get("nextSequence")).longValue() - 1;
    }
  }

  private List<Map<?, ?>> events(String runId, String type) {
    return caller.log(runId).stream()
        .<Map<?, ?>>map(event -> (Map<?, ?>) event)
        .filter(event -> type.equals(event.get("type")))
        .toList();
  }

  private static Object child(Map<?, ?> dispatched) {
    return ((Map<?, ?>) dispatched.get("payload")).get("childRunId");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Map<?, ?> from, String member) {
    return (Map<String, Object>) from.get(member);
  }
}
