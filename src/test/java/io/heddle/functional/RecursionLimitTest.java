package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.RunAssert;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A run starts no more nodes than it may, and fails when it would. */
class RecursionLimitTest {

  private static final int HOST_LIMIT = 5;

  private final SettableClock clock = new SettableClock(Instant.now());

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    Database database = PostgresPerJvm.freshDatabase();
    host =
        new HandDrivenHost(database, HandDrivenHost.limits(HOST_LIMIT, Duration.ofDays(1)), clock);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void aRunThatUsesItUpCompletes() {
    host.run(chain(3), Map.of("recursionLimit", 3)).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void theNodeTooManyDoesNotStart() {
    RunAssert run = host.run(chain(4), Map.of("recursionLimit", 3));

    run.is(RunStatus.FAILED)
        .hasError("recursion_limit_exceeded")
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED n1",
            "NODE_COMPLETED n1",
            "NODE_STARTED n2",
            "NODE_COMPLETED n2",
            "NODE_STARTED n3",
            "NODE_COMPLETED n3",
            "CAP_BREACHED n4",
            "RUN_FAILED");
    assertThat(Json.parseObject(run.log().only(EventType.CAP_BREACHED, "n4").payload()))
        .isEqualTo(Map.of("kind", "node-executions", "limit", 3, "observed", 4, "nodeId", "n4"));
  }

  @Test
  void theHostsLimitHoldsForThoseWhoAskForMore() {
    RunAssert run = host.run(chain(HOST_LIMIT + 1), Map.of("recursionLimit", 1_000_000));

    run.is(RunStatus.FAILED).hasError("recursion_limit_exceeded").hasSoundLog();
    assertThat(Json.parseObject(run.log().only(EventType.CAP_BREACHED, "n6").payload()))
        .containsEntry("limit", HOST_LIMIT);
  }

  @Test
  void theHostsLimitHoldsForThoseWhoAskForNone() {
    host.run(chain(HOST_LIMIT)).is(RunStatus.COMPLETED).hasSoundLog();
    host.run(chain(HOST_LIMIT + 1)).is(RunStatus.FAILED).hasSoundLog();
  }

  @Test
  void whatIsLeftOutDoesNotCount() {
    host.run(
            workflow("skips").disabled("s1").disabled("s2").disabled("s3").node("n1", "core.noop"),
            Map.of("recursionLimit", 1))
        .is(RunStatus.COMPLETED)
        .hasSoundLog();
  }

  @Test
  void wakingUpDoesNotCountAsAStart() {
    WorkflowBuilder workflow =
        workflow("sleeps")
            .node("sleep", "core.delay", Map.of("ms", 3_600_000))
            .node("next", "core.noop")
            .edge("sleep", "next");
    host.register(workflow);
    String runId = host.create(workflow.id(), Map.of(), Map.of("recursionLimit", 2));
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.RUNNING);

    clock.advance(Duration.ofHours(2));
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void aSleepDoesNotStartTheCountAnew() {
    WorkflowBuilder workflow =
        workflow("sleeps")
            .chain("core.noop", "n1", "n2")
            .node("sleep", "core.delay", Map.of("ms", 3_600_000))
            .edge("n2", "sleep")
            .node("last", "core.noop")
            .edge("sleep", "last");
    host.register(workflow);
    String runId = host.create(workflow.id(), Map.of(), Map.of("recursionLimit", 3));
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.RUNNING);

    clock.advance(Duration.ofHours(2));
    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError("recursion_limit_exceeded")
        .hasSoundLog()
        .log()
        .readsOf("last", EventType.CAP_BREACHED);
  }

  @Test
  void whatStillWaitsWhenTheRunFailsIsCancelled() {
    host.run(
            workflow("waits")
                .node("sleep", "core.delay", Map.of("ms", 3_600_000))
                .node("n2", "core.noop"),
            Map.of("recursionLimit", 1))
        .is(RunStatus.FAILED)
        .hasSoundLog()
        .log()
        .tellsAStory()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED sleep",
            "CAP_BREACHED n2",
            "NODE_CANCELLED sleep",
            "RUN_FAILED");
  }

  private static WorkflowBuilder chain(int length) {
    String[] nodes = new String[length];
    for (int i = 0; i < length; i++) {
      nodes[i] = "n" + (i + 1);
    }
    return workflow("chain-" + length).chain("core.noop", nodes);
  }
}
