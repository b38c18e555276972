package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.ChannelFold;
import io.heddle.channel.ChannelWrite;
import io.heddle.channel.Reducer;
import io.heddle.engine.node.ChannelWriteNode;
import io.heddle.engine.node.NoopNode;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunState;
import io.heddle.run.RunStatus;
import io.heddle.spi.ChannelException;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.workflow.WorkflowParser;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Whatever nodes write, however their executions end and whoever goes on with the run: the channels
 * that are stored with it are those that its log gives.
 */
class ChannelsAreTheFoldOfTheLogTest {

  /** How an execution of the node ends. */
  enum Ending {
    COMPLETES,
    FAILS,
    PARKS,
    /** The run was taken from the node that executes it. */
    IS_LOST
  }

  /** What an execution writes, how long that takes and how it ends. */
  record Execution(List<Map.Entry<String, Object>> writes, int millis, Ending ending) {}

  private static final WorkflowBuilder WORKFLOW =
      workflow("random")
          .channel("last", "replace", Map.of("default", "nothing"))
          .channel("log", "append", Map.of("maxSize", 4))
          .channel("aged", "feedback", Map.of("ttlMs", 50))
          .channel("map", "merge", Map.of("maxSize", 2))
          .channel("sum", "counter", Map.of("default", 1.5))
          .channel("votes", "votes", Map.of("maxSize", 3, "ttlMs", 70))
          .channel("talk", "message", Map.of("default", List.of(Map.of("messageId", "a"))))
          .node("random", "test.random")
          .node("again", "core.noop")
          // Never reached: says that there is a channel which is not declared.
          .node(
              "implies",
              "core.channelWrite",
              Map.of("channelName", "free", "reducer", "append", "ttlMs", 90))
          .edge("random", "again")
          .edge("random", "implies", "any_failed")
          .edgeIf(
              "again",
              "random",
              Map.of("type", "equals", "left", "nodes.random.outputs.more", "right", true))
          .maxRetries(100)
          .maxLoopbackIterations(100);

  private static final SettableClock CLOCK = new SettableClock(Instant.now());

  private static final Random RANDOM = new Random();

  private static HandDrivenHost host;

  private static Map<String, ChannelDefinition> channels;

  @BeforeContainer
  static void open() {
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, CLOCK, RANDOM);
    host.register(WORKFLOW);
    channels =
        new WorkflowParser(
                Map.of(
                    "test.random",
                    RANDOM,
                    "core.noop",
                    new NoopNode(),
                    "core.channelWrite",
                    new ChannelWriteNode()))
            .parse(Json.parse(WORKFLOW.json()))
            .channels();
  }

  @AfterContainer
  static void close() {
    host.close();
  }

  @Property(tries = 60, shrinking = ShrinkingMode.BOUNDED)
  void atEveryCommit(@ForAll("executions") List<Execution> executions) {
    RANDOM.toCome.clear();
    RANDOM.toCome.addAll(executions);
    String runId = host.create(WORKFLOW.id(), Map.of(), Map.of());

    while (!SampleRuns.read(host.stores(), runId).status().isTerminal()) {
      Optional<Instant> due = host.drive(runId);
      due.ifPresent(CLOCK::set);
      assertFolded(runId);
    }

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(RANDOM.toCome).isEmpty();
  }

  private static void assertFolded(String runId) {
    Map<String, Object> folded = new LinkedHashMap<>();
    channels.values().stream()
        .filter(ChannelDefinition::declared)
        .forEach(channel -> folded.put(channel.name(), channel.initial()));
    host.stores().runs().log(SampleRuns.TENANT, runId, -1, 10_000).orElseThrow().events().stream()
        .filter(event -> event.type() == EventType.CHANNEL_WRITTEN)
        .forEach(event -> fold(folded, event));

    RunState state = SampleRuns.read(host.stores(), runId).state();
    Map<String, Object> stored = new LinkedHashMap<>(state.variables());
    stored.putAll(state.channels());
    assertThat(new String(Json.canonical(stored))).isEqualTo(new String(Json.canonical(folded)));
  }

  private static void fold(Map<String, Object> values, RunEvent event) {
    Map<String, Object> payload = Json.parseObject(event.payload());
    ChannelDefinition channel = channels.get((String) payload.get("channel"));
    values.put(
        channel.name(),
        ChannelFold.fold(
            channel,
            values.getOrDefault(channel.name(), channel.initial()),
            new ChannelWrite(
                Reducer.named(payload.get("reducer")).orElseThrow(),
                payload.get("value"),
                Instant.parse((String) payload.get("writtenAt")).toEpochMilli())));
  }

  @Provide
  Arbitrary<List<Execution>> executions() {
    Arbitrary<Object> value =
        Arbitraries.oneOf(
            Arbitraries.integers().between(-3, 3).asGeneric(),
            Arbitraries.bigDecimals()
                .between(BigDecimal.ONE.negate(), BigDecimal.TEN)
                .ofScale(2)
                .asGeneric(),
            Arbitraries.of("a", "b", "c").map(id -> Map.of("messageId", id, "userId", id)),
            Arbitraries.of("a", "b", "c").map(name -> Map.of(name, 1)));
    Arbitrary<Map.Entry<String, Object>> write =
        Combinators.combine(
                Arbitraries.of("last", "log", "aged", "map", "sum", "votes", "talk", "free"), value)
            .as(Map::entry);
    return Combinators.combine(
            write.list().ofMaxSize(8),
            Arbitraries.integers().between(0, 60),
            Arbitraries.of(Ending.class))
        .as(Execution::new)
        .list()
        .ofMaxSize(10);
  }

  private static final class Random implements NodeExecutor {

    final Deque<Execution> toCome = new ArrayDeque<>();

    @Override
    public String typeId() {
      return "test.random";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      Execution execution = toCome.poll();
      if (execution == null) {
        return NodeResult.completed(Map.of("more", false));
      }
      CLOCK.advance(Duration.ofMillis(execution.millis()));
      for (var write : execution.writes()) {
        try {
          context.channels().write(write.getKey(), write.getValue());
        } catch (ChannelException refused) {
          assertThat(refused.code()).isEqualTo("validation_error");
        }
      }
      return switch (execution.ending()) {
        case COMPLETES -> NodeResult.completed(Map.of("more", true));
        case FAILS -> new NodeResult.Failed("acme.flaky", "Not this time", true);
        case PARKS -> NodeResult.parked(Duration.ofMillis(20));
        case IS_LOST -> {
          host.takeAway(context.runId());
          yield NodeResult.completed(Map.of("more", true));
        }
      };
    }
  }
}
