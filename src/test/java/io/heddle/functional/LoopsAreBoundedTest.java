package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;

import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A loop goes back over its body as often as it may, and the run goes on behind it. */
class LoopsAreBoundedTest {

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, InstantSource.system());
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void byTheDefinition() {
    host.run(
            workflow("loop")
                .chain("core.noop", "before", "first", "second")
                .edge("second", "first")
                .maxLoopbackIterations(2))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED before",
            "NODE_COMPLETED before",
            "NODE_STARTED first",
            "NODE_COMPLETED first",
            "NODE_STARTED second",
            "NODE_COMPLETED second",
            "NODE_STARTED first",
            "NODE_COMPLETED first",
            "NODE_STARTED second",
            "NODE_COMPLETED second",
            "NODE_STARTED first",
            "NODE_COMPLETED first",
            "NODE_STARTED second",
            "NODE_COMPLETED second",
            "LOOPBACK_LIMIT first",
            "RUN_COMPLETED");
  }

  @Test
  void byFiveUnlessTheDefinitionSaysOtherwise() {
    host.run(workflow("endless").node("again", "core.noop").edge("again", "again"))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .hasAttempts("again", 0, 0, 0, 0, 0, 0);
  }

  @Test
  void byTheLimitOnNodeExecutions() {
    host.run(
            workflow("capped")
                .node("again", "core.noop")
                .edge("again", "again")
                .maxLoopbackIterations(1_000_000),
            Map.of("recursionLimit", 7))
        .is(RunStatus.FAILED)
        .hasError("recursion_limit_exceeded")
        .hasSoundLog();
  }

  @Test
  void whatComesBehindALoopRunsOncePerIterationThatReachesIt() {
    host.run(
            workflow("exit")
                .node("first", "core.noop")
                .node("failing", "core.fail")
                .node("behind", "core.noop")
                .edge("first", "failing")
                .edge("failing", "first", "any_failed")
                .edge("failing", "behind", "any_failed")
                .maxLoopbackIterations(1))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .readsOf("behind", EventType.NODE_STARTED, EventType.NODE_COMPLETED);
  }

  @Test
  void aLoopNobodyEntersBeginsWithItsFirstNode() {
    host.run(
            workflow("closed")
                .node("one", "core.noop")
                .node("two", "core.noop")
                .edge("one", "two")
                .edge("two", "one")
                .maxLoopbackIterations(1))
        .is(RunStatus.COMPLETED)
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED one",
            "NODE_COMPLETED one",
            "NODE_STARTED two",
            "NODE_COMPLETED two",
            "NODE_STARTED one",
            "NODE_COMPLETED one",
            "NODE_STARTED two",
            "NODE_COMPLETED two",
            "LOOPBACK_LIMIT one",
            "RUN_COMPLETED");
  }

  @Test
  void anInnerLoopBeginsAnewWithEachIterationOfTheOuterOne() {
    host.run(
            workflow("nested")
                .chain("core.noop", "outer", "inner")
                .edge("inner", "inner")
                .node("last", "core.noop")
                .edge("inner", "last")
                .edge("last", "outer")
                .maxLoopbackIterations(1))
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .hasAttempts("outer", 0, 0)
        .hasAttempts("inner", 0, 0, 0, 0);
  }
}
