package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.engine.UnforkableException;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.Interrupt;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.Child;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a sub-workflow gives is attested, and merged only once somebody has accepted it. */
class SubWorkflowOutputsAreApprovedTest {

  /** Of {@code {"report":"the draft","score":0.9}}, as any other tool makes it. */
  private static final String CHECKSUM =
      "0b2aa234b307a69d937eb3e6ccfb3e97161eaae0eda01ed108a0aa096a9cebe8";

  private static final String CANARY = "canary-5127";

  private final SettableClock clock = new SettableClock(Instant.now());

  private HandDrivenHost host;

  private RunService service;

  private InterruptService interrupts;

  @BeforeEach
  void open() {
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock);
    service = new RunService(host.stores().runs(), new NoSlots(), it -> {});
    interrupts = new InterruptService(host.stores().runs(), host.stores().interrupts());
    host.register(
        workflow("child")
            .node("work", "core.noop")
            .variable("score", 0.9)
            .variable("report", "the draft"));
    host.register(
        workflow("secretive").node("work", "core.noop").sensitiveVariable("report", CANARY));
    host.register(workflow("failing").node("fail", "core.fail").variable("report", "half of it"));
    host.register(
        workflow("numbers").node("work", "core.noop").variable("report", 9_007_199_254_740_993L));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void theChecksumIsToldBeforeTheMerge() {
    String parent = childEnded("child", Map.of("checksum", true));

    var log =
        host.assertThat(parent)
            .is(RunStatus.COMPLETED)
            .hasSoundLog()
            .log()
            .reads(
                "RUN_STARTED",
                "NODE_STARTED call",
                "WORKFLOW_CHAIN call",
                "VARIABLE_CHANGED call",
                "NODE_COMPLETED call",
                "RUN_COMPLETED");
    String child = onlyChild(parent).runId();
    Map<String, Object> attestation = Map.of("checksum", CHECKSUM, "algorithm", "sha256");
    assertThat(Json.parseObject(log.only(EventType.WORKFLOW_CHAIN, "call").payload()))
        .isEqualTo(
            Map.of(
                "phase",
                "output.harvested",
                "workerId",
                "child",
                "parentRunId",
                parent,
                "childRunId",
                child,
                "harvestedKeys",
                List.of("result"),
                "attestation",
                attestation));
    assertThat(outputs(parent))
        .isEqualTo(
            Map.of("childRunId", child, "childStatus", "completed", "attestation", attestation));
    assertThat(variables(parent)).containsEntry("result", "the draft");
  }

  @Test
  void nothingIsToldUnlessItIsAskedFor() {
    String parent = childEnded("child", Map.of("checksum", false, "algorithm", "sha256"));

    host.assertThat(parent)
        .is(RunStatus.COMPLETED)
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED call",
            "VARIABLE_CHANGED call",
            "NODE_COMPLETED call",
            "RUN_COMPLETED");
    assertThat(outputs(parent)).containsOnlyKeys("childRunId", "childStatus");
  }

  @Test
  void whatHasNoCanonicalSpellingIsNotMerged() {
    String parent = childEnded("numbers", Map.of("checksum", true));

    host.assertThat(parent)
        .is(RunStatus.FAILED)
        .hasError("heddle.outputs_not_attestable")
        .hasSoundLog();
    assertThat(variables(parent)).doesNotContainKey("result");
  }

  @Test
  void somebodyAcceptsThem() {
    String parent = childEnded("child", Map.of("checksum", true, "requireApproval", true));

    host.assertThat(parent)
        .is(RunStatus.WAITING_APPROVAL)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED call",
            "WORKFLOW_CHAIN call",
            "INTERRUPT_REQUESTED call",
            "APPROVAL_REQUESTED call",
            "NODE_SUSPENDED call");
    assertThat(payload(parent, EventType.WORKFLOW_CHAIN)).containsEntry("harvestedKeys", List.of());
    assertThat(variables(parent)).doesNotContainKey("result");
    Interrupt asked = asked(parent);
    assertThat(asked.data())
        .containsEntry("artifactData", Json.parse("{\"report\": \"the draft\", \"score\": 0.9}"))
        .containsEntry("artifactId", onlyChild(parent).runId())
        .containsEntry("actions", List.of("accept", "reject", "edit-accept", "ask"));

    assertThat(answer(parent, Map.of("action", "accept"))).isInstanceOf(Outcome.Resolved.class);
    host.drive(parent);

    host.assertThat(parent)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .readsOf(
            "call",
            EventType.NODE_STARTED,
            EventType.WORKFLOW_CHAIN,
            EventType.INTERRUPT_REQUESTED,
            EventType.APPROVAL_REQUESTED,
            EventType.NODE_SUSPENDED,
            EventType.APPROVAL_RECEIVED,
            EventType.INTERRUPT_RESOLVED,
            EventType.NODE_RESUMED,
            EventType.VARIABLE_CHANGED,
            EventType.NODE_COMPLETED);
    assertThat(variables(parent)).containsEntry("result", "the draft");
    assertThat(outputs(parent))
        .containsEntry("merged", true)
        .containsEntry("attestation", Map.of("checksum", CHECKSUM, "algorithm", "sha256"));
    assertThat(payload(parent, EventType.APPROVAL_RECEIVED)).containsEntry("decidedBy", "bob");
    onlyChild(parent);
  }

  @Test
  void whatIsMergedIsWhatWasAcceptedWhateverBecomesOfTheChild() {
    String parent = waiting(Map.of());
    host.stores()
        .jdbc()
        .sql(
            """
            update openwop.run
            set state = '{"variables": {"report": "forged"}, "nodes": {}, "starts": 0}'
            where run_id = :run
            """)
        .param("run", onlyChild(parent).runId())
        .update();

    answer(parent, Map.of("action", "accept"));
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.COMPLETED);
    assertThat(variables(parent)).containsEntry("result", "the draft");
  }

  @Test
  void somebodyEditsThem() {
    String parent = waiting(Map.of());
    assertThat(
            answer(
                parent,
                Map.of(
                    "action",
                    "edit-accept",
                    "editedArtifactData",
                    Map.of("report", "the revision", "unmapped", 1))))
        .isInstanceOf(Outcome.Resolved.class);
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(variables(parent))
        .containsEntry("result", "the revision")
        .doesNotContainKey("unmapped");
  }

  @Test
  void anEditThatCouldNotBeMergedIsNoAnswer() {
    String parent = waiting(Map.of());

    for (Object edited : List.of("the revision", List.of("the revision"), 7)) {
      assertThat(answer(parent, Map.of("action", "edit-accept", "editedArtifactData", edited)))
          .isInstanceOf(Outcome.Unacceptable.class);
    }
    assertThat(answer(parent, Map.of("action", "edit-accept")))
        .isInstanceOf(Outcome.Unacceptable.class);
    assertThat(
            answer(parent, Map.of("action", "refine", "refineFeedback", Map.of("scope", "whole"))))
        .isInstanceOf(Outcome.Unacceptable.class);
    assertThat(answer(parent, Map.of("action", "ask", "question", "Why?")))
        .isInstanceOf(Outcome.Kept.class);
    host.assertThat(parent).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
  }

  @Test
  void aRejectionFailsTheParent() {
    String parent = waiting(Map.of());
    answer(parent, Map.of("action", "reject"));
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.FAILED).hasError("approval_rejected").hasSoundLog();
    assertThat(variables(parent)).doesNotContainKey("result");
  }

  @Test
  void aRejectionIsPassedOverIfTheParentSaysSo() {
    String parent = waiting(Map.of("onChildFailure", "continue"));
    answer(parent, Map.of("action", "reject"));
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(variables(parent)).doesNotContainKey("result");
    assertThat(outputs(parent)).containsEntry("merged", false);
  }

  @Test
  void theEndOfTheRunsTimeIsADenial() {
    String parent =
        host.start(parent("child", Map.of("requireApproval", true), Map.of()).timeout(60_000));
    host.drive(onlyChild(parent).runId());
    host.drive(parent);
    host.assertThat(parent).is(RunStatus.WAITING_APPROVAL);
    clock.advance(Duration.ofMinutes(2));
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.FAILED).hasError("run_timeout").hasSoundLog();
    assertThat(answer(parent, Map.of("action", "accept")))
        .isInstanceOf(Outcome.AlreadyResolved.class);
    assertThat(variables(parent)).doesNotContainKey("result");
  }

  @Test
  void aCancelIsADenial() {
    host.register(parent("child", Map.of("requireApproval", true), Map.of()));
    String top =
        host.start(
            workflow("top").node("call", "core.subWorkflow", Map.of("workflowId", "parent")));
    String middle = onlyChild(top).runId();
    host.drive(middle);
    host.drive(onlyChild(middle).runId());
    host.drive(middle);
    host.drive(top);
    host.assertThat(top).is(RunStatus.WAITING_APPROVAL);

    service.cancel(SampleRuns.TENANT, top, "enough", "bob");

    for (String runId : List.of(top, middle)) {
      host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
    }
    assertThat(answer(middle, Map.of("action", "accept"))).isInstanceOf(Outcome.Gone.class);
    assertThat(variables(middle)).doesNotContainKey("result");
    assertThat(host.driveAll()).isZero();
  }

  @Test
  void aCancelAndAnAcceptanceAtOnceHaveOneOutcome() throws Exception {
    for (int i = 0; i < 10; i++) {
      String parent = waiting(Map.of());
      AtOnce.call(
          2,
          caller ->
              caller == 0
                  ? answer(parent, Map.of("action", "accept"))
                  : service.cancel(SampleRuns.TENANT, parent, null, "bob"));
      host.driveAll();

      Run run = read(parent);
      host.assertThat(parent).hasSoundLog();
      assertThat(run.status()).isIn(RunStatus.CANCELLED, RunStatus.COMPLETED);
      assertThat(run.state().variables().containsKey("result"))
          .isEqualTo(run.status() == RunStatus.COMPLETED);
    }
  }

  @Test
  void aChildThatFailedIsNotAskedAbout() {
    String parent = childEnded("failing", Map.of("checksum", true, "requireApproval", true));

    host.assertThat(parent)
        .is(RunStatus.FAILED)
        .hasError("heddle.sub_workflow_failed")
        .hasSoundLog();
  }

  @Test
  void aHostThatDiesChangesNothing() {
    String parent =
        host.start(parent("child", Map.of("checksum", true, "requireApproval", true), Map.of()));
    host.drive(onlyChild(parent).runId());
    host.driveUntilCommits(parent, 1);
    host.beFoundDead();
    assertThat(asked(parent).state()).isEqualTo(Interrupt.State.PENDING);
    host.assertThat(parent).is(RunStatus.WAITING_APPROVAL).hasSoundLog();

    answer(parent, Map.of("action", "accept"));
    // Taken by a host that dies before it has stored anything of it.
    host.driveAfter(
        parent,
        () -> {
          host.beFoundDead();
          host.drive(parent);
        });

    var log = host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog().log();
    log.only(EventType.WORKFLOW_CHAIN, "call");
    log.only(EventType.INTERRUPT_REQUESTED, "call");
    log.only(EventType.VARIABLE_CHANGED, "call");
    assertThat(variables(parent)).containsEntry("result", "the draft");
    onlyChild(parent);
  }

  @Test
  void aPauseKeepsWhatWasDecided() {
    for (DrainPolicy policy : DrainPolicy.values()) {
      String parent = waiting(Map.of());
      answer(parent, Map.of("action", "accept"));
      service.pause(SampleRuns.TENANT, parent, new PauseRequest(policy, null));
      host.assertThat(parent).is(RunStatus.PAUSED);
      assertThat(variables(parent)).doesNotContainKey("result");

      service.resume(SampleRuns.TENANT, parent, null);
      host.drive(parent);

      host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(variables(parent)).containsEntry("result", "the draft");
      onlyChild(parent);
    }
  }

  @Test
  void whatTheChildHidesIsHiddenFromTheApprover() {
    String parent = childEnded("secretive", Map.of("requireApproval", true));
    assertThat(asked(parent).data()).containsEntry("artifactData", Map.of("report", "[REDACTED]"));

    answer(parent, Map.of("action", "accept", "comment", "not " + CANARY));
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(variables(parent)).containsEntry("result", CANARY);
    assertSilent(parent);
  }

  @Test
  void whoeverEditsAroundAMarkKeepsWhatItStandsFor() {
    String parent = childEnded("secretive", Map.of("requireApproval", true));
    answer(
        parent,
        Map.of("action", "edit-accept", "editedArtifactData", Map.of("report", "[REDACTED]")));
    host.drive(parent);

    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(variables(parent)).containsEntry("result", CANARY);
    assertSilent(parent);
  }

  @Test
  void aReplayTellsWhatWasDecided() {
    String source = waiting(Map.of());
    answer(source, Map.of("action", "edit-accept", "editedArtifactData", Map.of("report", "new")));
    host.drive(source);
    host.assertThat(source).is(RunStatus.COMPLETED);
    List<RunEvent> told = host.log(source);

    for (int from = 0; from < told.size(); from++) {
      String replay = host.replay(source, from);
      host.drive(replay);

      host.assertThat(replay).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(host.log(replay).stream().map(event -> event.type() + event.payload()))
          .containsExactlyElementsOf(
              told.stream().map(event -> event.type() + event.payload()).toList());
      assertThat(variables(replay)).containsEntry("result", "new");
      assertThat(children(replay)).isEmpty();
      assertThat(host.stores().interrupts().pending(SampleRuns.TENANT, replay)).isEmpty();
    }
  }

  @Test
  void aBranchAsksAgain() {
    String source = waiting(Map.of());
    long asked = sequence(source, EventType.INTERRUPT_REQUESTED);
    long suspended = sequence(source, EventType.NODE_SUSPENDED);
    answer(source, Map.of("action", "accept"));
    host.drive(source);
    host.assertThat(source).is(RunStatus.COMPLETED);

    for (long from = asked; from <= suspended + 1; from++) {
      String branch = host.branch(source, from, null);
      host.drive(branch);
      host.drive(onlyChild(branch).runId());
      host.drive(branch);
      host.assertThat(branch).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
      assertThat(variables(branch)).doesNotContainKey("result");

      answer(branch, Map.of("action", "reject"));
      host.drive(branch);
      host.assertThat(branch).is(RunStatus.FAILED).hasError("approval_rejected").hasSoundLog();
      assertThat(variables(branch)).doesNotContainKey("result");
    }
  }

  @Test
  void aBranchDoesNotInheritAnAcceptance() {
    String source = waiting(Map.of());
    answer(source, Map.of("action", "accept"));
    host.drive(source);

    long resumed = sequence(source, EventType.NODE_RESUMED);
    assertThatThrownBy(() -> host.branch(source, resumed + 1, null))
        .isInstanceOf(UnforkableException.class);
    String behind = host.branch(source, sequence(source, EventType.RUN_COMPLETED), null);
    host.drive(behind);
    host.assertThat(behind).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(variables(behind)).containsEntry("result", "the draft");
  }

  private WorkflowBuilder parent(
      String child, Map<String, Object> attestation, Map<String, Object> more) {
    Map<String, Object> config =
        new HashMap<>(
            Map.of(
                "workflowId",
                child,
                "outputMapping",
                Map.of("result", "report"),
                "outputAttestation",
                attestation));
    config.putAll(more);
    return workflow("parent").node("call", "core.subWorkflow", config);
  }

  private String childEnded(String child, Map<String, Object> attestation) {
    return childEnded(parent(child, attestation, Map.of()));
  }

  private String childEnded(WorkflowBuilder workflow) {
    String parent = host.start(workflow);
    host.drive(onlyChild(parent).runId());
    host.drive(parent);
    return parent;
  }

  /** A parent that waits for a decision. */
  private String waiting(Map<String, Object> more) {
    String parent = childEnded(parent("child", Map.of("requireApproval", true), more));
    host.assertThat(parent).is(RunStatus.WAITING_APPROVAL);
    return parent;
  }

  private Outcome answer(String runId, Object value) {
    return interrupts.resolve(
        SampleRuns.TENANT,
        runId,
        "call",
        new Given(Json.parse(Json.write(value)), Answerer.of("bob"), List.of()));
  }

  private Interrupt asked(String runId) {
    List<Interrupt> pending = host.stores().interrupts().pending(SampleRuns.TENANT, runId);
    assertThat(pending).hasSize(1);
    return pending.get(0);
  }

  private List<Child> children(String parent) {
    return host.stores().runs().children(SampleRuns.TENANT, parent, 10);
  }

  private Run onlyChild(String parent) {
    List<Child> children = children(parent);
    assertThat(children).hasSize(1);
    return read(children.get(0).runId());
  }

  private Run read(String runId) {
    return SampleRuns.read(host.stores(), runId);
  }

  private Map<String, @Nullable Object> variables(String runId) {
    return read(runId).state().variables();
  }

  private Map<String, @Nullable Object> outputs(String runId) {
    return Json.object(payload(runId, EventType.NODE_COMPLETED).get("outputs"), "");
  }

  private Map<String, @Nullable Object> payload(String runId, EventType type) {
    return Json.parseObject(host.assertThat(runId).log().only(type, "call").payload());
  }

  private long sequence(String runId, EventType type) {
    return host.log(runId).stream()
        .filter(event -> event.type() == type)
        .findFirst()
        .orElseThrow()
        .sequence();
  }

  /** Looks at the rows, whatever the store makes of them. */
  private void assertSilent(String runId) {
    assertThat(
            host.stores()
                .jdbc()
                .sql("select payload::text from openwop.event where run_id = :run")
                .param("run", runId)
                .query(String.class)
                .list())
        .isNotEmpty()
        .allSatisfy(told -> assertThat(told).doesNotContain(CANARY));
  }
}
