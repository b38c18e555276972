package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.node.MockAgentNode;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.WorkflowBuilder;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an agent does is on the log of its run, in its order and as it happens. */
class AgentsTellWhatTheyDoTest {

  private static final Map<String, Object> AGENT =
      Map.of("agent", Map.of("agentId", "acme.thinker"));

  private final Slow slow = new Slow();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            InstantSource.system(),
            new MockAgentNode(),
            slow,
            new Careless());
  }

  @AfterEach
  void close() {
    slow.goOn.countDown();
    host.close();
  }

  @Test
  void inItsOrder() {
    String runId =
        run(
            Map.of(
                "mockReasoning",
                Map.of("summary", "unused", "streamChunks", List.of("a", "b")),
                "mockToolCalls",
                List.of(
                    Map.of("toolId", "acme:one", "arguments", 1, "result", 2),
                    Map.of(
                        "toolId",
                        "acme:two",
                        "error",
                        Map.of("error", "broken", "message", "It broke"))),
                "mockHandoff",
                Map.of("toAgentId", "acme.other"),
                "mockDecision",
                Map.of("decision", "go", "confidence", 0.9)));

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED agent",
            "AGENT_REASONING_DELTA agent",
            "AGENT_REASONING_DELTA agent",
            "AGENT_REASONED agent",
            "AGENT_TOOL_CALLED agent",
            "AGENT_TOOL_RETURNED agent",
            "AGENT_TOOL_CALLED agent",
            "AGENT_TOOL_RETURNED agent",
            "AGENT_HANDOFF agent",
            "AGENT_DECIDED agent",
            "NODE_COMPLETED agent",
            "RUN_COMPLETED");
    List<RunEvent> log = host.log(runId);
    assertThat(payload(log.get(4))).containsEntry("reasoning", "ab");
    assertThat(log.get(6).causationId()).isEqualTo(log.get(5).eventId());
    assertThat(log.get(8).causationId()).isEqualTo(log.get(7).eventId());
    assertThat(payload(log.get(6)).get("callId"))
        .isEqualTo(payload(log.get(5)).get("callId"))
        .isNotEqualTo(payload(log.get(8)).get("callId"));
    assertThat(log.subList(2, 11))
        .filteredOn(event -> event.type() != EventType.AGENT_HANDOFF)
        .allSatisfy(event -> assertThat(payload(event)).containsEntry("agentId", "acme.thinker"));
    assertThat(SampleRuns.read(host.stores(), runId).state().agent())
        .containsEntry("agentId", "acme.thinker");
  }

  @Test
  void asItHappens() throws Exception {
    host.register(workflow("slow").node("agent", slow.typeId()));
    String runId = host.create("slow", Map.of(), Map.of());
    CompletableFuture<Void> driving = CompletableFuture.runAsync(() -> host.drive(runId));
    slow.said.await();
    await("the first words")
        .until(
            () -> host.log(runId).stream().anyMatch(it -> it.type() == EventType.AGENT_REASONED));
    assertThat(SampleRuns.read(host.stores(), runId).status()).isEqualTo(RunStatus.RUNNING);
    slow.goOn.countDown();
    driving.get();

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void andAsksWhenItIsNotSure() {
    Map<String, Object> unsure =
        Map.of("mockDecision", Map.of("decision", "perhaps", "confidence", 0.5));
    String runId = run(unsure);
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    List<RunEvent> log = host.log(runId);
    assertThat(payload(log.get(log.size() - 1)))
        .containsEntry("reason", "low-confidence")
        .containsEntry("agentId", "acme.thinker");

    Outcome outcome =
        new InterruptService(host.stores().runs(), host.stores().interrupts())
            .resolve(
                SampleRuns.TENANT,
                runId,
                "agent",
                new Given(Map.of("action", "accept"), Answerer.of("somebody"), List.of()));
    assertThat(outcome).isInstanceOf(Outcome.Resolved.class);
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(host.log(runId)).filteredOn(it -> it.type() == EventType.AGENT_DECIDED).hasSize(1);
  }

  @Test
  void unlessTheRunAsksForLess() {
    String runId =
        run(
            Map.of(
                "mockReasoning",
                Map.of("summary", "not told"),
                "mockDecision",
                Map.of("decision", "perhaps", "confidence", 0.5)),
            Map.of("escalationThreshold", 0.5, "reasoningVerbosity", "off"));

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(host.log(runId)).noneMatch(it -> it.type() == EventType.AGENT_REASONED);
  }

  @Test
  void andFailsTheNodeWithWhatCannotBeLogged() {
    host.run(workflow("careless").node("agent", "test.careless"))
        .is(RunStatus.FAILED)
        .hasError("validation_error")
        .hasSoundLog();
  }

  private String run(Map<String, Object> config) {
    return run(config, Map.of());
  }

  private String run(Map<String, Object> config, Map<String, @Nullable Object> configurable) {
    WorkflowBuilder workflow =
        workflow("thinking").nodeWith("agent", "core.conformance.mock-agent", config, AGENT);
    host.register(workflow);
    String runId = host.create("thinking", Map.of(), configurable);
    host.drive(runId);
    return runId;
  }

  private static Map<String, @Nullable Object> payload(RunEvent event) {
    return Json.parseObject(event.payload());
  }

  /** Says something, and goes on when it is let. */
  private static final class Slow implements NodeExecutor {

    final CountDownLatch said = new CountDownLatch(1);

    final CountDownLatch goOn = new CountDownLatch(1);

    @Override
    public String typeId() {
      return "test.slow-agent";
    }

    @Override
    public NodeResult execute(NodeContext context) throws Exception {
      context.agent().reasoned("First of all");
      said.countDown();
      goOn.await();
      return NodeResult.completed();
    }
  }

  /** Is surer than one can be. */
  private static final class Careless implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.careless";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      context.agent().decided("x", 7.0);
      return NodeResult.completed();
    }
  }
}
