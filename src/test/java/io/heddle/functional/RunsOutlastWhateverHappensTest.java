package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.Limits;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunService;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.Disturbances;
import io.heddle.testkit.Disturbances.Killed;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.LogFold;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

/**
 * Random workflows on a real database, under hosts that are killed between and around commits,
 * under pauses, resumes, cancels and hand-overs at random moments. A seed says all there is to a
 * try.
 */
class RunsOutlastWhateverHappensTest {

  private static final int TRIES = 40;

  private static final PostgresPerJvm.Database DATABASE = PostgresPerJvm.freshDatabase();

  private static final Limits LIMITS = HandDrivenHost.limits(150, Duration.ofDays(3_000));

  private static final Set<EventType> OUTCOMES =
      EnumSet.of(EventType.NODE_COMPLETED, EventType.NODE_SKIPPED, EventType.NODE_FAILED);

  private enum Disturbance {
    KILL_BEFORE,
    KILL_AFTER,
    HAND_OVER,
    PAUSE,
    PAUSE_AT_ONCE,
    CANCEL
  }

  private final SettableClock clock = new SettableClock(Instant.now());

  private final Disturbances disturbances = new Disturbances();

  private HandDrivenHost host;

  private RunService service;

  @BeforeTry
  void open() {
    host =
        new HandDrivenHost(
            DATABASE,
            LIMITS,
            clock,
            disturbances::over,
            new Scripted("test.scripted", false),
            new Scripted("test.pure", true));
    service = new RunService(host.stores().runs(), new NoSlots(), runId -> {});
    host.register(
        WorkflowBuilder.workflow("chaos-child")
            .variable("given", "own")
            .node("work", "test.scripted", Map.of("script", "succeed")));
  }

  @AfterTry
  void close() {
    disturbances.cease();
    host.close();
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  void theLogIsSoundAndTheRowIsWhatItTells(@ForAll long seed) {
    Random random = new Random(seed);
    WorkflowBuilder workflow = workflow("chaos", random, /* loops= */ random.nextBoolean());
    disturb(random, EnumSet.allOf(Disturbance.class));

    String runId = toTheEnd(workflow);

    assertSound(runId);
    host.stores()
        .runs()
        .children(SampleRuns.TENANT, runId, 1_000)
        .forEach(child -> assertSound(child.runId()));
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  void aRunComesToTheSameWhateverHappens(@ForAll long seed) {
    WorkflowBuilder workflow = workflow("fate", new Random(seed), /* loops= */ false);
    String calm = toTheEnd(workflow);
    Random random = new Random(seed);
    disturb(random, EnumSet.complementOf(EnumSet.of(Disturbance.CANCEL)));
    String disturbed = toTheEnd(workflow);

    Run expected = SampleRuns.read(host.stores(), calm);
    Run found = SampleRuns.read(host.stores(), disturbed);
    assertSound(calm);
    assertSound(disturbed);
    assertThat(found.status()).isEqualTo(expected.status());
    if (expected.status() == RunStatus.COMPLETED) {
      assertThat(outcomes(disturbed)).isEqualTo(outcomes(calm));
      assertThat(found.state().variables()).isEqualTo(expected.state().variables());
    }
  }

  private void assertSound(String runId) {
    Run run = SampleRuns.read(host.stores(), runId);
    host.assertThat(runId).hasSoundLog();
    assertThat(run.status().isTerminal()).isTrue();
    LogFold fold = LogFold.of(new TreeMap<>(initialVariables(run)), host.log(runId));

    assertThat(fold.status()).isEqualTo(run.status());
    assertThat(fold.starts()).isEqualTo(run.state().starts());
    assertThat(fold.variables()).isEqualTo(run.state().variables());
    Map<String, LogFold.Node> nodes = LogFold.nodes(run.state());
    Map<String, LogFold.Node> told = new TreeMap<>(fold.nodes());
    Set<String> gone = new TreeSet<>(told.keySet());
    gone.removeAll(nodes.keySet());
    // A loop went back to them, and the run ended before they were reached again.
    assertThat(run.state().loops().isEmpty() ? gone : Set.of()).isEmpty();
    told.keySet().removeAll(gone);
    assertThat(told).isEqualTo(nodes);
    assertThat(nodes.values()).allMatch(node -> node.progress().isFinal());
    if (run.status() == RunStatus.COMPLETED) {
      assertThat(nodes.values()).noneMatch(node -> node.progress() == Progress.CANCELLED);
      assertThat(nodes.keySet()).isEqualTo(nodesOf(run));
    }
  }

  private Set<String> nodesOf(Run run) {
    Set<String> nodes = new TreeSet<>();
    String definition =
        host.stores()
            .workflows()
            .find(run.workflow().scope(), run.workflow().workflowId(), run.workflow().revision())
            .orElseThrow()
            .definition();
    for (Object node : (List<?>) Json.parseObject(definition).get("nodes")) {
      nodes.add((String) Json.object(node, "/nodes").get("id"));
    }
    return nodes;
  }

  private static Map<String, Object> initialVariables(Run run) {
    return run.workflow().workflowId().equals("chaos-child")
        ? run.inputs()
        : Map.of("flag", "yes", "result", "none");
  }

  private List<String> outcomes(String runId) {
    return host.log(runId).stream()
        .filter(event -> OUTCOMES.contains(event.type()))
        .map(event -> event.type() + " " + event.nodeId() + " " + essence(event))
        .sorted()
        .toList();
  }

  /** What a node gave; not the ids of runs, and not how many attempts it took. */
  private static Object essence(RunEvent event) {
    if (!(Json.parseObject(event.payload()).get("outputs") instanceof Map<?, ?> outputs)) {
      return "";
    }
    return outputs.containsKey("childRunId") ? outputs.get("childStatus") : outputs;
  }

  private void disturb(Random random, Set<Disturbance> possible) {
    List<Disturbance> all = List.copyOf(possible);
    disturbances.are(
        new Disturbances.Around() {

          private Disturbance next = Disturbance.KILL_AFTER;

          private boolean strikes;

          @Override
          public void before(Step step) {
            strikes = random.nextInt(3) == 0;
            next = all.get(random.nextInt(all.size()));
            if (strikes) {
              switch (next) {
                case KILL_BEFORE -> throw new Killed();
                case KILL_AFTER -> {
                  // Its turn comes.
                }
                case HAND_OVER -> host.die();
                case PAUSE -> pause(step.runId(), DrainPolicy.DRAIN_CURRENT_NODE);
                case PAUSE_AT_ONCE -> pause(step.runId(), DrainPolicy.IMMEDIATE);
                case CANCEL -> {
                  if (random.nextInt(4) == 0) {
                    service.cancel(SampleRuns.TENANT, step.runId(), null, null);
                  }
                }
              }
            }
          }

          @Override
          public void after(Step step) {
            if (strikes && next == Disturbance.KILL_AFTER) {
              throw new Killed();
            }
          }
        });
  }

  private void pause(String runId, DrainPolicy policy) {
    service.pause(SampleRuns.TENANT, runId, new PauseRequest(policy, null));
  }

  /** Drives a run, and those it starts, until nothing is left to do. */
  private String toTheEnd(WorkflowBuilder workflow) {
    host.register(workflow);
    String runId = host.create(workflow.id(), Map.of(), Map.of());
    for (int i = 0; i < 1_000; i++) {
      List<String> live = live();
      if (live.isEmpty()) {
        return runId;
      }
      Instant now = Instant.now();
      clock.set(clock.instant().isBefore(now) ? now : clock.instant());
      try {
        if (host.driveAll() == 0 && !resume(live)) {
          passTime();
        }
      } catch (Killed e) {
        host.die();
      }
    }
    throw new AssertionError("These do not come to an end: " + live());
  }

  private List<String> live() {
    return host.stores()
        .jdbc()
        .sql("select run_id from openwop.run where ended_at is null order by run_id")
        .query(String.class)
        .list();
  }

  private boolean resume(List<String> live) {
    boolean any = false;
    for (String runId : live) {
      any |=
          service.resume(SampleRuns.TENANT, runId, null).orElseThrow().status() == RunStatus.PAUSED;
    }
    return any;
  }

  /** Until the first run that waits for time is due. */
  private void passTime() {
    Instant due =
        host.stores()
            .jdbc()
            .sql("select min(wake_at) from openwop.run where ended_at is null")
            .query(OffsetDateTime.class)
            .optional()
            .orElseThrow(() -> new AssertionError("Nobody will look at these runs: " + live()))
            .toInstant();
    // The database rounds to microseconds.
    clock.set(due.isAfter(clock.instant()) ? due.plusNanos(1_000) : clock.instant());
    host.stores()
        .jdbc()
        .sql("update openwop.run set wake_at = now() where ended_at is null and wake_at <= :due")
        .param("due", due.atOffset(ZoneOffset.UTC))
        .update();
  }

  private static WorkflowBuilder workflow(String kind, Random random, boolean loops) {
    WorkflowBuilder workflow =
        WorkflowBuilder.workflow(kind)
            .variable("flag", "yes")
            .variable("result", "none")
            .maxRetries(2)
            .maxLoopbackIterations(1 + random.nextInt(2));
    int nodes = 3 + random.nextInt(6);
    for (int i = 0; i < nodes; i++) {
      node(workflow, "n" + i, random);
      int sources = i == 0 ? 0 : random.nextInt(3);
      for (int s = 0; s < sources; s++) {
        edge(workflow, "n" + random.nextInt(i), "n" + i, random);
      }
    }
    if (loops) {
      int from = 1 + random.nextInt(nodes - 1);
      edge(workflow, "n" + from, "n" + random.nextInt(from), random);
    }
    return workflow;
  }

  private static void node(WorkflowBuilder workflow, String nodeId, Random random) {
    switch (random.nextInt(12)) {
      case 0 -> workflow.node(nodeId, "core.delay", Map.of("ms", 5_000));
      case 1 ->
          workflow.node(
              nodeId,
              "core.subWorkflow",
              Map.of(
                  "workflowId",
                  "chaos-child",
                  "onChildFailure",
                  "continue",
                  "inputMapping",
                  Map.of("given", "flag"),
                  "outputMapping",
                  Map.of("result", "given")));
      case 2 -> workflow.disabled(nodeId);
      case 3 -> workflow.node(nodeId, "test.scripted", Map.of("script", "fail"));
      case 4 -> workflow.node(nodeId, "test.pure", Map.of("script", "fail"));
      case 5 -> workflow.node(nodeId, "test.scripted", Map.of("script", "give up"));
      case 6 -> workflow.node(nodeId, "test.scripted", Map.of("script", "recover"));
      case 7 -> workflow.node(nodeId, "test.pure", Map.of("script", "recover"));
      case 8, 9 -> workflow.node(nodeId, "test.pure", Map.of("script", "succeed"));
      default -> workflow.node(nodeId, "test.scripted", Map.of("script", "succeed"));
    }
  }

  private static void edge(WorkflowBuilder workflow, String from, String to, Random random) {
    switch (random.nextInt(9)) {
      case 0, 1, 2 -> workflow.edge(from, to);
      case 3 -> workflow.edge(from, to, "any_success");
      case 4, 5 -> workflow.edge(from, to, "all_complete");
      case 6 -> workflow.edge(from, to, "none_failed");
      case 7 -> workflow.edge(from, to, "any_failed");
      default ->
          workflow.edgeIf(
              from,
              to,
              Map.of(
                  "type",
                  "expression",
                  "expression",
                  "variables.flag == \"%s\"".formatted(random.nextInt(3) == 0 ? "no" : "yes")));
    }
  }

  /** Does as it is told, whoever executes it and however often. */
  private record Scripted(String typeId, boolean pure) implements NodeExecutor {

    @Override
    public NodeResult execute(NodeContext context) {
      return switch ((String) context.config().get("script")) {
        case "succeed" -> NodeResult.completed(Map.of("by", context.nodeId()));
        case "recover" ->
            context.attempt() == 0
                ? new NodeResult.Failed("test.passes", "again", true)
                : NodeResult.completed(Map.of("by", context.nodeId()));
        case "give up" -> new NodeResult.Failed("test.passes", "again", true);
        default -> NodeResult.failed("test.stays", "for good");
      };
    }
  }
}
