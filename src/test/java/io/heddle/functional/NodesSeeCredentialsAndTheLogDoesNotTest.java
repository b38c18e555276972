package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.engine.UnforkableException;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.spi.Artifact;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.Canaries;
import io.heddle.testkit.CapturedLog;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Redaction is for readers: what a run does is the same with it. */
class NodesSeeCredentialsAndTheLogDoesNotTest {

  private final ScriptedNode first = ScriptedNode.acting("test.first");

  private final ScriptedNode second = ScriptedNode.pure("test.second");

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            InstantSource.system(),
            first,
            second);
    host.register(
        workflow("two")
            .variable("plain", "as it is")
            .node("first", "test.first")
            .node("second", "test.second")
            .input("key", Map.of("type", "connection", "nodeId", "first", "outputKey", "key"))
            .edge("first", "second"));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void theNextNodeGetsWhatTheOneBeforeGave() {
    List<Object> seen = new ArrayList<>();
    first.does(
        context -> {
          context.addArtifact(Artifact.json(Canaries.JWT, Map.of("kept", Canaries.OPENAI)));
          return NodeResult.completed(Map.of("key", Canaries.ANTHROPIC));
        });
    second.does(
        context -> {
          seen.add(context.inputs().get("key"));
          return NodeResult.completed();
        });
    String runId = host.create("two", Map.of(), Map.of());

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(seen).containsExactly(Canaries.ANTHROPIC);
    assertThat(log(runId)).contains("[REDACTED]").doesNotContain(Canaries.MARKER);
  }

  @Test
  void aForkGoesOnWithWhatTheSourceHas() {
    first.does(context -> NodeResult.completed(Map.of("key", Canaries.ANTHROPIC)));
    String runId = host.create("two", Map.of("plain", Canaries.GOOGLE), Map.of());
    host.drive(runId);
    long told = host.assertThat(runId).log().only(EventType.NODE_COMPLETED, "first").sequence();
    List<Object> seen = new ArrayList<>();
    second.does(
        context -> {
          seen.add(context.inputs().get("key"));
          return NodeResult.completed();
        });

    for (long from : new long[] {told, told + 1}) {
      String fork = host.branch(runId, from, null);
      host.drive(fork);
      host.assertThat(fork).is(RunStatus.COMPLETED);
    }

    assertThat(seen).containsExactly(Canaries.ANTHROPIC, Canaries.ANTHROPIC);
  }

  @Test
  void noForkGoesOnWithAMarkInPlaceOfAValue() {
    host.register(
        workflow("asking")
            .node(
                "ask",
                "core.interrupt",
                Map.of(
                    "kind",
                    "custom",
                    "data",
                    Map.of("customKind", "acme.key", "payload", Map.of("x", 1)))));
    String runId = host.create("asking", Map.of(), Map.of());
    host.drive(runId);
    new InterruptService(host.stores().runs(), host.stores().interrupts())
        .resolve(
            SampleRuns.TENANT,
            runId,
            "ask",
            new Given(Canaries.JWT, Answerer.of("somebody"), List.of()));
    host.drive(runId);
    long told = host.assertThat(runId).log().only(EventType.INTERRUPT_RESOLVED, "ask").sequence();

    assertThatThrownBy(() -> host.branch(runId, told + 1, null))
        .isInstanceOf(UnforkableException.class)
        .hasMessageContaining("the log does not hold")
        .hasMessageNotContaining(Canaries.MARKER);
  }

  @Test
  void whatAnExecutorThrowsIsLoggedWithoutThem() {
    first.does(
        context -> {
          throw new IllegalStateException(
              "no account for " + Canaries.OPENAI, new RuntimeException("password=hunter22"));
        });
    CapturedLog logged = CapturedLog.start();
    String runId = host.create("two", Map.of(), Map.of());
    try (logged) {
      host.drive(runId);
    }

    assertThat(logged.lines())
        .filteredOn(line -> line.contains(runId + " threw"))
        .singleElement()
        .satisfies(
            line ->
                assertThat(line)
                    .contains("no account for [REDACTED]", "password=[REDACTED]")
                    .doesNotContain(Canaries.MARKER, "hunter22"));
    assertThat(log(runId)).doesNotContain(Canaries.MARKER);
  }

  private String log(String runId) {
    return String.join(
        "\n",
        host.stores()
            .jdbc()
            .sql("select payload::text from openwop.event where run_id = :run order by sequence")
            .param("run", runId)
            .query(String.class)
            .list());
  }
}
