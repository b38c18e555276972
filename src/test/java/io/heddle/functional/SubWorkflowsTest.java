package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.Child;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node can be a run of another workflow; the parent waits for it without being driven. */
class SubWorkflowsTest {

  private final SettableClock clock = new SettableClock(Instant.now());

  private HandDrivenHost host;

  private RunService service;

  @BeforeEach
  void open() {
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock);
    service = new RunService(host.stores().runs(), new NoSlots(), it -> {});
    host.register(workflow("child").node("work", "core.noop").variable("given", "own default"));
    host.register(workflow("failing").node("fail", "core.fail"));
    host.register(workflow("sleeping").node("sleep", "core.delay", Map.of("ms", 3_600_000)));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void endWithARunThatFailsMeanwhile() {
    host.register(
        workflow("hasty")
            .node("call", "core.subWorkflow", Map.of("workflowId", "sleeping"))
            .node("wait", "core.delay", Map.of("ms", 1))
            .node("fail", "core.fail")
            .edge("wait", "fail"));
    String parent = host.create("hasty", Map.of(), Map.of());
    host.drive(parent);
    Run child = onlyChild(parent);
    clock.advance(Duration.ofMillis(1));
    host.disturb(parent);
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.FAILED).hasSoundLog();
    host.assertThat(child.runId()).is(RunStatus.CANCELLED).hasSoundLog();
  }

  @Test
  void givesItsVariablesToTheParent() {
    String parent =
        host.start(
            parent(
                    Map.of(
                        "workflowId",
                        "child",
                        "inputMapping",
                        Map.of("given", "mine"),
                        "outputMapping",
                        Map.of("result", "given")))
                .variable("mine", "from the parent"));
    host.assertThat(parent).is(RunStatus.RUNNING).hasSoundLog();
    Run child = onlyChild(parent);
    assertThat(child.parent()).isEqualTo(new Run.Parent(parent, "call"));
    assertThat(child.inputs()).containsEntry("given", "from the parent");

    host.drive(child.runId());
    host.drive(parent);

    host.assertThat(child.runId()).is(RunStatus.COMPLETED).hasSoundLog();
    var log =
        host.assertThat(parent)
            .is(RunStatus.COMPLETED)
            .hasSoundLog()
            .log()
            .reads(
                "RUN_STARTED",
                "NODE_STARTED call",
                "VARIABLE_CHANGED call",
                "NODE_COMPLETED call",
                "RUN_COMPLETED");
    assertThat(Json.parseObject(log.only(EventType.NODE_COMPLETED, "call").payload()))
        .containsEntry(
            "outputs", Json.members("childRunId", child.runId(), "childStatus", "completed"));
    assertThat(host.read(parent).state().variables()).containsEntry("result", "from the parent");
  }

  @Test
  void whatTheParentHasNotIsUndefinedInTheChild() {
    String parent =
        host.start(
            parent(Map.of("workflowId", "child", "inputMapping", Map.of("given", "missing")))
                .variable("missing", null));

    assertThat(onlyChild(parent).state().variables()).doesNotContainKey("given");
    assertThat(onlyChild(parent).inputs()).doesNotContainKey("given");
  }

  @Test
  void itsFailureFailsTheParent() {
    String parent = host.start(parent(Map.of("workflowId", "failing")));
    host.drive(onlyChild(parent).runId());
    host.drive(parent);

    host.assertThat(parent)
        .is(RunStatus.FAILED)
        .hasError("heddle.sub_workflow_failed")
        .hasSoundLog();
  }

  @Test
  void itsFailureIsPassedOverIfTheParentSaysSo() {
    String parent =
        host.start(parent(Map.of("workflowId", "failing", "onChildFailure", "continue")));
    host.drive(onlyChild(parent).runId());
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void aParentThatDoesNotWaitGoesOn() {
    String parent =
        host.start(parent(Map.of("workflowId", "sleeping", "waitForCompletion", false)));

    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(onlyChild(parent).status()).isEqualTo(RunStatus.PENDING);
  }

  @Test
  void aWorkflowThatStartsItselfComesToAnEnd() {
    host.register(workflow("russian-doll").node("call", "core.subWorkflow", doll()));
    String runId = host.create("russian-doll", Map.of(), Map.of());
    // As deep as it goes, and back.
    List<String> tree = new ArrayList<>(List.of(runId));
    for (int i = 0; i < tree.size(); i++) {
      host.drive(tree.get(i));
      host.stores().runs().children(SampleRuns.TENANT, tree.get(i), 10).stream()
          .map(Child::runId)
          .forEach(tree::add);
    }
    assertThat(tree).hasSize(4);
    for (int i = tree.size() - 2; i >= 0; i--) {
      host.drive(tree.get(i));
    }

    host.assertThat(tree.get(3)).hasError("heddle.sub_workflow_too_deep").hasSoundLog();
    host.assertThat(runId).hasError("heddle.sub_workflow_failed").hasSoundLog();
  }

  @Test
  void anUnknownWorkflowFailsTheNode() {
    String parent = host.start(parent(Map.of("workflowId", "nowhere")));

    host.assertThat(parent).is(RunStatus.FAILED).hasError("unknown_child_workflow").hasSoundLog();
  }

  @Test
  void aCancelGoesDownTheTree() {
    host.register(
        workflow("middle").node("call", "core.subWorkflow", Map.of("workflowId", "sleeping")));
    String top = host.start(parent(Map.of("workflowId", "middle")));
    Run middle = onlyChild(top);
    host.drive(middle.runId());
    Run bottom = onlyChild(middle.runId());
    host.drive(bottom.runId());

    assertThat(service.cancel(SampleRuns.TENANT, top, "enough", "bob").orElseThrow().cancelled())
        .extracting(Run::runId)
        .containsExactlyInAnyOrder(top, middle.runId(), bottom.runId());

    for (String runId : List.of(top, middle.runId(), bottom.runId())) {
      host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
    }
    assertThat(
            Json.parseObject(
                host.assertThat(bottom.runId())
                    .log()
                    .only(EventType.RUN_CANCELLED, null)
                    .payload()))
        .containsEntry("reason", "parent-cancelled")
        .containsEntry("parentRunId", middle.runId());
    assertThat(
            Json.parseObject(
                host.assertThat(top).log().only(EventType.RUN_CANCELLED, null).payload()))
        .doesNotContainKey("parentRunId");
  }

  @Test
  void aThousandOfThemUnderOneRun() {
    WorkflowBuilder wide = workflow("wide");
    for (int i = 0; i < 1_000; i++) {
      wide.node("call-" + i, "core.subWorkflow", Map.of("workflowId", "child"));
    }
    String parent = host.start(wide);
    assertThat(host.driveAll()).isEqualTo(1_000);
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
  }

  private static Map<String, Object> doll() {
    return Map.of("workflowId", "russian-doll");
  }

  private static WorkflowBuilder parent(Map<String, Object> config) {
    return workflow("parent").node("call", "core.subWorkflow", config);
  }

  private Run onlyChild(String parent) {
    List<Child> children = host.stores().runs().children(SampleRuns.TENANT, parent, 10);
    assertThat(children).hasSize(1);
    return host.read(children.get(0).runId());
  }
}
