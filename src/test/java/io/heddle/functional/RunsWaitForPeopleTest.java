package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.Payloads;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.Amendment;
import io.heddle.run.Wakeup;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.HeldNode;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run can ask somebody outside; it waits without being driven, and one answer wins. */
class RunsWaitForPeopleTest {

  private static final Map<String, Object> APPROVAL =
      Map.of(
          "title",
          "Go on?",
          "artifactData",
          "the draft",
          "actions",
          List.of("accept", "reject", "refine", "edit-accept", "ask"));

  private final SettableClock clock = new SettableClock(Instant.now());

  private final Flaky flaky = new Flaky();

  private final HeldNode held = new HeldNode();

  private HandDrivenHost host;

  private RunService service;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, flaky, held);
    service = new RunService(host.stores().runs(), new NoSlots(), it -> {});
  }

  @AfterEach
  void close() {
    held.letGo();
    host.close();
  }

  @Test
  void forADecision() {
    String runId = host.start(gate(APPROVAL).node("after", "core.noop").edge("gate", "after"));
    host.assertThat(runId)
        .is(RunStatus.WAITING_APPROVAL)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED gate",
            "INTERRUPT_REQUESTED gate",
            "APPROVAL_REQUESTED gate",
            "NODE_SUSPENDED gate");
    assertThat(host.stores().claims().claimDue("other", 10)).isEmpty();

    assertThat(host.answer(runId, "gate", Map.of("action", "accept")))
        .isInstanceOfSatisfying(
            Outcome.Resolved.class,
            resolved -> assertThat(resolved.status()).isEqualTo(RunStatus.RUNNING));
    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED gate",
            "INTERRUPT_REQUESTED gate",
            "APPROVAL_REQUESTED gate",
            "NODE_SUSPENDED gate",
            "APPROVAL_RECEIVED gate",
            "INTERRUPT_RESOLVED gate",
            "NODE_RESUMED gate",
            "NODE_COMPLETED gate",
            "NODE_STARTED after",
            "NODE_COMPLETED after",
            "RUN_COMPLETED");
  }

  @Test
  void forAnAnswer() {
    String runId =
        host.start(
            workflow("asking")
                .node(
                    "gate",
                    "core.clarificationGate",
                    Map.of(
                        "questions",
                        List.of(
                            Map.of("id", "q1", "question", "Which?"),
                            Map.of(
                                "id", "q2",
                                "question", "How many?",
                                "schema", Map.of("type", "integer"))))));
    host.assertThat(runId).is(RunStatus.WAITING_INPUT).hasSoundLog();

    for (Object wrong :
        List.of(
            Map.of("q1", "blue"),
            Map.of("q1", "blue", "q2", "three"),
            Map.of("q1", "blue", "q2", 3, "q3", "?"))) {
      assertThat(host.answer(runId, "gate", Map.of("answers", wrong)))
          .isInstanceOf(Outcome.Unacceptable.class);
    }
    assertThat(
            host.answer(
                runId,
                "gate",
                Map.of(
                    "answers",
                    List.of(
                        Map.of("id", "q1", "answer", "blue"), Map.of("id", "q2", "answer", 3)))))
        .isInstanceOf(Outcome.Resolved.class);
    host.drive(runId);
    assertThat(outputs(runId)).isEqualTo(Map.of("answers", Map.of("q1", "blue", "q2", 3)));
  }

  @Test
  void forAnEvent() {
    String runId =
        host.start(
            workflow("listening")
                .node(
                    "gate",
                    "core.interrupt",
                    Map.of(
                        "kind",
                        "external-event",
                        "data",
                        Map.of("eventType", "paid", "correlation", Map.of("order", 7)))));
    host.assertThat(runId).is(RunStatus.WAITING_EXTERNAL).hasSoundLog();

    assertThat(host.answer(runId, "gate", Map.of("order", 8)))
        .isInstanceOf(Outcome.Unrelated.class);
    host.assertThat(runId).is(RunStatus.WAITING_EXTERNAL);
    assertThat(host.answer(runId, "gate", Map.of("order", 7.0, "by", "card")))
        .isInstanceOf(Outcome.Resolved.class);
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.COMPLETED);
  }

  @Test
  void andARejectionFailsIt() {
    String runId = host.start(gate(APPROVAL));
    host.answer(runId, "gate", Map.of("action", "reject", "feedback", "no"));
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.FAILED).hasError("approval_rejected").hasSoundLog();
  }

  @Test
  void andARejectionCanLeadElsewhere() {
    String runId =
        host.start(
            gate(APPROVAL)
                .node("yes", "core.noop")
                .node("no", "core.noop")
                .edge("gate", "yes")
                .edge("gate", "no", "any_failed"));
    host.answer(runId, "gate", Map.of("action", "reject"));
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(host.read(runId).state().nodes().get("yes").progress().name()).isEqualTo("SKIPPED");
  }

  @Test
  void andAnEditReachesTheNextNode() {
    String runId = host.start(gate(APPROVAL));
    host.answer(runId, "gate", Map.of("action", "edit-accept", "editedArtifactData", "the edit"));
    host.drive(runId);

    assertThat(outputs(runId))
        .containsEntry("artifactData", "the edit")
        .containsEntry("action", "edit-accept")
        .containsEntry("decidedBy", "somebody");
  }

  @Test
  void andAQuestionAnswersNothing() {
    String runId = host.start(gate(APPROVAL));
    assertThat(host.answer(runId, "gate", Map.of("action", "ask", "question", "why?")))
        .isEqualTo(new Outcome.Kept(RunStatus.WAITING_APPROVAL));
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(host.answer(runId, "gate", Map.of("action", "accept")))
        .isInstanceOf(Outcome.Resolved.class);
  }

  @Test
  void untilTheTimeIsOverWhichIsNoYes() {
    String runId =
        host.start(
            workflow("hurried").node("gate", "core.approvalGate", Map.of("timeoutMs", 1_000)));
    clock.set(clock.instant().plusSeconds(2));
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.FAILED).hasError("interrupt_timeout").hasSoundLog();
    assertThat(host.answer(runId, "gate", Map.of("action", "accept")))
        .isInstanceOf(Outcome.Expired.class);
  }

  @Test
  void andALateAnswerDoesNotBeatTheDeadline() {
    clock.set(clock.instant().minus(Duration.ofHours(1)));
    // Asked an hour ago by the database's clock, and nobody has looked since.
    String runId =
        host.start(
            workflow("hurried").node("gate", "core.approvalGate", Map.of("timeoutMs", 1_000)));

    assertThat(host.answer(runId, "gate", Map.of("action", "accept")))
        .isInstanceOf(Outcome.Expired.class);
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
  }

  @Test
  void andOneAnswerWins() throws Exception {
    String runId = host.start(gate(APPROVAL));

    List<Outcome> outcomes =
        AtOnce.call(10, caller -> host.answer(runId, "gate", Map.of("action", "accept")));

    assertThat(outcomes).filteredOn(Outcome.Resolved.class::isInstance).hasSize(1);
    assertThat(outcomes).filteredOn(Outcome.AlreadyResolved.class::isInstance).hasSize(9);
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void andAnAnswerRacesACancel() throws Exception {
    for (int i = 0; i < 10; i++) {
      String runId = host.start(gate(APPROVAL));
      List<Object> outcomes =
          AtOnce.call(
              2,
              caller ->
                  caller == 0
                      ? host.answer(runId, "gate", Map.of("action", "accept"))
                      : service.cancel(SampleRuns.TENANT, runId, null, null).orElseThrow());
      boolean answered = outcomes.get(0) instanceof Outcome.Resolved;
      // An answered run can still be cancelled; a cancelled one cannot be answered.
      assertThat(outcomes.get(0))
          .isInstanceOf(answered ? Outcome.Resolved.class : Outcome.Gone.class);
      host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
    }
  }

  @Test
  void andACancelTakesTheQuestionBack() {
    String runId = host.start(gate(APPROVAL));
    service.cancel(SampleRuns.TENANT, runId, null, null);

    host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
    assertThat(host.answer(runId, "gate", Map.of("action", "accept")))
        .isInstanceOf(Outcome.Gone.class);
    assertThat(states(runId)).containsExactly("INVALIDATED");
  }

  @Test
  void andAFailureBesideItTakesTheQuestionBack() {
    String runId = host.start(gate(APPROVAL).node("fail", "core.fail"));

    host.assertThat(runId).is(RunStatus.FAILED).hasSoundLog();
    assertThat(host.answer(runId, "gate", Map.of("action", "accept")))
        .isInstanceOf(Outcome.AlreadyResolved.class);
    assertThat(states(runId)).containsExactly("INVALIDATED");
  }

  @Test
  void andAPauseOutlastsAnAnswer() {
    String runId =
        host.start(
            gate(APPROVAL)
                .node("sleep", "core.delay", Map.of("ms", 60_000))
                .node("after", "core.noop")
                .edge("sleep", "after"));
    // Paused by hand of the store, for a run that waits for a person alone is not pausable.
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL);
    host.stores()
        .runs()
        .amend(
            SampleRuns.TENANT,
            runId,
            run ->
                Optional.of(
                    new Amendment(
                        List.of(
                            NewEvent.of(
                                EventType.RUN_PAUSED,
                                null,
                                Payloads.runPaused(new PauseRequest(DrainPolicy.IMMEDIATE, null)))),
                        RunStatus.PAUSED,
                        run.state(),
                        new Wakeup.Never())));
    assertThat(host.answer(runId, "gate", Map.of("action", "accept")))
        .isInstanceOfSatisfying(
            Outcome.Resolved.class,
            resolved -> assertThat(resolved.status()).isEqualTo(RunStatus.PAUSED));
    assertThat(host.read(runId).status()).isEqualTo(RunStatus.PAUSED);
    assertThat(host.read(runId).pausedAt()).isNotNull();

    service.resume(SampleRuns.TENANT, runId, null).orElseThrow();
    clock.set(clock.instant().plusSeconds(61));
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void andOthersMayAnswerWhileItsNodesExecute() throws Exception {
    host.register(
        gate(APPROVAL)
            .node("held", held.typeId())
            .node("after", "core.noop")
            .edge("gate", "after"));
    String runId = host.create("gated", Map.of(), Map.of());
    CompletableFuture<Void> driving = CompletableFuture.runAsync(() -> host.drive(runId));
    held.awaitEntered();

    assertThat(host.answer(runId, "gate", Map.of("action", "accept")))
        .isInstanceOfSatisfying(
            Outcome.Resolved.class,
            resolved -> assertThat(resolved.status()).isEqualTo(RunStatus.RUNNING));
    // The worker hears of it although its own node still executes.
    await("the node after the gate")
        .until(() -> host.read(runId).state().nodes().containsKey("after"));
    held.letGo();
    driving.get();

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void andAnAnswerIsKeptWhenTheNodeIsStartedAgain() {
    flaky.failures = 1;
    String runId = host.start(workflow("flaky").node("gate", flaky.typeId()).maxRetries(2));
    host.answer(runId, "gate", "yes");
    Instant due = host.drive(runId).orElseThrow();
    clock.set(due);
    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED gate",
            "INTERRUPT_REQUESTED gate",
            "NODE_SUSPENDED gate",
            "INTERRUPT_RESOLVED gate",
            "NODE_RESUMED gate",
            "NODE_RETRIED gate",
            "NODE_STARTED gate",
            "NODE_COMPLETED gate",
            "RUN_COMPLETED");
    assertThat(outputs(runId)).isEqualTo(Map.of("said", "yes"));
  }

  @Test
  void asItsParentDoes() {
    host.register(workflow("child").node("child-gate", "core.approvalGate"));
    String parent =
        host.start(
            workflow("parent").node("call", "core.subWorkflow", Map.of("workflowId", "child")));
    String child = host.stores().runs().children(SampleRuns.TENANT, parent, 2).get(0).runId();
    host.drive(child);
    host.assertThat(child).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    host.drive(parent);
    host.assertThat(parent).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(host.answer(parent, "call", Map.of("action", "accept")))
        .isInstanceOf(Outcome.NoSuchQuestion.class);

    host.answer(child, "child-gate", Map.of("action", "accept"));
    host.driveAll();
    host.driveAll();
    host.assertThat(child).is(RunStatus.COMPLETED).hasSoundLog();
    host.assertThat(parent).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @ParameterizedTest
  @ValueSource(strings = {"maybe", "ACCEPT", ""})
  void andTakesNoOtherWord(String action) {
    String runId = host.start(gate(APPROVAL));
    assertThat(host.answer(runId, "gate", Map.of("action", action)))
        .isInstanceOf(Outcome.Unacceptable.class);
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
  }

  @Test
  void andOnlyItsTenantCanAnswer() {
    String runId = host.start(gate(APPROVAL));
    Given accept = new Given(Map.of("action", "accept"), Answerer.of("somebody"), List.of());
    assertThat(host.interrupts().resolve(new Tenant("others"), runId, "gate", accept))
        .isInstanceOf(Outcome.NoSuchRun.class);
    assertThat(host.interrupts().resolve(SampleRuns.TENANT, runId, "elsewhere", accept))
        .isInstanceOf(Outcome.NoSuchQuestion.class);
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
  }

  private static WorkflowBuilder gate(Map<String, Object> config) {
    return workflow("gated").node("gate", "core.approvalGate", config);
  }

  private Map<String, @Nullable Object> outputs(String runId) {
    return host.read(runId).state().nodes().get("gate").outputs();
  }

  private List<String> states(String runId) {
    return host.stores()
        .jdbc()
        .sql("select state from openwop.interrupt where run_id = :run order by ordinal")
        .param("run", runId)
        .query(String.class)
        .list();
  }

  /** Asks, and fails so many times after it was answered. */
  private static final class Flaky implements NodeExecutor {

    volatile int failures;

    private final AtomicInteger failed = new AtomicInteger();

    @Override
    public String typeId() {
      return "test.flaky";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      if (context.resumption() == null) {
        return NodeResult.suspended(
            InterruptRequest.of(InterruptKind.CUSTOM, Map.of("customKind", "word")));
      }
      return failed.incrementAndGet() <= failures
          ? new NodeResult.Failed("test.flaky", "Not yet", true)
          : NodeResult.completed(
              Json.members("said", Objects.requireNonNull(context.resumption()).value()));
    }
  }
}
