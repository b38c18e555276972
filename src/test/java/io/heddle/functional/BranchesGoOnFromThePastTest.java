package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.engine.UnforkableException;
import io.heddle.json.Json;
import io.heddle.postgres.ArtifactSql;
import io.heddle.postgres.RetentionSql;
import io.heddle.retention.RetentionStore;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.spi.Artifact;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.EndedRuns;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.Told;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A branch from any event goes on as its source did, as long as nothing is changed. */
class BranchesGoOnFromThePastTest {

  private final ScriptedNode acting = ScriptedNode.acting("acme.acting");

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, InstantSource.system(), acting);
  }

  @AfterEach
  void close() {
    host.close();
  }

  static Stream<WorkflowBuilder> workflows() {
    return Stream.of(
        workflow("chain").chain("core.noop", "a", "b", "c"),
        workflow("loop")
            .chain("core.noop", "before", "first", "second")
            .edge("second", "first")
            .maxLoopbackIterations(2),
        workflow("handled")
            .node("failing", "core.fail")
            .node("rescue", "core.noop")
            .node("unused", "core.noop")
            .edge("failing", "rescue", "any_failed")
            .edge("failing", "unused", "all_success"),
        workflow("acting").chain("acme.acting", "a", "b").maxRetries(2),
        workflow("routed")
            .node("first", "acme.acting")
            .node("yes", "core.noop")
            .node("no", "core.noop")
            .edgeIf(
                "first",
                "yes",
                Map.of("type", "expression", "expression", "output.answer == 'yes'"))
            .edgeIf(
                "first",
                "no",
                Map.of("type", "expression", "expression", "output.answer != 'yes'")));
  }

  @ParameterizedTest
  @MethodSource("workflows")
  void fromEveryEvent(WorkflowBuilder workflow) {
    acting.does(
        context ->
            context.attempt() == 0 && context.workflowId().equals("acting")
                ? new NodeResult.Failed("acme.again", "Once more", true)
                : NodeResult.completed(Map.of("answer", "yes")));
    host.register(workflow);
    String source = finished(host.create(workflow.id(), Map.of("given", 1), Map.of()));
    List<RunEvent> before = host.log(source);

    for (int from = 0; from < before.size(); from++) {
      if (before.get(from).type() == EventType.LOOPBACK_LIMIT) {
        // Of one piece with the event before.
        int sequence = from;
        assertThatThrownBy(() -> host.branch(source, sequence, null))
            .isInstanceOf(UnforkableException.class);
        continue;
      }
      String branch = host.branch(source, from, null);
      List<RunEvent> inherited = host.log(branch);
      assertThat(inherited).hasSize(from);
      assertSame(inherited, before.subList(0, from));

      finished(branch);

      host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(Told.by(host.log(branch))).as("from %d", from).isEqualTo(Told.by(before));
      assertThat(host.read(branch).state().variables())
          .isEqualTo(host.read(source).state().variables());
      assertThat(host.read(branch).state().starts()).isEqualTo(host.read(source).state().starts());
      assertThat(host.read(branch).owner()).isEqualTo(host.read(source).owner());
    }
    assertThat(host.log(source)).isEqualTo(before);
  }

  @Test
  void aBranchTakesNewConfigurationAndItsSourceKeepsItsOwn() {
    acting.does(
        context -> NodeResult.completed(Map.of("model", context.configurable().get("model"))));
    host.register(workflow("configured").chain("acme.acting", "a", "b"));
    String source = finished(host.create("configured", Map.of(), Map.of("model", "old")));

    String branch = finished(host.branch(source, 3, Map.of("model", "new")));

    assertThat(outputs(branch)).containsExactly(Map.of("model", "old"), Map.of("model", "new"));
    assertThat(outputs(source)).containsExactly(Map.of("model", "old"), Map.of("model", "old"));
    assertThat(host.read(branch).configurable()).isEqualTo(Map.of("model", "new"));
    assertThat(host.read(source).configurable()).isEqualTo(Map.of("model", "old"));
  }

  @Test
  void aQuestionThatStoodIsAskedAgain() {
    host.register(workflow("asking").chain("core.approvalGate", "gate"));
    String source = host.create("asking", Map.of(), Map.of());
    host.drive(source);
    String asked = String.valueOf(question(host.log(source)));

    String branch = host.branch(source, host.log(source).size() - 1, null);
    host.drive(branch);

    host.assertThat(branch).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(
            host.stores()
                .jdbc()
                .sql("select interrupt_id from openwop.interrupt where run_id = ?")
                .param(branch)
                .query(String.class)
                .list())
        .hasSize(1)
        .doesNotContain(asked);
  }

  @Test
  void aBranchFromBehindAFailureFailsTheSameWay() {
    host.register(
        workflow("failing").chain("core.noop", "a").node("b", "core.fail").edge("a", "b"));
    String source = finished(host.create("failing", Map.of(), Map.of()));
    int failed = host.log(source).size() - 1;

    host.assertThat(finished(host.branch(source, failed - 1, null)))
        .is(RunStatus.FAILED)
        .hasSoundLog();
    String behind = finished(host.branch(source, failed, null));
    assertThat(Told.by(host.log(behind))).isEqualTo(Told.by(host.log(source)));
    assertThat(host.read(behind).error()).isEqualTo(host.read(source).error());
    assertThatThrownBy(() -> host.branch(source, failed + 1, null))
        .isInstanceOf(UnforkableException.class)
        .hasMessageContaining("no such event");
  }

  @Test
  void secretsAreBranchedAsLongAsTheSourceKnowsThem() {
    acting.does(
        context -> {
          if (context.nodeId().equals("b")) {
            context.channels().write("log", "9876");
          }
          return NodeResult.completed(Map.of("pin", "9876"));
        });
    host.register(
        workflow("secretive")
            .channel("log", "append", Map.of())
            .chain("acme.acting", "a", "b", "c")
            .sensitiveVariable("pin", "1234"));
    String source = finished(host.create("secretive", Map.of("pin", "9876"), Map.of()));
    int written = (int) sequence(source, EventType.CHANNEL_WRITTEN, "b");

    String branch = finished(host.branch(source, 0, null));

    assertThat(host.read(branch).state().variables()).isEqualTo(Map.of("pin", "9876"));
    assertThat(host.read(branch).state().secrets().variables()).containsExactly("pin");
    String behind = host.branch(source, written, null);
    assertThat(host.read(behind).state().nodes().get("a").outputs())
        .isEqualTo(Map.of("pin", "9876"));
    assertThat(Told.by(host.log(behind)).toString()).contains("REDACTED").doesNotContain("9876");
    assertThatThrownBy(() -> host.branch(source, written + 1, null))
        .isInstanceOf(UnforkableException.class)
        .hasMessageContaining("secrets");
  }

  @Test
  void whatWasProducedAndWrittenIsTakenOver() {
    acting.does(
        context -> {
          context.channels().write("log", context.nodeId());
          context.channels().write("aged", context.nodeId());
          context.addArtifact(Artifact.json("acme.note", Json.members("by", context.nodeId())));
          return NodeResult.completed();
        });
    host.register(
        workflow("writing")
            .channel("log", "append", Map.of())
            .channel("aged", "append", Map.of("ttlMs", 3_600_000))
            .node("a", "acme.acting")
            .node("b", "acme.acting")
            .edge("a", "b"));
    String source = finished(host.create("writing", Map.of(), Map.of()));
    long secondStart = sequence(source, EventType.NODE_STARTED, "b");
    String artifact =
        String.valueOf(
            Json.parseObject(
                    host.log(source).stream()
                        .filter(event -> event.type() == EventType.ARTIFACT_CREATED)
                        .findFirst()
                        .orElseThrow()
                        .payload())
                .get("artifactId"));
    ArtifactSql artifacts = new ArtifactSql(host.stores().jdbc());

    String branch = host.branch(source, secondStart, null);

    assertThat(host.read(branch).state().channels().get("log")).isEqualTo(List.of("a"));
    assertThat((List<?>) host.read(branch).state().channels().get("aged"))
        .hasSize(1)
        .first()
        .isEqualTo(((List<?>) host.read(source).state().channels().get("aged")).get(0));
    assertThat(artifacts.find(SampleRuns.TENANT, branch, artifact).orElseThrow().artifact().json())
        .isEqualTo("{\"by\":\"a\"}");
    assertThat(artifactsOf(branch)).isEqualTo(1);
    finished(branch);
    assertThat(host.read(branch).state().channels().get("log")).isEqualTo(List.of("a", "b"));
    assertThat(artifactsOf(branch)).isEqualTo(2);

    // Between what the node wrote and its end: it writes again.
    String again =
        finished(host.branch(source, sequence(source, EventType.NODE_COMPLETED, "b"), null));
    assertThat(host.read(again).state().channels().get("log")).isEqualTo(List.of("a", "b", "b"));
    assertThat(artifactsOf(again)).isEqualTo(2);
  }

  @Test
  void aBranchBehindASubWorkflowHasWhatItGave() {
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
    driveAll();
    host.assertThat(source).is(RunStatus.COMPLETED);
    int runs = runs();

    String behind = host.branch(source, sequence(source, EventType.NODE_STARTED, "after"), null);
    driveAll();
    assertThat(host.read(behind).state().variables()).isEqualTo(Map.of("result", "the child's"));
    assertThat(runs()).isEqualTo(runs + 1);

    String within = host.branch(source, sequence(source, EventType.VARIABLE_CHANGED, "call"), null);
    driveAll();
    host.assertThat(within).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(host.read(within).state().variables()).isEqualTo(Map.of("result", "the child's"));
    assertThat(runs()).as("with a child of its own").isEqualTo(runs + 3);
  }

  @Test
  void aBranchOfABranchBeginsWithTheSameVariables() {
    host.register(workflow("child").node("work", "core.noop").variable("absent", "a default"));
    host.register(
        workflow("parent")
            .node(
                "call",
                "core.subWorkflow",
                Map.of("workflowId", "child", "inputMapping", Map.of("absent", "nowhere"))));
    String parent = host.create("parent", Map.of(), Map.of());
    host.drive(parent);
    driveAll();
    String child = host.stores().runs().children(SampleRuns.TENANT, parent, 1).get(0).runId();
    assertThat(host.read(child).state().variables()).isEmpty();

    String branch = finished(host.branch(child, 2, null));
    String next = finished(host.branch(branch, 1, null));

    assertThat(host.read(branch).parent()).isNull();
    assertThat(host.read(branch).state().variables()).isEmpty();
    assertThat(host.read(next).state().variables()).isEmpty();
    assertThat(Told.by(host.log(next))).isEqualTo(Told.by(host.log(child)));
  }

  @Test
  void aBranchSurvivesTheProcessThatExecutesIt() {
    acting.does(context -> NodeResult.completed());
    host.register(workflow("acting").chain("acme.acting", "a", "b"));
    String source = finished(host.create("acting", Map.of(), Map.of()));
    String branch = host.branch(source, 2, null);

    host.driveUntilCommits(branch, 1);
    host.die();
    finished(branch);

    host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(outputs(branch)).hasSize(2);
  }

  @Test
  void forksAgainstSweepsNeverLoseTheirSource() throws Exception {
    host.register(workflow("short").chain("core.noop", "a"));
    List<String> sources = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      String source = finished(host.create("short", Map.of(), Map.of()));
      EndedRuns.age(host.stores().jdbc(), source, Duration.ofDays(400));
      sources.add(source);
    }
    RetentionSql retention = new RetentionSql(host.stores().jdbc(), host.stores().transactions());

    List<Integer> done =
        AtOnce.call(
            2,
            caller -> {
              int count = 0;
              for (String source : sources) {
                if (caller == 0) {
                  count += forked(source) ? 1 : 0;
                } else {
                  retention.expireRuns(Duration.ofDays(365), RetentionStore.Position.START, 3);
                }
              }
              return count;
            });

    assertThat(
            host.count(
                "run fork where source_run_id is not null and (select count(*) from openwop.event e"
                    + " where e.run_id = fork.source_run_id) = 4"
                    + " and (select count(*) from openwop.event e where e.run_id = fork.run_id) = 2"))
        .isEqualTo(done.get(0));
    assertThat(host.count("run where source_run_id is not null")).isEqualTo(done.get(0));
  }

  private boolean forked(String source) {
    try {
      host.branch(source, 2, null);
      return true;
    } catch (NoSuchElementException e) {
      return false;
    }
  }

  private int runs() {
    return host.count("run");
  }

  private int artifactsOf(String runId) {
    return host.stores()
        .jdbc()
        .sql("select count(*) from openwop.artifact where run_id = ?")
        .param(runId)
        .query(Integer.class)
        .single();
  }

  private void driveAll() {
    while (host.driveAll() > 0) {
      // Until nothing is due.
    }
  }

  private long sequence(String runId, EventType type, String nodeId) {
    return host.log(runId).stream()
        .filter(event -> event.type() == type && nodeId.equals(event.nodeId()))
        .findFirst()
        .orElseThrow()
        .sequence();
  }

  private String finished(String runId) {
    host.drive(runId);
    while (!host.read(runId).status().isTerminal()) {
      host.disturb(runId);
      host.drive(runId);
    }
    return runId;
  }

  private List<Object> outputs(String runId) {
    return host.log(runId).stream()
        .filter(event -> event.type() == EventType.NODE_COMPLETED)
        .map(event -> Json.parseObject(event.payload()).get("outputs"))
        .toList();
  }

  private static Object question(List<RunEvent> log) {
    return log.stream()
        .filter(event -> event.type() == EventType.NODE_SUSPENDED)
        .map(event -> Json.parseObject(event.payload()).get("interruptId"))
        .findFirst()
        .orElseThrow();
  }

  /** The copies are the originals but for ids, and name the same causes by theirs. */
  private static void assertSame(List<RunEvent> copies, List<RunEvent> originals) {
    assertThat(Told.by(copies)).isEqualTo(Told.by(originals));
    assertThat(copies).extracting(RunEvent::sequence).isEqualTo(sequences(originals));
    assertThat(Stream.concat(copies.stream(), originals.stream()).map(RunEvent::eventId))
        .doesNotHaveDuplicates();
    assertThat(Told.causes(copies)).isEqualTo(Told.causes(originals));
  }

  private static List<Long> sequences(List<RunEvent> log) {
    return log.stream().map(RunEvent::sequence).toList();
  }
}
