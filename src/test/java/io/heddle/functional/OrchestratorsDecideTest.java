package io.heddle.functional;

import static io.heddle.functional.Orchestra.loop;
import static io.heddle.functional.Orchestra.next;
import static io.heddle.functional.Orchestra.terminate;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.WorkflowBuilder;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A supervisor says what a run does next, and when it has come to its end. */
class OrchestratorsDecideTest {

  private Orchestra orchestra;

  @BeforeEach
  void open() {
    orchestra = new Orchestra(new Thinker());
  }

  @AfterEach
  void close() {
    orchestra.close();
  }

  @Test
  void turnByTurnUntilTheOneThatEndsTheRun() {
    String runId = orchestra.play(loop(Map.of(), next("worker"), terminate()));

    orchestra
        .log(runId)
        .reads(
            "RUN_STARTED",
            "NODE_STARTED supervisor",
            "ORCHESTRATOR_DECIDED supervisor",
            "NODE_COMPLETED supervisor",
            "NODE_STARTED dispatch",
            "WORKFLOW_CHAIN dispatch",
            "WORKFLOW_CHAIN dispatch",
            "WORKFLOW_CHAIN dispatch",
            "NODE_DISPATCHED dispatch",
            "NODE_COMPLETED dispatch",
            "NODE_STARTED supervisor",
            "ORCHESTRATOR_DECIDED supervisor",
            "NODE_COMPLETED supervisor",
            "RUN_COMPLETED");
    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED);
    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED))
        .containsExactly(
            Json.members("agentId", "host:supervisor", "decision", next("worker")),
            Json.members("agentId", "host:supervisor", "decision", terminate()));
    assertThat(orchestra.payloads(runId, EventType.RUN_COMPLETED).get(0))
        .containsEntry("reason", "goal-reached");
  }

  @Test
  void andNoMoreOftenThanTheRunAllows() {
    String runId =
        orchestra.play(
            loop(Map.of(), next("worker"), next("worker"), terminate()),
            Map.of("maxLoopIterations", 2));

    orchestra.host.assertThat(runId).is(RunStatus.FAILED).hasError("loop_limit_exceeded");
    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED)).hasSize(2);
    assertThat(orchestra.payloads(runId, EventType.CAP_BREACHED))
        .containsExactly(
            Json.members(
                "kind", "loop-iterations", "limit", 2, "observed", 3, "nodeId", "supervisor"));
  }

  @Test
  void andWhatFollowsNamesTheDecision() {
    String runId =
        orchestra.play(
            loop(Map.of("outputMapping", Map.of("taken", "result")), next("worker"), terminate())
                .variable("taken", "nothing"));

    List<RunEvent> decisions = orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED);
    assertThat(decisions).extracting(RunEvent::causationId).containsOnlyNulls();
    String first = decisions.get(0).eventId();
    for (EventType effect : List.of(EventType.NODE_DISPATCHED, EventType.VARIABLE_CHANGED)) {
      assertThat(orchestra.events(runId, effect))
          .extracting(RunEvent::causationId)
          .containsExactly(first);
    }
    assertThat(
            orchestra.events(runId, EventType.NODE_COMPLETED).stream()
                .filter(event -> "dispatch".equals(event.nodeId())))
        .extracting(RunEvent::causationId)
        .containsExactly(first);
    assertThat(orchestra.events(runId, EventType.RUN_COMPLETED))
        .extracting(RunEvent::causationId)
        .containsExactly(decisions.get(1).eventId());
  }

  @Test
  void asTheAgentThatTheNodeNames() {
    Map<String, Object> agent =
        Map.of("agentId", "acme.planner", "name", "Planner", "modelClass", "reasoning");
    String runId =
        orchestra.play(
            workflow("alone")
                .nodeWith(
                    "supervisor",
                    "core.orchestrator.supervisor",
                    Map.of("mockDispatchPlan", List.of(terminate())),
                    Map.of("agent", agent)));

    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED).get(0))
        .containsEntry("agentId", "acme.planner");
    assertThat(orchestra.read(runId).state().orchestration().agent()).isEqualTo(agent);
  }

  @Test
  void nobodyElseDecidesInTheSameRun() {
    String runId =
        orchestra.play(
            workflow("two-heads")
                .nodeWith(
                    "first",
                    "core.orchestrator.supervisor",
                    Map.of("mockDecisions", List.of(next("worker"), terminate())),
                    Map.of("agent", Map.of("agentId", "acme.first")))
                .nodeWith(
                    "second",
                    "core.orchestrator.supervisor",
                    Map.of("mockDecisions", List.of(terminate(), terminate())),
                    Map.of("agent", Map.of("agentId", "acme.second")))
                .edge("first", "second"));

    orchestra.host.assertThat(runId).hasError("validation_error").hasSoundLog();
    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED))
        .extracting(payload -> payload.get("agentId"))
        .containsExactly("acme.first");
  }

  @Test
  void aPlanThatIsUsedUpEndsTheRun() {
    String runId = orchestra.play(loop(Map.of(), next("worker")));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED).get(1))
        .containsEntry("decision", Map.of("kind", "terminate", "reason", "plan-exhausted"));
  }

  @Test
  void withoutAPlanThereIsOneWorkerForTests() {
    orchestra.host.register(workflow("conformance-noop").node("noop", "core.noop"));
    String runId = orchestra.play(unplanned());

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.children(runId))
        .extracting(child -> child.workflow().workflowId())
        .containsExactly("conformance-noop");
  }

  @Test
  void withoutAPlanAndWithoutThatWorkerThereIsNothingToDo() {
    String runId = orchestra.play(unplanned());

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.children(runId)).isEmpty();
    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED))
        .extracting(payload -> payload.get("decision"))
        .containsExactly(Map.of("kind", "terminate", "reason", "nothing-to-decide"));
  }

  @Test
  void whatAnotherNodeThought() {
    String runId = orchestra.play(thinking());

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.children(runId))
        .extracting(child -> child.workflow().workflowId())
        .containsExactly("worker", "other");
    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED)).hasSize(3);
  }

  @Test
  void nonsenseIsNoDecision() {
    orchestra.host.register(thinking());
    String runId = orchestra.host.create("thinking", Map.of("mood", "confused"), Map.of());
    orchestra.settle();

    orchestra.host.assertThat(runId).hasError("validation_error").hasSoundLog();
    assertThat(orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED)).isEmpty();
    assertThat(orchestra.read(runId).error().message())
        .isEqualTo("The decision /kind must be one of next-worker, ask-user, terminate");
  }

  @Test
  void anEndCutsOffWhateverElseIsUnderWay() {
    WorkflowBuilder parallel =
        workflow("impatient")
            .node("call", "core.subWorkflow", Map.of("workflowId", "sleeping"))
            .node("nap", "core.delay", Map.of("ms", 3_600_000))
            .node("work", "core.subWorkflow", Map.of("workflowId", "worker"))
            .node(
                "supervisor",
                "core.orchestrator.supervisor",
                Map.of("mockDecisions", List.of(terminate())))
            .node("after", "core.noop")
            .edge("work", "supervisor")
            .edge("supervisor", "after");
    String runId = orchestra.play(parallel);

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    Run sleeper =
        orchestra.children(runId).stream()
            .filter(child -> child.workflow().workflowId().equals("sleeping"))
            .findFirst()
            .orElseThrow();
    orchestra.host.assertThat(sleeper.runId()).is(RunStatus.CANCELLED).hasSoundLog();
    assertThat(orchestra.payloads(sleeper.runId(), EventType.RUN_CANCELLED).get(0))
        .containsEntry("parentRunId", runId);
    orchestra.log(runId).readsOf("nap", EventType.NODE_STARTED, EventType.NODE_CANCELLED);
    orchestra.log(runId).readsOf("call", EventType.NODE_STARTED, EventType.NODE_CANCELLED);
    assertThat(orchestra.read(runId).state().nodes()).doesNotContainKey("after");
  }

  @Test
  void anEndThatWaitsForAPauseStaysAnEnd() {
    orchestra.host.register(loop(Map.of(), terminate()));
    String runId = orchestra.host.create("orchestrated", Map.of(), Map.of());
    orchestra.host.driveAfter(
        runId,
        () ->
            orchestra
                .host
                .stores()
                .runs()
                .together(
                    () -> {
                      orchestra
                          .host
                          .stores()
                          .runs()
                          .requestPause(
                              SampleRuns.TENANT,
                              runId,
                              new PauseRequest(PauseRequest.DrainPolicy.DRAIN_CURRENT_NODE, null));
                      return true;
                    }));
    orchestra.service.resume(SampleRuns.TENANT, runId, null);
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.events(runId, EventType.RUN_PAUSED)).hasSize(1);
    assertThat(orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED)).hasSize(1);
  }

  @Test
  void asOftenAsLoopsMayGoBack() {
    String five =
        orchestra.play(
            loop(
                Map.of(),
                next("worker"),
                next("worker"),
                next("worker"),
                next("worker"),
                next("worker"),
                terminate()));

    orchestra.host.assertThat(five).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.events(five, EventType.LOOPBACK_LIMIT)).isEmpty();
    assertThat(orchestra.events(five, EventType.ORCHESTRATOR_DECIDED)).hasSize(6);
  }

  @Test
  void notMoreOftenThanLoopsMayGoBack() {
    String runId =
        orchestra.play(
            loop(Map.of(), next("worker"), next("worker"), next("worker"), terminate())
                .maxLoopbackIterations(2));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.payloads(runId, EventType.LOOPBACK_LIMIT))
        .containsExactly(Json.members("nodeId", "supervisor", "iterations", 2, "limit", 2));
    assertThat(orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED)).hasSize(3);
  }

  @Test
  void whatTheAgentIsNotSureOfSomebodyRatifies() {
    String runId = orchestra.play(unsure(0.5));

    orchestra.host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED)).isEmpty();
    assertThat(orchestra.payloads(runId, EventType.NODE_SUSPENDED).get(0))
        .containsEntry("reason", "low-confidence")
        .containsEntry("agentId", "host:supervisor")
        .containsEntry("threshold", new BigDecimal("0.7"))
        .containsEntry("observed", new BigDecimal("0.5"));
    assertThat(orchestra.payloads(runId, EventType.INTERRUPT_REQUESTED).get(0))
        .extractingByKey("data")
        .isEqualTo(
            Json.members(
                "agentId",
                "host:supervisor",
                "threshold",
                new BigDecimal("0.7"),
                "observed",
                new BigDecimal("0.5"),
                "decision",
                next("worker")));

    orchestra.answer(runId, "supervisor", Map.of("action", "accept"));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.payloads(runId, EventType.ORCHESTRATOR_DECIDED))
        .extracting(payload -> payload.get("decision"))
        .containsExactly(
            next("worker"), Map.of("kind", "terminate", "reason", "nothing-to-decide"));
    assertThat(orchestra.children(runId)).hasSize(1);
  }

  @Test
  void orDecidesOtherwise() {
    String runId = orchestra.play(unsure(0.5));
    orchestra.answer(runId, "supervisor", Map.of("action", "accept", "decision", next("other")));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    orchestra.child(runId, "other");
  }

  @Test
  void orRejects() {
    String runId = orchestra.play(unsure(0.5));
    orchestra.answer(runId, "supervisor", Map.of("action", "reject"));

    orchestra.host.assertThat(runId).hasError("approval_rejected").hasSoundLog();
    assertThat(orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED)).isEmpty();
  }

  @Test
  void sureEnoughIsAsSureAsTheRunWantsIt() {
    orchestra.host.assertThat(orchestra.play(unsure(0.7))).is(RunStatus.COMPLETED).hasSoundLog();
    orchestra.host.register(unsure(0.5));
    String runId = orchestra.host.create("unsure", Map.of(), Map.of("escalationThreshold", 0.5));
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void whatAnotherNodeThoughtIsHeldAgainstTheSameThreshold() {
    orchestra.host.register(thinking());
    String runId = orchestra.host.create("thinking", Map.of("mood", "unsure"), Map.of());
    orchestra.settle();

    orchestra.host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(orchestra.payloads(runId, EventType.NODE_SUSPENDED).get(0))
        .containsEntry("observed", new BigDecimal("0.2"));
  }

  @Test
  void aPersonIsAskedAndAnswers() {
    String runId =
        orchestra.play(
            loop(
                Map.of("askUserRouting", "clarification"),
                Map.of("kind", "ask-user", "prompt", "Which colour?"),
                terminate()));

    orchestra.host.assertThat(runId).is(RunStatus.WAITING_INPUT).hasSoundLog();
    String decision = orchestra.events(runId, EventType.ORCHESTRATOR_DECIDED).get(0).eventId();
    assertThat(orchestra.events(runId, EventType.CLARIFICATION_REQUESTED))
        .extracting(RunEvent::causationId)
        .containsExactly(decision);
    assertThat(orchestra.payloads(runId, EventType.CLARIFICATION_REQUESTED).get(0))
        .containsEntry(
            "questions", List.of(Json.members("id", "answer", "question", "Which colour?")));

    orchestra.answer(runId, "dispatch", Map.of("answers", Map.of("answer", "blue")));

    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(
            orchestra.payloads(runId, EventType.NODE_COMPLETED).stream()
                .filter(payload -> "dispatch".equals(payload.get("nodeId"))))
        .containsExactly(
            Json.members("nodeId", "dispatch", "outputs", Json.members("answer", "blue")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "conversation"})
  void aPersonIsTalkedWith(String routing) {
    String runId =
        orchestra.play(
            loop(
                Map.of("askUserRouting", routing),
                Map.of("kind", "ask-user", "prompt", "Which colour?"),
                terminate()));
    orchestra.host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(orchestra.events(runId, EventType.CLARIFICATION_REQUESTED)).isEmpty();

    for (String operation : List.of("exchange", "close")) {
      orchestra.answer(
          runId,
          "dispatch",
          Map.of(
              "operation",
              operation,
              "turn",
              Map.of("role", "user", "from", "user", "content", operation)));
    }
    orchestra.host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(orchestra.events(runId, EventType.CONVERSATION_EXCHANGED)).hasSize(1);
    assertThat(
            orchestra.payloads(runId, EventType.NODE_COMPLETED).stream()
                .filter(payload -> "dispatch".equals(payload.get("nodeId"))))
        .containsExactly(
            Json.members("nodeId", "dispatch", "outputs", Json.members("answer", "close")));
  }

  private static WorkflowBuilder unsure(double confidence) {
    return workflow("unsure")
        .node(
            "supervisor",
            "core.orchestrator.supervisor",
            Map.of("mockConfidence", confidence, "mockPendingDecision", next("worker")))
        .node("dispatch", "core.dispatch")
        .edge("supervisor", "dispatch")
        .edge("dispatch", "supervisor");
  }

  private static WorkflowBuilder unplanned() {
    return workflow("unplanned")
        .node("supervisor", "core.orchestrator.supervisor")
        .node("dispatch", "core.dispatch")
        .edge("supervisor", "dispatch")
        .edge("dispatch", "supervisor");
  }

  private static WorkflowBuilder thinking() {
    return workflow("thinking")
        .nodeWith(
            "thinker",
            "acme.thinker",
            Map.of(),
            Map.of(
                "inputs",
                Map.of(
                    "mood", Map.of("type", "variable", "variableName", "mood", "optional", true))))
        .nodeWith(
            "supervisor",
            "core.orchestrator.supervisor",
            Map.of(),
            Map.of(
                "inputs",
                Map.of(
                    "decision",
                    Map.of("type", "connection", "nodeId", "thinker", "outputKey", "decision"))))
        .node("dispatch", "core.dispatch")
        .edge("thinker", "supervisor")
        .edge("supervisor", "dispatch")
        .edge("dispatch", "thinker");
  }

  /** Thinks of one worker after another. */
  private static final class Thinker implements NodeExecutor {

    @Override
    public String typeId() {
      return "acme.thinker";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      if ("unsure".equals(context.inputs().get("mood"))) {
        return NodeResult.completed(
            Map.of("decision", Map.of("kind", "terminate", "confidence", 0.2)));
      }
      if (context.inputs().containsKey("mood")) {
        return NodeResult.completed(Map.of("decision", Map.of("kind", "dunno")));
      }
      return NodeResult.completed(
          Map.of(
              "decision",
              switch (context.visit()) {
                case 0 -> next("worker");
                case 1 -> next("other");
                default -> terminate();
              }));
    }
  }
}
