package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunState;
import io.heddle.run.RunStatus;
import io.heddle.spi.ChannelException;
import io.heddle.spi.Channels;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.workflow.InvalidInputsException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What nodes write to channels is on the log, and the channels are what the log makes of it. */
class NodesWriteToChannelsTest {

  private final SettableClock clock =
      new SettableClock(Instant.parse("2026-01-31T10:20:30.123456Z"));

  private final Scripted first = new Scripted("test.first");

  private final Scripted second = new Scripted("test.second");

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, first, second);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void theyAreToldBeforeTheNodeCompletes() {
    String runId =
        host.start(
            workflow("told")
                .channel("log", "append", Map.of("schemaVersion", 3))
                .node("a", "core.channelWrite", Map.of("channelName", "log", "value", "x")));

    RunEvent written =
        host.assertThat(runId)
            .is(RunStatus.COMPLETED)
            .hasSoundLog()
            .log()
            .reads(
                "RUN_STARTED",
                "NODE_STARTED a",
                "CHANNEL_WRITTEN a",
                "NODE_COMPLETED a",
                "RUN_COMPLETED")
            .only(EventType.CHANNEL_WRITTEN, "a");
    assertThat(Json.parseObject(written.payload()))
        .isEqualTo(
            Json.members(
                "channel",
                "log",
                "value",
                "x",
                "reducer",
                "append",
                "nodeId",
                "a",
                "writtenAt",
                "2026-01-31T10:20:30.123Z",
                "schemaVersion",
                3));
    assertThat(state(runId).channels()).isEqualTo(Map.of("log", List.of("x")));
  }

  @Test
  void anUndeclaredChannelIsAVariableWhoseEntriesGrowOld() {
    Map<String, Object> config = Map.of("channelName", "seen", "reducer", "append", "ttlMs", 200);
    WorkflowBuilder workflow =
        workflow("aging")
            .node("a", "core.channelWrite", with(config, "value", "a"))
            .node("wait", "core.delay", Map.of("ms", 300))
            .node("b", "core.channelWrite", with(config, "value", null))
            .edge("a", "wait")
            .edge("wait", "b");
    host.register(workflow);
    String runId = host.create("aging", Map.of(), Map.of());

    Instant due = host.drive(runId).orElseThrow();
    assertThat(state(runId).variables())
        .isEqualTo(Map.of("seen", List.of(Map.of("value", "a", "_ts", clock.millis()))));
    clock.set(due);
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    Map<String, Object> entry = Json.members("value", null, "_ts", clock.millis());
    assertThat(state(runId).variables()).isEqualTo(Map.of("seen", List.of(entry)));
    assertThat(state(runId).channels()).isEmpty();
    // The entry on the log is the one that is kept.
    RunEvent written = host.assertThat(runId).log().only(EventType.CHANNEL_WRITTEN, "b");
    assertThat(Json.parseObject(written.payload()))
        .containsEntry("value", entry)
        .containsEntry("writtenAt", Instant.ofEpochMilli(clock.millis()).toString());
  }

  @Test
  void anInputIsWrittenInsteadOfTheConfiguredValue() {
    String runId =
        host.start(
            workflow("input")
                .channel("last", "replace", Map.of())
                .node(
                    "a",
                    "core.channelWrite",
                    Map.of("channelName", "last", "value", 1),
                    Map.of("value", Map.of("type", "static", "value", 2))));

    assertThat(state(runId).channels()).isEqualTo(Map.of("last", 2));
  }

  @Test
  void aNodeSeesWhatWasWrittenBeforeAndByItself() {
    first.script =
        context -> {
          Channels channels = context.channels();
          assertThat(channels.get("sum")).isEqualTo(5);
          assertThat(channels.get("last")).isNull();
          assertThat(channels.get("log")).isEqualTo(List.of());
          channels.write("sum", 2);
          channels.write("log", new Object[] {"x"});
          // What a node does to a value it got is its own affair.
          Json.object(channels.get("map"), "").put("changed", true);
          assertThat(channels.get("map")).isEqualTo(Map.of());
          return NodeResult.completed(
              Map.of("sum", channels.get("sum"), "log", channels.get("log")));
        };
    String runId =
        host.start(
            declaring("sees")
                .node("count", "core.channelWrite", Map.of("channelName", "sum", "value", 1))
                .node("read", "test.first")
                .edge("count", "read"));

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(state(runId).nodes().get("read").outputs())
        .isEqualTo(Map.of("sum", 7, "log", List.of(List.of("x"))));
    assertThat(state(runId).channels()).containsEntry("sum", 7).containsEntry("map", Map.of());
  }

  @Test
  void expressionsSeeTheChannels() {
    String runId =
        host.start(
            declaring("expressions")
                .node("count", "core.channelWrite", Map.of("channelName", "sum", "value", 1))
                .node(
                    "echo",
                    "core.identity",
                    Map.of(),
                    Map.of("sum", expression("channels.sum * 2 + size(channels.log)")))
                .node("never", "core.noop")
                .edgeIf(
                    "count",
                    "echo",
                    Map.of("type", "expression", "expression", "channels.sum == 5"))
                .edgeIf(
                    "count",
                    "never",
                    Map.of("type", "equals", "left", "channels.sum", "right", 4)));

    host.assertThat(runId).is(RunStatus.COMPLETED).log().readsOf("never", EventType.NODE_SKIPPED);
    assertThat(state(runId).nodes().get("echo").outputs()).isEqualTo(Map.of("sum", 10));
  }

  @Test
  void whoMayNotUseAChannelFails() {
    WorkflowBuilder writer =
        workflow("writer")
            .channel("closed", "append", Map.of("access", Map.of("writers", List.of("core.ai.*"))))
            .node("a", "core.channelWrite", Map.of("channelName", "closed", "value", 1));
    host.assertThat(host.start(writer))
        .is(RunStatus.FAILED)
        .hasError("channel_access_denied")
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_STARTED a", "NODE_FAILED a", "RUN_FAILED");

    WorkflowBuilder reader =
        workflow("reader")
            .channel("closed", "replace", Map.of("access", "private", "default", "s3cr3t"))
            .node("a", "core.identity", Map.of(), Map.of("it", expression("channels.closed")));
    String runId = host.start(reader);
    host.assertThat(runId).is(RunStatus.FAILED).hasError("heddle.expression_failed");
    assertThat(log(runId)).doesNotContain("s3cr3t");

    WorkflowBuilder allowed =
        workflow("allowed")
            .channel("closed", "replace", Map.of("access", Map.of("readers", List.of("a"))))
            .node("a", "core.identity", Map.of(), Map.of("it", expression("channels.closed")));
    host.assertThat(host.start(allowed)).is(RunStatus.COMPLETED);
  }

  @Test
  void aNodeMayGoOnAfterARefusal() {
    first.script =
        context -> {
          for (String name : List.of("closed", "unknown", "sum")) {
            assertThatThrownBy(() -> context.channels().write(name, "no number"))
                .isInstanceOf(ChannelException.class);
          }
          assertThatThrownBy(() -> context.channels().get("closed"))
              .isInstanceOfSatisfying(
                  ChannelException.class,
                  refusal -> assertThat(refusal.code()).isEqualTo("channel_access_denied"));
          context.channels().write("sum", 1);
          return NodeResult.completed();
        };
    String runId =
        host.start(
            declaring("goes-on")
                .channel("closed", "replace", Map.of("access", "private"))
                .node("a", "test.first"));

    host.assertThat(runId).is(RunStatus.COMPLETED).log().only(EventType.CHANNEL_WRITTEN, "a");
    assertThat(state(runId).channels()).containsEntry("sum", 5);
  }

  @Test
  void aValueThatTheChannelDoesNotTakeFailsTheNodeForGood() {
    String runId =
        host.start(
            workflow("refused")
                .channel("sum", "counter", Map.of("schema", Map.of("maximum", 9)))
                .node("a", "core.channelWrite", Map.of("channelName", "sum", "value", 10))
                .maxRetries(3));

    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError("validation_error")
        .log()
        .reads("RUN_STARTED", "NODE_STARTED a", "NODE_FAILED a", "RUN_FAILED");
  }

  @Test
  void whatAFailedAttemptWroteIsDropped() {
    first.script =
        context -> {
          context.channels().write("log", "attempt " + context.attempt());
          assertThat(context.channels().get("log")).asList().hasSize(1);
          if (context.attempt() == 0) {
            throw new IllegalStateException("Not this time");
          }
          return context.attempt() == 1
              ? new NodeResult.Failed("acme.flaky", "Nor this time", true)
              : NodeResult.completed();
        };
    WorkflowBuilder workflow = declaring("flaky").node("a", "test.first").maxRetries(2);
    host.register(workflow);
    String runId = host.create("flaky", Map.of(), Map.of());
    for (var due = host.drive(runId); due.isPresent(); due = host.drive(runId)) {
      clock.set(due.get());
    }

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .only(EventType.CHANNEL_WRITTEN, "a");
    assertThat(state(runId).channels()).containsEntry("log", List.of("attempt 2"));
  }

  @Test
  void whatAParkedExecutionWroteIsKept() {
    first.script =
        context -> {
          context.channels().write("log", context.wakeups());
          return context.wakeups() == 0
              ? NodeResult.parked(Duration.ofSeconds(1))
              : NodeResult.completed();
        };
    host.register(declaring("parks").node("a", "test.first"));
    String runId = host.create("parks", Map.of(), Map.of());
    Instant due = host.drive(runId).orElseThrow();

    assertThat(state(runId).channels()).containsEntry("log", List.of(0));
    clock.set(due);
    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(state(runId).channels()).containsEntry("log", List.of(0, 1));
  }

  @Test
  void whatANodeThatAsksSomebodyWroteIsKept() {
    first.script =
        context -> {
          context.channels().write("log", "asked");
          return NodeResult.suspended(InterruptRequest.of(InterruptKind.CUSTOM, Map.of()));
        };
    String runId = host.start(declaring("asks").node("a", "test.first"));

    assertThat(types(runId))
        .containsSubsequence(EventType.CHANNEL_WRITTEN, EventType.NODE_SUSPENDED);
    assertThat(state(runId).channels()).containsEntry("log", List.of("asked"));
  }

  @Test
  void aNodeThatDiesBeforeItsOutcomeIsStoredHasWrittenNothing() {
    first.script =
        context -> {
          context.channels().write("log", "attempt " + context.attempt());
          if (context.attempt() == 0) {
            host.takeAway(context.runId());
          }
          return NodeResult.completed();
        };
    host.register(declaring("taken").node("a", "test.first"));
    String runId = host.create("taken", Map.of(), Map.of());

    host.drive(runId);
    assertThat(state(runId).channels()).containsEntry("log", List.of());
    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .hasAttempts("a", 0, 1)
        .only(EventType.CHANNEL_WRITTEN, "a");
    assertThat(state(runId).channels()).containsEntry("log", List.of("attempt 1"));
  }

  @Test
  void ofTwoNodesThatFillAChannelAtTheSameTimeOneFails() {
    CyclicBarrier bothHaveWritten = new CyclicBarrier(2);
    Script script =
        context -> {
          context.channels().write("sum", 1);
          context.channels().write("one", Map.of("messageId", context.nodeId()));
          bothHaveWritten.await(30, TimeUnit.SECONDS);
          return NodeResult.completed();
        };
    first.script = script;
    second.script = script;
    String runId =
        host.start(
            declaring("race")
                .channel("one", "message", Map.of("maxSize", 1))
                .node("a", "test.first")
                .node("b", "test.second"));

    host.assertThat(runId).is(RunStatus.FAILED).hasError("validation_error").hasSoundLog();
    // All of a node's writes count, or none.
    assertThat(state(runId).channels()).containsEntry("sum", 5);
    assertThat(state(runId).channels().get("one")).asList().hasSize(1);
    assertThat(types(runId)).filteredOn(EventType.CHANNEL_WRITTEN::equals).hasSize(2);
  }

  @Test
  void nothingIsWrittenAfterTheNodeHasEnded() {
    Channels[] kept = new Channels[1];
    first.script =
        context -> {
          kept[0] = context.channels();
          return NodeResult.completed();
        };
    String runId = host.start(declaring("late").node("a", "test.first"));

    assertThatThrownBy(() -> kept[0].write("log", "late"))
        .isInstanceOf(IllegalStateException.class);
    assertThat(state(runId).channels()).containsEntry("log", List.of());
  }

  @Test
  void aLoopGoesOnWithTheChannelsItHas() {
    String runId =
        host.start(
            declaring("loop")
                .node("a", "core.channelWrite", Map.of("channelName", "sum", "value", 1))
                .node("b", "core.noop")
                .edge("a", "b")
                .edgeIf("b", "a", Map.of("type", "expression", "expression", "channels.sum < 7")));

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(state(runId).channels()).containsEntry("sum", 7);
  }

  @Test
  void aMessageThatIsSaidTwiceIsThereOnce() {
    String runId =
        host.start(
            workflow("twice")
                .channel("messages", "message", Map.of("schema", Map.of("type", "array")))
                .node("a", "core.identity", Map.of("emitDuplicateMessageId", true)));

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED a",
            "CHANNEL_WRITTEN a",
            "CHANNEL_WRITTEN a",
            "NODE_COMPLETED a",
            "RUN_COMPLETED");
    assertThat(state(runId).channels().get("messages")).asList().hasSize(1);
  }

  @Test
  void noInputIsTakenForAChannel() {
    host.register(declaring("inputs").node("a", "core.noop"));

    assertThatThrownBy(() -> host.create("inputs", Map.of("sum", 1), Map.of()))
        .isInstanceOf(InvalidInputsException.class)
        .hasMessageContaining("/inputs/sum must not be the name of a channel");
  }

  @Test
  void aChildIsNotGivenAChannelEither() {
    host.register(declaring("child").node("a", "core.noop"));
    String runId =
        host.start(
            workflow("parent")
                .variable("given", "x")
                .node(
                    "call",
                    "core.subWorkflow",
                    Map.of("workflowId", "child", "inputMapping", Map.of("sum", "given"))));

    host.assertThat(runId).is(RunStatus.FAILED).hasError("heddle.sub_workflow_inputs_invalid");
  }

  /** Channels that a test may use: a sum that starts at 4, and one of most other kinds. */
  private static WorkflowBuilder declaring(String id) {
    return workflow(id)
        .channel("sum", "counter", Map.of("default", 4))
        .channel("log", "append", Map.of())
        .channel("last", "replace", Map.of())
        .channel("map", "merge", Map.of());
  }

  private RunState state(String runId) {
    return SampleRuns.read(host.stores(), runId).state();
  }

  private List<EventType> types(String runId) {
    return events(runId).stream().map(RunEvent::type).toList();
  }

  private String log(String runId) {
    return events(runId).toString();
  }

  private List<RunEvent> events(String runId) {
    return host.stores().runs().log(SampleRuns.TENANT, runId, -1, 100).orElseThrow().events();
  }

  private static Map<String, Object> with(Map<String, Object> config, String name, Object value) {
    Map<String, Object> all = Json.members();
    all.putAll(config);
    all.put(name, value);
    return all;
  }

  private static Map<String, Object> expression(String text) {
    return Map.of("type", "expression", "expression", text);
  }

  private interface Script {
    NodeResult execute(NodeContext context) throws Exception;
  }

  private static final class Scripted implements NodeExecutor {

    private final String typeId;

    volatile Script script = context -> NodeResult.completed();

    Scripted(String typeId) {
      this.typeId = typeId;
    }

    @Override
    public String typeId() {
      return typeId;
    }

    @Override
    public NodeResult execute(NodeContext context) throws Exception {
      return script.execute(context);
    }
  }
}
