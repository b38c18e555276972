package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run stays on the branch of the code that it took first, whatever is deployed meanwhile. */
@Timeout(60)
class RunsFollowTheVersionTheyPinnedTest {

  private static final WorkflowBuilder ACT = workflow("act").node("act", "test.act").maxRetries(3);

  private final SettableClock clock = new SettableClock(Instant.now());

  private final ScriptedNode node = ScriptedNode.acting("test.act");

  private final ScriptedNode pure = ScriptedNode.pure("test.pure");

  private final List<Integer> given = new CopyOnWriteArrayList<>();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, node, pure);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void theNewestAtFirstAndThenTheSameEverywhere() {
    node.does(
        context -> {
          // Each execution meets code that is one version newer.
          given.add(context.getVersion("payment-flow", 1, 2 + given.size()));
          given.add(context.getVersion("payment-flow", -1, 20));
          return given.size() == 2
              ? new NodeResult.Failed("acme.later", "Not yet", true)
              : NodeResult.completed();
        });

    String runId =
        host.finish(
            workflow("everywhere")
                .chain("test.act", "first", "second")
                .edge("second", "second")
                .maxLoopbackIterations(1)
                .maxRetries(1));

    assertThat(given).hasSize(8).containsOnly(2);
    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED first",
            "VERSION_PINNED first",
            "NODE_RETRIED first",
            "NODE_STARTED first",
            "NODE_COMPLETED first",
            "NODE_STARTED second",
            "NODE_COMPLETED second",
            "NODE_STARTED second",
            "NODE_COMPLETED second",
            "LOOPBACK_LIMIT second",
            "RUN_COMPLETED");
    assertThat(pin(runId).payload())
        .isEqualTo("{\"changeId\":\"payment-flow\",\"version\":2,\"nodeId\":\"first\"}");
  }

  @Test
  void eachChangeAndEachRunHasItsOwn() {
    node.does(
        context -> {
          given.add(context.getVersion("a", 0, given.size()));
          given.add(context.getVersion("b", 0, given.size()));
          return NodeResult.completed();
        });

    host.finish(ACT);
    host.finish(ACT);

    assertThat(given).containsExactly(0, 1, 2, 3);
  }

  @Test
  void whatItWasToldIsOnTheLogBeforeItActs() {
    node.does(
        context -> {
          int newest = context.attempt() == 0 ? 2 : 3;
          given.add(context.getVersion("payment-flow", 1, newest));
          assertThat(types(context.runId())).contains(EventType.VERSION_PINNED);
          if (context.attempt() == 0) {
            host.takeAway(context.runId());
          }
          return NodeResult.completed();
        });

    String runId = host.finish(ACT);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog().log().hasAttempts("act", 0, 1);
    assertThat(given).containsExactly(2, 2);
    assertThat(pin(runId).sequence()).isEqualTo(2);
  }

  @Test
  void whoeverLostTheRunIsToldNothing() {
    node.does(
        context -> {
          int newest = context.attempt() == 0 ? 2 : 3;
          if (context.attempt() == 0) {
            host.takeAway(context.runId());
          }
          try {
            given.add(context.getVersion("payment-flow", 1, newest));
          } catch (InterruptedException e) {
            given.add(-1);
            throw e;
          }
          return NodeResult.completed();
        });

    String runId = host.finish(ACT);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(given).containsExactlyInAnyOrder(-1, 3);
    assertThat(pin(runId).payload()).contains("\"version\":3");
  }

  @Test
  void aPauseThatComesMeanwhileIsHeeded() {
    node.does(
        context -> {
          host.stores()
              .runs()
              .requestPause(
                  SampleRuns.TENANT,
                  context.runId(),
                  new PauseRequest(DrainPolicy.DRAIN_CURRENT_NODE, null));
          given.add(context.getVersion("payment-flow", 1, 2));
          return NodeResult.completed();
        });
    host.register(ACT);
    String runId = host.create("act", Map.of(), Map.of());

    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.PAUSED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED act",
            "VERSION_PINNED act",
            "NODE_COMPLETED act",
            "RUN_PAUSED");
    assertThat(given).containsExactly(2);
  }

  @Test
  void ofTwoNodesAtOnceTheFirstDecides() {
    Map<String, String> told = new ConcurrentHashMap<>();
    CyclicBarrier together = new CyclicBarrier(2);
    node.does(
        context -> {
          int newest = context.nodeId().equals("old") ? 5 : 7;
          together.await();
          try {
            told.put(context.nodeId(), "" + context.getVersion("payment-flow", 1, newest));
          } catch (NodeFailedException e) {
            told.put(context.nodeId(), e.code());
          }
          return NodeResult.completed();
        });

    String runId = host.finish(workflow("both").node("old", "test.act").node("new", "test.act"));

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    RunEvent pin = pin(runId);
    assertThat(told)
        .isEqualTo(
            "old".equals(pin.nodeId())
                ? Map.of("old", "5", "new", "5")
                : Map.of("old", "version_out_of_range", "new", "7"));
  }

  @ParameterizedTest
  @CsvSource({"3,9", "0,1", "-1,0"})
  void aNodeThatDoesNotKnowItFails(int min, int max) {
    pure.does(
        context -> {
          given.add(context.getVersion("payment-flow", 2, 2));
          return NodeResult.completed();
        });
    node.does(
        context -> {
          given.add(context.getVersion("payment-flow", min, max));
          return NodeResult.completed();
        });

    String runId =
        host.finish(
            workflow("deprecated")
                .node("before", "test.pure")
                .node("act", "test.act")
                .edge("before", "act")
                .maxRetries(3));

    RunEvent failure =
        host.assertThat(runId)
            .is(RunStatus.FAILED)
            .hasError("version_out_of_range")
            .hasSoundLog()
            .log()
            .hasAttempts("act", 0)
            .only(EventType.NODE_FAILED, "act");
    assertThat(failure.payload())
        .contains("follows version 2 of payment-flow", "knows %d to %d".formatted(min, max));
    assertThat(given).containsExactly(2);
  }

  @Test
  void aPureNodePinsInItsOwnStep() {
    pure.does(
        context ->
            NodeResult.completed(Map.of("version", context.getVersion("payment-flow", -1, 4))));

    String runId = host.finish(workflow("pure").chain("test.pure", "a", "b"));

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED a",
            "VERSION_PINNED a",
            "NODE_COMPLETED a",
            "NODE_STARTED b",
            "NODE_COMPLETED b",
            "RUN_COMPLETED");
    // Stored together, at one time.
    assertThat(host.log(runId))
        .extracting(RunEvent::timestamp)
        .containsOnly(pin(runId).timestamp());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatMakesNoSenseIsRefused(boolean isPure) {
    ScriptedNode asking = isPure ? pure : node;
    List<String> refused = new CopyOnWriteArrayList<>();
    asking.does(
        context -> {
          for (String changeId : List.of("", " ", "a\0b", "\ud800", "x".repeat(257))) {
            refused.add(refusal(() -> context.getVersion(changeId, 1, 2)));
          }
          refused.add(refusal(() -> context.getVersion("a", 2, 1)));
          refused.add(refusal(() -> context.getVersion("a", -2, -1)));
          context.getVersion("x".repeat(256), 0, 0);
          return NodeResult.completed();
        });

    String runId = host.finish(workflow("asking").node("ask", asking.typeId()));

    assertThat(refused).hasSize(7).containsOnly("validation_error false");
    pin(runId);
  }

  @Test
  void aRunWithoutAnyRemembersNone() {
    String without = host.finish(workflow("without").node("a", "core.noop"));
    node.does(
        context ->
            NodeResult.completed(Map.of("version", context.getVersion("payment-flow", 1, 2))));
    String with = host.finish(ACT);

    assertThat(state(without)).doesNotContainKey("versions");
    assertThat(state(with)).containsEntry("versions", Map.of("payment-flow", 2));
  }

  private interface Call {
    int get() throws Exception;
  }

  private static String refusal(Call call) throws Exception {
    try {
      return "" + call.get();
    } catch (NodeFailedException e) {
      return e.code() + " " + e.retryable();
    }
  }

  /** The only pin of a run. */
  private RunEvent pin(String runId) {
    List<RunEvent> pins =
        host.log(runId).stream().filter(event -> event.type() == EventType.VERSION_PINNED).toList();
    assertThat(pins).hasSize(1);
    return pins.get(0);
  }

  private List<EventType> types(String runId) {
    return host.log(runId).stream().map(RunEvent::type).toList();
  }

  private Map<String, Object> state(String runId) {
    return Json.parseObject(
        host.stores()
            .jdbc()
            .sql("select state from openwop.run where run_id = ?")
            .param(runId)
            .query(String.class)
            .single());
  }
}
