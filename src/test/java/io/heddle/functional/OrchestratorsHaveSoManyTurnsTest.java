package io.heddle.functional;

import static io.heddle.functional.Orchestra.loop;
import static io.heddle.functional.Orchestra.next;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.engine.Limits;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * How often orchestrators may decide in one run is the host's matter; a run can only ask for less.
 */
class OrchestratorsHaveSoManyTurnsTest {

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), atMost(3), new SettableClock(Instant.now()));
    host.register(workflow("worker").node("work", "core.noop"));
    host.register(
        loop(
            Map.of(),
            next("worker"),
            next("worker"),
            next("worker"),
            next("worker"),
            next("worker")));
  }

  private static Limits atMost(int turns) {
    Limits wide = HandDrivenHost.WIDE;
    return new Limits(
        wide.maxNodeExecutions(),
        wide.maxRunDuration(),
        wide.retries(),
        wide.maxDepth(),
        wide.maxFanOut(),
        wide.maxLosses(),
        wide.maxNodeDuration(),
        turns);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void theHostsOwnBoundHoldsWithoutAnyOther() {
    assertEndsAfter(3, Map.of());
  }

  @Test
  void aRunThatAsksForMoreGetsThat() {
    assertEndsAfter(3, Map.of("maxLoopIterations", 4));
    assertEndsAfter(3, Map.of("maxLoopIterations", Long.MAX_VALUE));
  }

  @Test
  void aRunThatAsksForLessGetsLess() {
    assertEndsAfter(1, Map.of("maxLoopIterations", 1));
  }

  @Test
  void aHostWithoutAnyTurnsMakesNoSense() {
    assertThatThrownBy(() -> atMost(0)).isInstanceOf(IllegalArgumentException.class);
  }

  private void assertEndsAfter(int turns, Map<String, @Nullable Object> configurable) {
    String runId = host.create("orchestrated", Map.of(), configurable);
    host.drive(runId);
    while (host.driveAll() > 0) {}

    host.assertThat(runId).is(RunStatus.FAILED).hasError("loop_limit_exceeded").hasSoundLog();
    assertThat(payloads(runId, EventType.ORCHESTRATOR_DECIDED)).hasSize(turns);
    assertThat(payloads(runId, EventType.CAP_BREACHED))
        .containsExactly(
            Json.members(
                "kind",
                "loop-iterations",
                "limit",
                turns,
                "observed",
                turns + 1,
                "nodeId",
                "supervisor"));
  }

  private List<Map<String, @Nullable Object>> payloads(String runId, EventType type) {
    return host
        .stores()
        .runs()
        .log(SampleRuns.TENANT, runId, -1, Integer.MAX_VALUE)
        .orElseThrow()
        .events()
        .stream()
        .filter(event -> event.type() == type)
        .map(RunEvent::payload)
        .map(Json::parseObject)
        .toList();
  }
}
