package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.engine.UnforkableException;
import io.heddle.json.Json;
import io.heddle.postgres.ArtifactSql;
import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.RunEvent;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.spi.Artifact;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.Told;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a replay takes from the record of its source, what it does again, and what it tells. */
class ReplaysRepeatTheirSourceTest {

  private final ScriptedNode acting = ScriptedNode.acting("acme.acting");

  private final ScriptedNode pure = ScriptedNode.pure("acme.pure");

  private final AtomicInteger calls = new AtomicInteger();

  private final AtomicInteger asked = new AtomicInteger();

  private final SettableClock clock = new SettableClock(Instant.now());

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host = open(acting, pure);
    acting.does(context -> NodeResult.completed(Map.of("call", calls.incrementAndGet())));
  }

  private HandDrivenHost open(NodeExecutor... executors) {
    return new HandDrivenHost(
        PostgresPerJvm.freshDatabase(),
        HandDrivenHost.limits(10_000, Duration.ofDays(30)),
        clock,
        this::counting,
        executors);
  }

  /** What the engine asks the store; nothing of what it answers is changed. */
  private RunStore counting(RunStore store) {
    return (RunStore)
        Proxy.newProxyInstance(
            RunStore.class.getClassLoader(),
            new Class<?>[] {RunStore.class},
            (proxy, method, arguments) -> {
              asked.incrementAndGet();
              try {
                return method.invoke(store, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void whatActsIsNotExecutedAgain() {
    acting.does(
        context -> {
          context.channels().write("log", calls.incrementAndGet());
          context.addArtifact(Artifact.json("acme.note", Json.members("by", context.nodeId())));
          context.getVersion("change", 0, 3);
          if (context.attempt() == 0) {
            return new NodeResult.Failed("acme.again", "Once more", true);
          }
          return NodeResult.completed(
              Map.of("receipt", context.once("acme:pay", id -> calls.incrementAndGet())));
        });
    host.register(
        workflow("acting")
            .channel("log", "append", Map.of("ttlMs", 3_600_000))
            .node("a", "acme.acting")
            .node("b", "acme.acting")
            .edge("a", "b")
            .maxRetries(2));
    String source = host.driveToEnd(host.create("acting", Map.of(), Map.of()));
    int before = calls.get();
    clock.advance(Duration.ofMinutes(1));

    for (int from = 0; from < host.log(source).size(); from++) {
      String replay = host.driveToEnd(host.replay(source, from));

      assertSame(replay, source);
      assertThat(host.read(replay).state().channels())
          .isEqualTo(host.read(source).state().channels());
      assertThat(host.read(replay).state().versions())
          .isEqualTo(host.read(source).state().versions());
      assertThat(artifacts(replay)).isEqualTo(artifacts(source)).hasSize(2);
    }
    assertThat(calls.get()).isEqualTo(before);
    assertThat(host.count("effect where run_id <> '" + source + "'")).isZero();
  }

  @Test
  void whatIsPureIsExecutedAgain() {
    pure.does(
        context -> {
          calls.incrementAndGet();
          context.channels().write("log", context.nodeId());
          return NodeResult.completed(
              Map.of("replayed", 1, "version", context.getVersion("change", 0, 7)));
        });
    host.register(
        workflow("pure")
            .channel("log", "append", Map.of("ttlMs", 3_600_000))
            .node("a", "acme.pure")
            .node("b", "acme.pure")
            .edge("a", "b"));
    String source = host.driveToEnd(host.create("pure", Map.of(), Map.of()));
    clock.advance(Duration.ofMinutes(1));

    String replay = host.driveToEnd(host.replay(source, 0));

    assertSame(replay, source);
    assertThat(host.read(replay).state().channels())
        .isEqualTo(host.read(source).state().channels());
    assertThat(calls.get()).isEqualTo(4);
  }

  @Test
  void newCodeFollowsTheVersionThatTheSourceHadPinned() {
    pure.does(context -> NodeResult.completed(Map.of("v", context.getVersion("change", 0, 1))));
    host.register(workflow("pinned").chain("acme.pure", "a"));
    String source = host.driveToEnd(host.create("pinned", Map.of(), Map.of()));

    pure.does(context -> NodeResult.completed(Map.of("v", context.getVersion("change", 0, 2))));
    assertSame(host.driveToEnd(host.replay(source, 0)), source);

    pure.does(context -> NodeResult.completed(Map.of("v", context.getVersion("change", 2, 3))));
    String replay = host.driveToEnd(host.replay(source, 0));
    host.assertThat(replay).is(RunStatus.FAILED);
    assertThat(divergences(replay)).hasSize(1);
  }

  @Test
  void anotherOutcomeIsToldAndTheReplayGoesOn() {
    pure.does(context -> NodeResult.completed(Map.of("v", "old")));
    host.register(
        workflow("changed")
            .node("a", "acme.pure")
            .node("b", "acme.acting")
            .node("c", "core.noop")
            .edge("a", "b")
            .edge("b", "c"));
    String source = host.driveToEnd(host.create("changed", Map.of(), Map.of()));
    pure.does(context -> NodeResult.completed(Map.of("v", "new")));

    String replay = host.driveToEnd(host.replay(source, 0));

    host.assertThat(replay).is(RunStatus.COMPLETED).hasSoundLog();
    List<RunEvent> log = host.log(replay);
    RunEvent original = host.log(source).get(2);
    assertThat(log.get(3).type()).isEqualTo(EventType.REPLAY_DIVERGED);
    assertThat(Json.parseObject(log.get(3).payload()))
        .isEqualTo(
            Json.members(
                "sourceRunId",
                source,
                "atSequence",
                2,
                "originalEventId",
                original.eventId(),
                "replayEventId",
                log.get(2).eventId(),
                "divergenceKind",
                "output",
                "divergencePoint",
                "NODE_COMPLETED",
                "nodeId",
                "a"));
    assertThat(Told.by(log.subList(4, log.size())))
        .isEqualTo(Told.by(host.log(source)).subList(3, host.log(source).size()));
    assertThat(calls.get()).isEqualTo(1);
    String again = host.driveToEnd(host.replay(replay, 0));
    assertThat(Told.by(host.log(again))).as("a replay of a replay").isEqualTo(Told.by(log));
  }

  @Test
  void anotherWayIsToldOnceAndFindsOnlyWhatIsOnRecord() {
    pure.does(context -> NodeResult.completed(Map.of("way", "left")));
    host.register(
        workflow("routed")
            .node("first", "acme.pure")
            .node("left", "acme.acting")
            .node("right", "acme.acting")
            .edgeIf(
                "first", "left", Map.of("type", "expression", "expression", "output.way == 'left'"))
            .edgeIf(
                "first",
                "right",
                Map.of("type", "expression", "expression", "output.way != 'left'")));
    String source = host.driveToEnd(host.create("routed", Map.of(), Map.of()));
    pure.does(context -> NodeResult.completed(Map.of("way", "right")));

    String replay = host.driveToEnd(host.replay(source, 0));

    host.assertThat(replay).is(RunStatus.FAILED).hasSoundLog();
    assertThat(host.read(replay).error().code()).isEqualTo("replay_source_missing");
    assertThat(divergences(replay))
        .extracting(divergence -> divergence.get("divergenceKind"))
        .startsWith("output")
        .hasSize(2);
    assertThat(calls.get()).isEqualTo(1);
  }

  @Test
  void anEndThatIsAnotherIsToldBeforeIt() {
    pure.does(context -> NodeResult.completed());
    host.register(workflow("ending").chain("acme.pure", "a"));
    String source = host.driveToEnd(host.create("ending", Map.of(), Map.of()));
    pure.does(context -> NodeResult.failed("acme.broken", "It no longer works"));

    String replay = host.driveToEnd(host.replay(source, 0));

    host.assertThat(replay).is(RunStatus.FAILED).hasSoundLog();
    assertThat(divergences(replay)).hasSize(1);
    pure.does(context -> NodeResult.completed());
    assertThat(divergences(host.driveToEnd(host.replay(replay, 0)))).isNotEmpty();
  }

  @Test
  void aQuestionThatStandsIsAskedInTheReplayToo() {
    host.register(
        workflow("asking")
            .node("gate", "core.approvalGate")
            .node("b", "core.noop")
            .edge("gate", "b"));
    String source = host.create("asking", Map.of(), Map.of());
    host.drive(source);
    String open = host.replay(source, 0);
    host.drive(open);
    host.assertThat(open).is(RunStatus.WAITING_APPROVAL);
    assertThat(divergences(open)).isEmpty();
    assertThat(host.count("interrupt where run_id = '" + open + "' and state = 'PENDING'")).isOne();
  }

  @Test
  void aQuestionWhoseTimeWasOverIsNotAskedAgain() {
    host.register(
        workflow("hurried")
            .node("gate", "core.approvalGate", Map.of("timeoutMs", 1_000))
            .node("otherwise", "core.noop")
            .edge("gate", "otherwise", "any_failed"));
    String source = host.create("hurried", Map.of(), Map.of());
    host.drive(source);
    int asked = host.log(source).size();
    clock.advance(Duration.ofSeconds(2));
    host.driveToEnd(source);
    assertThat(host.read(source).status()).isEqualTo(RunStatus.COMPLETED);

    for (int from : List.of(0, asked)) {
      String replay = host.replay(source, from);
      host.drive(replay);

      assertSame(replay, source);
      assertThat(divergences(replay)).isEmpty();
      assertThat(host.count("interrupt where run_id = '" + replay + "'")).isZero();
    }
  }

  @Test
  void aWaitThatWasOverIsNotWaitedFor() {
    host.register(
        workflow("waiting")
            .node("wait", "core.delay", Map.of("ms", 86_400_000))
            .node("after", "core.noop")
            .edge("wait", "after"));
    String source = host.create("waiting", Map.of(), Map.of());
    host.drive(source);
    String early = host.replay(source, 0);
    clock.advance(Duration.ofDays(1).plusSeconds(1));
    host.driveToEnd(source);

    String replay = host.replay(source, 0);
    host.drive(replay);
    assertSame(replay, source);

    // What the source did after that is nothing to it. It was claimed beside the source.
    host.die();
    host.assertThat(host.driveToEnd(early)).is(RunStatus.FAILED);
    assertThat(host.read(early).error().code()).isEqualTo("replay_source_missing");
  }

  @Test
  void whatNodesStartedIsNotStartedAgain() {
    host.register(workflow("child").node("work", "core.noop").variable("given", "the child's"));
    host.register(
        workflow("parent")
            .node(
                "call",
                "core.subWorkflow",
                Map.of("workflowId", "child", "outputMapping", Map.of("result", "given")))
            .node("after", "core.noop")
            .edge("call", "after"));
    String source = host.create("parent", Map.of(), Map.of());
    host.drive(source);
    while (host.driveAll() > 0) {
      // Until nothing is due.
    }
    host.assertThat(source).is(RunStatus.COMPLETED);
    int runs = host.count("run");

    for (int from = 0; from < host.log(source).size(); from++) {
      String replay = host.driveToEnd(host.replay(source, from));
      assertSame(replay, source);
      assertThat(host.read(replay).state().variables()).isEqualTo(Map.of("result", "the child's"));
    }
    assertThat(host.count("run")).isEqualTo(runs + host.log(source).size());
  }

  @Test
  void secretsStayHiddenAndNodesGetWhatTheSourceKnows() {
    acting.does(
        context -> NodeResult.completed(Map.of("pin", "9876", "call", calls.incrementAndGet())));
    pure.does(
        context ->
            NodeResult.completed(
                Map.of("length", String.valueOf(context.inputs().get("pin")).length())));
    host.register(
        workflow("secretive")
            .sensitiveVariable("pin", "1234")
            .node("a", "acme.acting")
            .node("b", "acme.pure")
            .input("pin", Map.of("type", "expression", "expression", "nodes.a.outputs.pin"))
            .edge("a", "b"));
    String source = host.driveToEnd(host.create("secretive", Map.of("pin", "9876"), Map.of()));

    for (int from = 0; from < host.log(source).size(); from++) {
      String replay = host.driveToEnd(host.replay(source, from));
      assertSame(replay, source);
      assertThat(Told.by(host.log(replay)).toString()).contains("REDACTED").doesNotContain("9876");
      assertThat(host.read(replay).state().nodes().get("a").outputs())
          .isEqualTo(host.read(source).state().nodes().get("a").outputs());
    }
    assertThat(calls.get()).isEqualTo(1);
  }

  @Test
  void aSecretThatNobodyKnowsAnyMoreIsNotMadeUp() {
    acting.does(context -> NodeResult.completed(Map.of("pin", "9876", "visit", context.visit())));
    host.register(
        workflow("looping")
            .sensitiveVariable("pin", "1234")
            .chain("acme.acting", "a")
            .edge("a", "a")
            .maxLoopbackIterations(1));
    String source = host.driveToEnd(host.create("looping", Map.of("pin", "9876"), Map.of()));

    String replay = host.driveToEnd(host.replay(source, 0));

    host.assertThat(replay).is(RunStatus.FAILED).hasSoundLog();
    assertThat(host.read(replay).error().code()).isEqualTo("replay_source_missing");
    assertThatThrownBy(() -> host.replay(source, 3))
        .isInstanceOf(UnforkableException.class)
        .hasMessageContaining("secrets");
  }

  @Test
  void anotherNodeOfTheHostGoesOnWhereTheFirstOneDied() {
    host.register(
        workflow("long")
            .chain("acme.acting", "a", "b", "c")
            .edge("c", "a")
            .maxLoopbackIterations(300));
    String source = host.driveToEnd(host.create("long", Map.of(), Map.of()));
    int before = calls.get();
    String replay = host.replay(source, 2);

    for (int i = 0; i < 3; i++) {
      host.driveUntilCommits(replay, 1);
      host.beFoundDead();
    }
    host.driveToEnd(replay);

    assertSame(replay, source);
    assertThat(calls.get()).isEqualTo(before);
  }

  @Test
  void aReplayIsCancelledAndPausedLikeAnyRun() {
    host.register(
        workflow("long").chain("acme.acting", "a", "b").edge("b", "a").maxLoopbackIterations(400));
    String source = host.driveToEnd(host.create("long", Map.of(), Map.of()));
    RunService runs = new RunService(host.stores().runs(), new NoSlots(), runId -> {});

    String paused = host.replay(source, 0);
    host.driveAfter(
        paused,
        () ->
            runs.pause(
                SampleRuns.TENANT,
                paused,
                new PauseRequest(DrainPolicy.DRAIN_CURRENT_NODE, "lunch")));
    host.assertThat(paused).is(RunStatus.PAUSED);
    runs.resume(SampleRuns.TENANT, paused, null);
    host.driveToEnd(paused);
    assertSame(
        Told.by(host.log(paused)).stream()
            .filter(event -> !event.startsWith("RUN_PAUSED") && !event.startsWith("RUN_RESUMED"))
            .toList(),
        Told.by(host.log(source)));

    // Nobody paused the run that is repeated here for good, so a replay of it tells of it, too.
    assertSame(host.driveToEnd(host.replay(paused, 0)), paused);

    String cancelled = host.replay(source, 0);
    host.driveUntilCommits(cancelled, 1);
    runs.cancel(SampleRuns.TENANT, cancelled, "enough", "somebody");
    host.assertThat(cancelled).is(RunStatus.CANCELLED).hasSoundLog();
    assertSame(host.driveToEnd(host.replay(cancelled, 0)), source, host.log(cancelled).size() - 2);
  }

  @Test
  void aLongRecordIsReadInPages() {
    host.register(
        workflow("long")
            .chain("core.noop", "a", "b", "c", "d")
            .node("e", "acme.acting")
            .edge("d", "e")
            .edge("e", "a")
            .maxLoopbackIterations(995));
    String source = host.driveToEnd(host.create("long", Map.of(), Map.of()));
    int length = host.log(source).size();
    assertThat(length).isGreaterThan(9_900);
    int before = asked.get();

    String replay = host.driveToEnd(host.replay(source, 0));

    assertSame(replay, source);
    assertThat(asked.get() - before).isLessThan(length / 100);
  }

  @Test
  void aRecordThatIsGoneIsNotMadeUp() {
    host.register(workflow("acting").chain("acme.acting", "a"));
    String source = host.driveToEnd(host.create("acting", Map.of(), Map.of()));
    String replay = host.replay(source, 0);
    host.stores().jdbc().sql("delete from openwop.event where run_id = ?").param(source).update();

    host.driveToEnd(replay);

    host.assertThat(replay).is(RunStatus.FAILED).hasSoundLog();
    assertThat(host.read(replay).error().code()).isEqualTo("replay_source_missing");
    assertThat(calls.get()).isEqualTo(1);
  }

  @Test
  void noEffectHappensInANodeThatIsTakenForPure() {
    AtomicInteger effects = new AtomicInteger();
    AtomicInteger lies = new AtomicInteger();
    NodeExecutor deceiving =
        new NodeExecutor() {
          @Override
          public String typeId() {
            return "acme.deceiving";
          }

          @Override
          public boolean pure() {
            return lies.getAndDecrement() > 0;
          }

          @Override
          public boolean sideEffecting() {
            return false;
          }

          @Override
          public NodeResult execute(NodeContext context) throws Exception {
            return NodeResult.completed(
                Map.of("given", context.once("acme:pay", id -> effects.incrementAndGet())));
          }
        };
    host.close();
    host = open(deceiving);
    host.register(workflow("deceiving").chain("acme.deceiving", "a"));
    String source = host.driveToEnd(host.create("deceiving", Map.of(), Map.of()));
    assertThat(effects.get()).isEqualTo(1);

    String replay = host.replay(source, 0);
    // As often as the engine asks before it calls.
    lies.set(2);
    host.driveToEnd(replay);

    host.assertThat(replay).is(RunStatus.FAILED);
    assertThat(host.read(replay).error().code()).isEqualTo("replay_source_missing");
    assertThat(effects.get()).isEqualTo(1);
  }

  @Test
  void aReplayKnowsThatItIsOne() {
    pure.does(context -> NodeResult.completed(Map.of("replay", context.isReplay())));
    host.register(workflow("knowing").chain("acme.pure", "a"));
    String source = host.driveToEnd(host.create("knowing", Map.of(), Map.of()));

    String replay = host.driveToEnd(host.replay(source, 0));
    String branch = host.driveToEnd(host.branch(source, 0, null));

    assertThat(
            List.of(
                host.read(source).isReplay(),
                host.read(replay).isReplay(),
                host.read(branch).isReplay()))
        .containsExactly(false, true, false);
    assertThat(Told.by(host.log(replay)).toString()).contains("\"replay\":true");
    assertThat(Told.by(host.log(branch)).toString()).doesNotContain("\"replay\":true");
  }

  @Test
  void otherTenantsHaveNothingToRepeat() {
    assertThatThrownBy(() -> host.replay("run-that-never-was", 0))
        .isInstanceOf(NoSuchElementException.class);
  }

  private void assertSame(String replay, String source) {
    assertSame(Told.by(host.log(replay)), Told.by(host.log(source)));
    assertThat(Told.causes(host.log(replay))).isEqualTo(Told.causes(host.log(source)));
    assertThat(host.read(replay).status()).isEqualTo(host.read(source).status());
    host.assertThat(replay).hasSoundLog();
  }

  /** The first events are the same. */
  private void assertSame(String replay, String source, int length) {
    assertSame(
        Told.by(host.log(replay)).subList(0, length), Told.by(host.log(source)).subList(0, length));
  }

  /** Of long logs, only the first difference is worth reading. */
  private static void assertSame(List<String> here, List<String> there) {
    for (int i = 0; i < Math.min(here.size(), there.size()); i++) {
      assertThat(here.get(i)).as("event %d", i).isEqualTo(there.get(i));
    }
    assertThat(here).hasSameSizeAs(there);
  }

  private List<Map<String, Object>> divergences(String runId) {
    return host.log(runId).stream()
        .filter(event -> event.type() == EventType.REPLAY_DIVERGED)
        .map(event -> Json.parseObject(event.payload()))
        .toList();
  }

  private List<String> artifacts(String runId) {
    ArtifactSql artifacts = new ArtifactSql(host.stores().jdbc());
    return host.log(runId).stream()
        .filter(event -> event.type() == EventType.ARTIFACT_CREATED)
        .map(event -> String.valueOf(Json.parseObject(event.payload()).get("artifactId")))
        .map(id -> artifacts.find(SampleRuns.TENANT, runId, id).orElseThrow().artifact().json())
        .toList();
  }
}
