package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.heddle.postgres.TraceSql;
import io.heddle.redaction.Redactor;
import io.heddle.run.Ids;
import io.heddle.run.RunTrace;
import io.heddle.run.TraceContext;
import io.heddle.spi.NodeResult;
import io.heddle.telemetry.RunSpans;
import io.heddle.telemetry.Span;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The spans of a run are what is stored, whoever executed it and however that went. */
class TracesFollowFromTheLogTest {

  private final SettableClock clock = new SettableClock(Instant.now());

  private final ScriptedNode node = ScriptedNode.acting("test.node");

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, node);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void andAreTheSameWheneverSomebodyAsks() {
    String run = drive(workflow("two").chain("core.noop", "a", "b"));

    assertThat(spans(run)).hasSize(3).isEqualTo(spans(run));
    assertThat(sampling(1).of(new Tenant("globex"), run)).isEmpty();
  }

  @Test
  void eachAttemptIsBelowItsNode() {
    node.does(
        context ->
            context.attempt() < 2
                ? new NodeResult.Failed("acme.flaky", "Not this time", true)
                : NodeResult.completed());
    String run = drive(workflow("flaky").node("flaky", "test.node").maxRetries(5));

    List<Span> spans = spans(run);
    Span whole = only(spans, "openwop.node.test.node");
    List<Span> attempts = named(spans, "openwop.node.test.node.attempt");

    assertThat(whole.attributes()).containsEntry("openwop.node_attempt", 2L);
    assertThat(whole.failed()).isFalse();
    assertThat(attempts).extracting(Span::parentSpanId).containsOnly(whole.spanId());
    assertThat(attempts).extracting(Span::spanId).doesNotHaveDuplicates();
    assertThat(attempts)
        .extracting(span -> span.attributes().get("openwop.node_attempt"))
        .containsExactly(0L, 1L, 2L);
    assertThat(attempts).extracting(Span::failed).containsExactly(true, true, false);
  }

  @Test
  void eachVisitOfALoopIsANodeOfItsOwn() {
    String run =
        drive(
            workflow("loop")
                .node("again", "core.noop")
                .edge("again", "again")
                .maxLoopbackIterations(3));

    assertThat(named(spans(run), "openwop.node.core.noop"))
        .hasSize(4)
        .extracting(Span::spanId)
        .doesNotHaveDuplicates();
  }

  @Test
  void aRunIsBelowTheVisitThatStartedIt() {
    host.register(workflow("child").node("a", "core.noop"));
    String run =
        drive(
            workflow("parent")
                .node("call", "core.subWorkflow", Map.of("workflowId", "child"))
                .edge("call", "call")
                .maxLoopbackIterations(2));
    List<String> children =
        host.stores()
            .jdbc()
            .sql("select run_id from openwop.run where parent_run_id = :run order by created_at")
            .param("run", run)
            .query(String.class)
            .list();

    List<Span> calls = named(spans(run), "openwop.node.core.subWorkflow");

    assertThat(children).hasSize(3);
    assertThat(children.stream().map(child -> only(spans(child), "openwop.run").parentSpanId()))
        .containsExactlyElementsOf(calls.stream().map(Span::spanId).toList());
    assertThat(children)
        .flatExtracting(this::spans)
        .extracting(Span::traceId)
        .containsOnly(only(spans(run), "openwop.run").traceId());
  }

  @Test
  void aNodeThatAProcessDiedOverIsThereOnce() {
    node.does(context -> NodeResult.completed());
    host.register(workflow("taken").node("first", "test.node").node("second", "core.noop"));
    String run = host.create("taken", Map.of(), Map.of());
    host.driveUntilCommits(run, 1);
    host.beFoundDead();
    host.drive(run);

    assertThat(named(spans(run), "openwop.node.test.node")).hasSize(1);
    assertThat(named(spans(run), "openwop.run")).hasSize(1);
  }

  @Test
  void aQuestionThatNobodyAnsweredEndsWhenItsTimeIsOver() {
    host.register(
        workflow("gate")
            .node("gate", "core.approvalGate", Map.of("title", "May I?", "timeoutMs", 60_000)));
    String run = host.create("gate", Map.of(), Map.of());
    host.drive(run);
    assertThat(spans(run)).isEmpty();
    clock.advance(Duration.ofMinutes(2));
    host.drive(run);

    List<Span> spans = spans(run);

    assertThat(only(spans, "openwop.interrupt").parentSpanId())
        .isEqualTo(only(spans, "openwop.node.core.approvalGate").spanId());
  }

  @Test
  void theyTellWhetherAnythingIsSensitive() {
    String open = drive(workflow("open").node("a", "core.noop"));
    String secret =
        drive(workflow("secret").sensitiveVariable("pin", "1234").node("a", "core.noop"));

    assertThat(only(spans(open), "openwop.run").attributes())
        .contains(entry("openwop.pii_present", false));
    assertThat(only(spans(secret), "openwop.run").attributes())
        .contains(entry("openwop.pii_present", true));
    assertThat(spans(secret).toString()).doesNotContain("1234").doesNotContain("pin=");
  }

  @Test
  void asManyTracesAreRecordedAsTheHostSays() {
    List<String> runs = IntStream.range(0, 2_000).mapToObj(number -> Ids.run()).toList();

    assertThat(runs).allMatch(run -> sampling(1).isSampled(run, null));
    assertThat(runs).noneMatch(run -> sampling(0).isSampled(run, null));
    assertThat(runs.stream().filter(run -> sampling(.25).isSampled(run, null)).count())
        .isBetween(350L, 650L);
    // All of a trace or nothing of it, and what began elsewhere as it was decided there.
    for (String run : runs) {
      TraceContext below = TraceContext.begun(RunTrace.traceId(run, null), RunTrace.runSpan(run));
      assertThat(sampling(.25).isSampled(Ids.run(), below))
          .isEqualTo(sampling(.25).isSampled(run, null));
    }
    TraceContext foreign =
        new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", null);
    assertThat(sampling(0).isSampled(Ids.run(), foreign)).isTrue();
  }

  private String drive(WorkflowBuilder workflow) {
    host.register(workflow);
    String run = host.create(workflow.id(), Map.of(), Map.of());
    do {
      clock.advance(Duration.ofSeconds(10));
      host.stores()
          .jdbc()
          .sql("update openwop.run set wake_at = now() where wake_at <= :until")
          .param("until", clock.instant().atOffset(ZoneOffset.UTC))
          .update();
    } while (host.driveAll() > 0);
    return run;
  }

  private RunSpans sampling(double share) {
    return new RunSpans(
        new TraceSql(host.stores().jdbc()), host.workflows(), new Redactor(), "1.0", share);
  }

  private List<Span> spans(String runId) {
    return sampling(1).of(SampleRuns.TENANT, runId).orElseThrow();
  }

  private static List<Span> named(List<Span> spans, String name) {
    return spans.stream().filter(span -> span.name().equals(name)).toList();
  }

  private static Span only(List<Span> spans, String name) {
    assertThat(named(spans, name)).as("%s", spans).hasSize(1);
    return named(spans, name).get(0);
  }
}
