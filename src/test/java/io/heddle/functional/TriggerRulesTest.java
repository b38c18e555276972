package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.RunAssert;
import io.heddle.testkit.WorkflowBuilder;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A node starts when its incoming edges say so, and is left out as soon as they cannot any more.
 */
@Timeout(60)
class TriggerRulesTest {

  /** A node that goes on until another one has begun or the run is over. */
  private final Waiting waiting = new Waiting();

  private final Begun begun = new Begun(waiting);

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            InstantSource.system(),
            waiting,
            begun,
            new FailingEffect(waiting));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @ParameterizedTest(name = "{0} and {1}: {2}, {3}, {4}, {5}, {6}")
  @CsvSource(
      textBlock =
          """
          # sources, and whether a target behind both starts under each rule
          # one,  other,   all_success, any_success, all_complete, none_failed, any_failed
          ok,      ok,      yes,         yes,         yes,          yes,         no
          ok,      failed,  no,          yes,         yes,          no,          yes
          ok,      skipped, no,          yes,         yes,          yes,         no
          failed,  ok,      no,          yes,         yes,          no,          yes
          failed,  failed,  no,          no,          yes,          no,          yes
          failed,  skipped, no,          no,          yes,          no,          yes
          skipped, ok,      no,          yes,         yes,          yes,         no
          skipped, failed,  no,          no,          yes,          no,          yes
          skipped, skipped, no,          no,          yes,          yes,         no
          """)
  void aTargetBehindTwoSources(
      String one,
      String other,
      String allSuccess,
      String anySuccess,
      String allComplete,
      String noneFailed,
      String anyFailed) {
    WorkflowBuilder workflow = workflow("rules");
    source(workflow, "one", one);
    source(workflow, "other", other);
    for (String rule :
        new String[] {"all_success", "any_success", "all_complete", "none_failed", "any_failed"}) {
      workflow.node(rule, "core.noop").edge("one", rule, rule).edge("other", rule, rule);
    }

    RunAssert run = host.run(workflow).is(RunStatus.COMPLETED).hasSoundLog();

    run.log().tellsAStory();
    assertOutcome(run, "all_success", allSuccess);
    assertOutcome(run, "any_success", anySuccess);
    assertOutcome(run, "all_complete", allComplete);
    assertOutcome(run, "none_failed", noneFailed);
    assertOutcome(run, "any_failed", anyFailed);
  }

  @Test
  void anEdgeWithoutARuleWantsSuccess() {
    host.run(workflow("plain").disabled("off").node("next", "core.noop").edge("off", "next"))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_SKIPPED off", "NODE_SKIPPED next", "RUN_COMPLETED");
  }

  @Test
  void beingLeftOutCascades() {
    host.run(
            workflow("cascade")
                .node("first", "core.noop")
                .disabled("off")
                .chain("core.noop", "a", "b", "c")
                .edge("off", "a")
                .node("joined", "core.noop")
                .edge("first", "joined")
                .edge("c", "joined")
                .node("last", "core.noop")
                .edge("joined", "last", "none_failed"))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .tellsAStory()
        .readsOf("first", EventType.NODE_STARTED, EventType.NODE_COMPLETED)
        .readsOf("off", EventType.NODE_SKIPPED)
        .readsOf("a", EventType.NODE_SKIPPED)
        .readsOf("b", EventType.NODE_SKIPPED)
        .readsOf("c", EventType.NODE_SKIPPED)
        .readsOf("joined", EventType.NODE_SKIPPED)
        .readsOf("last", EventType.NODE_STARTED, EventType.NODE_COMPLETED);
  }

  @Test
  void rulesOfOneTargetMustAllHold() {
    host.run(
            workflow("mixed")
                .node("good", "core.noop")
                .node("bad", "core.fail")
                .node("both", "core.noop")
                .edge("good", "both", "all_success")
                .edge("bad", "both", "any_failed")
                .node("neither", "core.noop")
                .edge("good", "neither", "any_failed")
                .edge("bad", "neither", "all_complete"))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .readsOf("both", EventType.NODE_STARTED, EventType.NODE_COMPLETED)
        .readsOf("neither", EventType.NODE_SKIPPED);
  }

  @Test
  void oneSuccessIsEnoughWhileTheOthersStillRun() {
    RunAssert run =
        host.run(
                workflow("any")
                    .node("good", "core.noop")
                    .node("slow", "test.waiting")
                    .node("target", "test.begun")
                    .edge("good", "target", "any_success")
                    .edge("slow", "target", "any_success"))
            .is(RunStatus.COMPLETED)
            .hasSoundLog();

    assertThat(sequence(run, EventType.NODE_STARTED, "target"))
        .isLessThan(sequence(run, EventType.NODE_COMPLETED, "slow"));
  }

  @Test
  void oneFailureIsEnoughWhileTheOthersStillRun() {
    RunAssert run =
        host.run(
                workflow("any")
                    .node("bad", "core.fail")
                    .node("slow", "test.waiting")
                    .node("target", "test.begun")
                    .edge("bad", "target", "any_failed")
                    .edge("slow", "target", "any_failed"))
            .is(RunStatus.COMPLETED)
            .hasSoundLog();

    assertThat(sequence(run, EventType.NODE_STARTED, "target"))
        .isLessThan(sequence(run, EventType.NODE_COMPLETED, "slow"));
  }

  @ParameterizedTest
  @CsvSource({"any_failed", "all_complete"})
  void aFailureThatAnEdgeAwaitsDoesNotEndTheRun(String rule) {
    host.run(
            workflow("handled")
                .node("bad", "core.fail")
                .node("handler", "core.noop")
                .edge("bad", "handler", rule))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED bad",
            "NODE_FAILED bad",
            "NODE_STARTED handler",
            "NODE_COMPLETED handler",
            "RUN_COMPLETED");
  }

  @ParameterizedTest
  @CsvSource({"all_success", "any_success", "none_failed"})
  void aFailureThatNoEdgeAwaitsEndsTheRun(String rule) {
    host.run(
            workflow("unhandled")
                .node("bad", "core.fail", Map.of("code", "my.code", "message", "m"))
                .node("next", "core.noop")
                .edge("bad", "next", rule))
        .is(RunStatus.FAILED)
        .hasError("my.code")
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_STARTED bad", "NODE_FAILED bad", "RUN_FAILED");
  }

  @Test
  void whatStillRunsWhenTheRunFailsIsCancelledAndStopped() throws InterruptedException {
    host.run(
            workflow("fail-fast")
                .node("sibling", "test.waiting")
                .node("bad", "test.failing")
                .node("never", "core.noop")
                .edge("sibling", "never"))
        .is(RunStatus.FAILED)
        .hasError("my.failure")
        .hasSoundLog()
        .log()
        .tellsAStory()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED sibling",
            "NODE_STARTED bad",
            "NODE_FAILED bad",
            "NODE_CANCELLED sibling",
            "RUN_FAILED");

    waiting.interrupted.await();
  }

  private static void source(WorkflowBuilder workflow, String nodeId, String outcome) {
    switch (outcome) {
      case "ok" -> workflow.node(nodeId, "core.noop");
      // Without somebody who awaits it a failure would end the run.
      case "failed" ->
          workflow
              .node(nodeId, "core.fail")
              .node(nodeId + "-handler", "core.noop")
              .edge(nodeId, nodeId + "-handler", "any_failed");
      case "skipped" -> workflow.disabled(nodeId);
      default -> throw new IllegalArgumentException(outcome);
    }
  }

  private static void assertOutcome(RunAssert run, String nodeId, String starts) {
    if (starts.equals("yes")) {
      run.log().readsOf(nodeId, EventType.NODE_STARTED, EventType.NODE_COMPLETED);
    } else {
      run.log().readsOf(nodeId, EventType.NODE_SKIPPED);
    }
  }

  private static long sequence(RunAssert run, EventType type, String nodeId) {
    RunEvent event = run.log().only(type, nodeId);
    return event.sequence();
  }

  private static final class Waiting implements NodeExecutor {

    private final CountDownLatch executing = new CountDownLatch(1);

    private final CountDownLatch released = new CountDownLatch(1);

    private final CountDownLatch interrupted = new CountDownLatch(1);

    @Override
    public String typeId() {
      return "test.waiting";
    }

    @Override
    public NodeResult execute(NodeContext context) throws InterruptedException {
      executing.countDown();
      try {
        released.await();
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
      return NodeResult.completed();
    }
  }

  /** Lets the waiting node go by being executed. */
  private record Begun(Waiting waiting) implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.begun";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      waiting.released.countDown();
      return NodeResult.completed();
    }
  }

  /** Fails when the waiting node is being executed. */
  private record FailingEffect(Waiting waiting) implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.failing";
    }

    @Override
    public NodeResult execute(NodeContext context) throws InterruptedException {
      waiting.executing.await();
      return NodeResult.failed("my.failure", "It fails");
    }
  }
}
