package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.Child;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** The nodes of a run work with sensitive values; no event and no log line tells them. */
@ExtendWith(OutputCaptureExtension.class)
class OnlyNodesSeeWhatIsSensitiveTest {

  private static final String CANARY = "canary-7391";

  private static final Map<String, Object> TOKEN =
      Map.of("type", "variable", "variableName", "token");

  private final SettableClock clock = new SettableClock(Instant.now());

  private final Witness witness = new Witness();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            clock,
            witness,
            failing("test.tells", context -> NodeResult.failed("test.told", "no " + seen(context))),
            failing(
                "test.retells",
                context -> new NodeResult.Failed("test.told", "no " + seen(context), true)),
            failing(
                "test.throws",
                context -> {
                  throw new IllegalStateException("no " + seen(context));
                }));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void aVariableThatFlowsThroughANode() {
    String runId =
        run(
            sensitive("flow")
                .node("echo", "core.identity")
                .input("copy", TOKEN)
                .input("text", expression("\"Bearer \" + variables.token + \"!\""))
                .input("plain", Map.of("type", "static", "value", "plain")));

    assertThat(outputs(runId, "echo"))
        .isEqualTo(Map.of("copy", "[REDACTED]", "text", "Bearer [REDACTED]!", "plain", "plain"));
    assertThat(payload(runId, EventType.RUN_COMPLETED, null).get("outputs"))
        .isEqualTo(outputs(runId, "echo"));
    assertSilent(runId);
  }

  @Test
  void anOutputThatItsAuthorCallsSensitive() {
    WorkflowBuilder workflow =
        workflow("ports")
            .node("source", "core.identity")
            .input("card", Map.of("type", "static", "value", CANARY))
            .input("month", Map.of("type", "static", "value", 7))
            .outputSensitivity("card", true)
            .outputSensitivity("absent", true)
            .node("echo", "test.witness")
            .input("token", Map.of("type", "connection", "nodeId", "source", "outputKey", "card"))
            .edge("source", "echo");
    host.register(workflow);
    String runId = host.create("ports", Map.of(), Map.of());
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(outputs(runId, "source")).isEqualTo(Map.of("card", "[REDACTED]", "month", 7));
    assertThat(outputs(runId, "echo")).isEqualTo(Map.of("token", "[REDACTED]"));
    assertThat(witness.seen).containsExactly(CANARY);
    assertSilent(runId);
  }

  @Test
  void anOutputThatItsAuthorCallsHarmlessIsShown() {
    String runId =
        run(
            sensitive("harmless")
                .node("echo", "core.identity")
                .input("copy", TOKEN)
                .outputSensitivity("copy", false));

    assertThat(outputs(runId, "echo")).isEqualTo(Map.of("copy", CANARY));
  }

  @Test
  void theErrorOfANode(CapturedOutput output) {
    for (String type : List.of("test.tells", "test.throws")) {
      String runId =
          run(sensitive(type.replace('.', '-')).node("fail", type).input("token", TOKEN));

      host.assertThat(runId).is(RunStatus.FAILED).hasSoundLog();
      assertSilent(runId);
    }
    assertThat(output).contains("IllegalStateException").doesNotContain(CANARY);
  }

  @Test
  void theErrorOfAnAttempt() {
    String runId =
        run(sensitive("retried").maxRetries(1).node("fail", "test.retells").input("token", TOKEN));

    assertThat(payload(runId, EventType.NODE_RETRIED, "fail").get("lastError"))
        .isEqualTo(Map.of("code", "test.told", "message", "no [REDACTED]"));
    assertSilent(runId);
  }

  @Test
  void aRunThatAnotherHostGoesOnWithStillKnowsTheValue() {
    WorkflowBuilder workflow =
        sensitive("resumed")
            .node("sleep", "core.delay", Map.of("ms", 60_000))
            .node("use", "test.witness")
            .input("token", TOKEN)
            .edge("sleep", "use");
    String runId = run(workflow);
    clock.advance(Duration.ofMinutes(2));
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(witness.seen).containsExactly(CANARY);
    assertSilent(runId);
  }

  @Test
  void conditionsSeeTheValue() {
    String runId =
        run(
            sensitive("routed")
                .node("start", "core.noop")
                .node("taken", "core.noop")
                .edgeIf(
                    "start",
                    "taken",
                    Map.of(
                        "type", "expression",
                        "expression", "variables.token.startsWith(\"canary\")")));

    host.assertThat(runId).log().readsOf("taken", EventType.NODE_STARTED, EventType.NODE_COMPLETED);
  }

  @Test
  void aChildInheritsWhatIsSensitive() {
    host.register(
        workflow("child")
            .variable("given", "own")
            .node("echo", "core.identity")
            .input("x", variable("given")));
    String parent =
        run(
            sensitive("parent")
                .node(
                    "call",
                    "core.subWorkflow",
                    Map.of(
                        "workflowId",
                        "child",
                        "inputMapping",
                        Map.of("given", "token"),
                        "outputMapping",
                        Map.of("result", "given")))
                .variable("result", "before"));
    String child =
        host.stores().runs().children(SampleRuns.TENANT, parent, 2).stream()
            .map(Child::runId)
            .collect(Collectors.joining());
    host.drive(child);
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(outputs(child, "echo")).isEqualTo(Map.of("x", "[REDACTED]"));
    // It was no secret before, but a variable is one or the other, whenever it is looked at.
    assertThat(payload(parent, EventType.VARIABLE_CHANGED, "call"))
        .containsEntry("previous", "[REDACTED]")
        .containsEntry("next", "[REDACTED]");
    Run ended = SampleRuns.read(host.stores(), parent);
    assertThat(ended.state().variables()).containsEntry("result", CANARY);
    assertThat(ended.state().secrets().variables()).containsExactly("token", "result");
    assertSilent(parent);
    assertSilent(child);
  }

  @Test
  void aQuestionAndItsAnswer() {
    String runId =
        run(
            sensitive("asked")
                .node("gate", "core.approvalGate")
                .input("artifactData", TOKEN)
                .node("use", "test.witness")
                .input(
                    "token",
                    Map.of("type", "connection", "nodeId", "gate", "outputKey", "feedback"))
                .edge("gate", "use"));
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL);

    new InterruptService(host.stores().runs(), host.stores().interrupts())
        .resolve(
            SampleRuns.TENANT,
            runId,
            "gate",
            new InterruptService.Given(
                Map.of("action", "accept", "feedback", CANARY), Answerer.of("bob"), List.of()));
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(payload(runId, EventType.INTERRUPT_RESOLVED, "gate").get("resumeValue"))
        .isEqualTo(Map.of("action", "accept", "feedback", "[REDACTED]"));
    assertThat(witness.seen).containsExactly(CANARY);
    assertSilent(runId);
  }

  private WorkflowBuilder sensitive(String id) {
    return workflow(id).sensitiveVariable("token", null);
  }

  private String run(WorkflowBuilder workflow) {
    host.register(workflow);
    String runId = host.create(workflow.id(), Map.of("token", CANARY), Map.of());
    host.drive(runId);
    return runId;
  }

  private Object outputs(String runId, String nodeId) {
    return payload(runId, EventType.NODE_COMPLETED, nodeId).get("outputs");
  }

  private Map<String, Object> payload(String runId, EventType type, String nodeId) {
    return Json.parseObject(host.assertThat(runId).log().only(type, nodeId).payload());
  }

  /** Looks at the rows, whatever the store makes of them. */
  private void assertSilent(String runId) {
    assertThat(
            host.stores()
                .jdbc()
                .sql(
                    """
                    select payload::text from openwop.event where run_id = :run
                    union all select error::text from openwop.run
                    where run_id = :run and error is not null
                    """)
                .param("run", runId)
                .query(String.class)
                .list())
        .isNotEmpty()
        .allSatisfy(told -> assertThat(told).doesNotContain(CANARY));
    assertThat(SampleRuns.read(host.stores(), runId).state().toString()).doesNotContain(CANARY);
  }

  private static Map<String, Object> variable(String name) {
    return Map.of("type", "variable", "variableName", name);
  }

  private static Map<String, Object> expression(String expression) {
    return Map.of("type", "expression", "expression", expression);
  }

  private static String seen(NodeContext context) {
    return String.valueOf(context.inputs().get("token"));
  }

  private static NodeExecutor failing(String typeId, Behaviour behaviour) {
    return new NodeExecutor() {
      @Override
      public String typeId() {
        return typeId;
      }

      @Override
      public NodeResult execute(NodeContext context) {
        return behaviour.of(context);
      }
    };
  }

  private interface Behaviour {
    NodeResult of(NodeContext context);
  }

  private static final class Witness implements NodeExecutor {

    private final List<String> seen = new CopyOnWriteArrayList<>();

    @Override
    public String typeId() {
      return "test.witness";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      seen.add(OnlyNodesSeeWhatIsSensitiveTest.seen(context));
      return NodeResult.completed(context.inputs());
    }
  }
}
