package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.artifact.ArtifactStore;
import io.heddle.artifact.StoredArtifact;
import io.heddle.json.Json;
import io.heddle.postgres.ArtifactSql;
import io.heddle.run.EventType;
import io.heddle.run.NewArtifact;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.spi.Artifact;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a node produces is there as soon as the log tells of it, and only then. */
@Timeout(60)
class NodesProduceArtifactsTest {

  private static final WorkflowBuilder ACT = workflow("act").node("act", "test.act").maxRetries(3);

  private final SettableClock clock = new SettableClock(Instant.now());

  private final ScriptedNode node = ScriptedNode.acting("test.act");

  private final ScriptedNode pure = ScriptedNode.pure("test.pure");

  private final List<String> ids = new CopyOnWriteArrayList<>();

  private HandDrivenHost host;

  private ArtifactStore artifacts;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, node, pure);
    artifacts = new ArtifactSql(host.stores().jdbc());
  }

  @AfterEach
  void close() {
    host.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void jsonAndBytes(boolean isPure) {
    ScriptedNode producing = isPure ? pure : node;
    byte[] bytes = {0, 1, (byte) 0xff};
    producing.does(
        context -> {
          ids.add(context.addArtifact(Artifact.json("acme.plan", Json.members("a", null))));
          ids.add(context.addArtifact(Artifact.bytes("acme.chart", "image/png", bytes)));
          return NodeResult.completed(Map.of("plan", ids.get(0)));
        });

    String runId = host.finish(workflow("both").node("act", producing.typeId()));

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED act",
            "ARTIFACT_CREATED act",
            "ARTIFACT_CREATED act",
            "NODE_COMPLETED act",
            "RUN_COMPLETED");
    assertThat(told(runId))
        .containsExactly(
            "{\"artifactId\":\"%s\",\"artifactType\":\"acme.plan\",\"nodeId\":\"act\",\"registered\":false}"
                .formatted(ids.get(0)),
            "{\"artifactId\":\"%s\",\"artifactType\":\"acme.chart\",\"nodeId\":\"act\",\"registered\":false}"
                .formatted(ids.get(1)));
    StoredArtifact plan = find(runId, ids.get(0)).orElseThrow();
    assertThat(plan.artifact().json()).isEqualTo("{\"a\":null}");
    assertThat(plan.artifact().bytes()).isNull();
    assertThat(plan.artifact().mediaType()).isEqualTo("application/json");
    StoredArtifact chart = find(runId, ids.get(1)).orElseThrow();
    assertThat(chart.artifact().bytes()).isEqualTo(bytes);
    assertThat(chart.artifact().json()).isNull();
    assertThat(chart.artifact().type()).isEqualTo("acme.chart");
  }

  @Test
  void onlyTheAttemptThatCompletesCounts() {
    node.does(
        context -> {
          ids.add(context.addArtifact(Artifact.json("acme.try", context.attempt())));
          if (context.attempt() == 0) {
            return new NodeResult.Failed("acme.later", "Not yet", true);
          }
          if (context.wakeups() == 0) {
            return NodeResult.parked(Duration.ofMinutes(1));
          }
          return NodeResult.completed();
        });

    String runId = host.finish(ACT);

    assertThat(ids).hasSize(3).containsOnly(ids.get(0));
    assertThat(told(runId)).hasSize(1);
    assertThat(find(runId, ids.get(0)).orElseThrow().artifact().json()).isEqualTo("1");
  }

  @Test
  void whoeverLostTheRunLeavesNone() {
    node.does(
        context -> {
          ids.add(context.addArtifact(Artifact.json("acme.try", context.attempt())));
          if (context.attempt() == 0) {
            host.takeAway(context.runId());
          }
          return NodeResult.completed();
        });

    String runId = host.finish(ACT);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(told(runId)).hasSize(1);
    assertThat(find(runId, ids.get(0)).orElseThrow().artifact().json()).isEqualTo("1");
  }

  @Test
  void everyRoundNodeAndRunHasItsOwn() {
    node.does(
        context -> {
          ids.add(context.runId() + context.addArtifact(Artifact.json("acme.round", 1)));
          return NodeResult.completed();
        });
    WorkflowBuilder loop =
        workflow("loop")
            .chain("test.act", "act", "other")
            .edge("other", "act")
            .maxLoopbackIterations(1);

    String first = host.finish(loop);
    String second = host.finish(loop);

    assertThat(ids).hasSize(8).doesNotHaveDuplicates();
    assertThat(told(first)).hasSize(4).isEqualTo(told(second));
    assertThat(host.count("artifact")).isEqualTo(8);
  }

  @Test
  void aStepThatIsSentTwiceStoresThemOnce() {
    Run run = SampleRuns.create(host.stores(), "node-of-a-test");
    Step plain = SampleRuns.step(run, 1);
    Step step =
        new Step(
            plain.tenant(),
            plain.runId(),
            plain.leaseEpoch(),
            plain.firstSequence(),
            plain.signals(),
            plain.events(),
            plain.status(),
            plain.state(),
            null,
            plain.wakeup(),
            List.of(),
            List.of(),
            List.of(),
            List.of(new NewArtifact("art-1", "act", "t", "application/json", "1", null)),
            false);

    assertThat(host.stores().runs().commit(step)).isEqualTo(Step.Outcome.COMMITTED);
    assertThat(host.stores().runs().commit(step)).isEqualTo(Step.Outcome.COMMITTED);

    assertThat(host.count("artifact")).isOne();
  }

  @Test
  void anotherTenantHasNoneOfIt() {
    node.does(
        context -> {
          ids.add(context.addArtifact(Artifact.json("acme.plan", 1)));
          return NodeResult.completed();
        });
    String runId = host.finish(ACT);

    assertThat(find(runId, ids.get(0))).isPresent();
    assertThat(artifacts.find(new Tenant("globex"), runId, ids.get(0))).isEmpty();
    assertThat(find("run-unknown", ids.get(0))).isEmpty();
    assertThat(find(runId, "art-unknown")).isEmpty();
  }

  @Test
  void whatCannotBeStoredIsRefused() {
    List<String> refused = new CopyOnWriteArrayList<>();
    node.does(
        context -> {
          for (Artifact artifact :
              List.of(
                  Artifact.json("t", "x".repeat((1 << 20) - 1)),
                  Artifact.bytes("t", "a/b", new byte[(1 << 20) + 1]),
                  Artifact.json("t", "\ud800"),
                  Artifact.json(" ", 1),
                  Artifact.json("t".repeat(257), 1),
                  Artifact.bytes("t", "nonsense", new byte[0]),
                  Artifact.bytes("t", "a/b\r\nx: y", new byte[0]))) {
            try {
              context.addArtifact(artifact);
            } catch (NodeFailedException e) {
              refused.add(e.code() + " " + e.retryable());
            }
          }
          context.addArtifact(Artifact.json("t", "x".repeat((1 << 20) - 2)));
          context.addArtifact(Artifact.bytes("t", "text/plain; charset=utf-8", new byte[1 << 20]));
          for (int i = 2; i < 17; i++) {
            context.addArtifact(Artifact.json("t", i));
          }
          return NodeResult.completed();
        });

    String runId = host.finish(ACT);

    assertThat(refused.subList(0, 2)).containsOnly("heddle.artifact_too_large false");
    assertThat(refused.subList(2, 7)).containsOnly("heddle.artifact_invalid false");
    // The seventeenth was one too many, and took the others with it.
    host.assertThat(runId).is(RunStatus.FAILED).hasError("heddle.artifact_invalid");
    assertThat(told(runId)).isEmpty();
    assertThat(host.count("artifact")).isZero();
  }

  private List<String> told(String runId) {
    return host.log(runId).stream()
        .filter(event -> event.type() == EventType.ARTIFACT_CREATED)
        .map(event -> event.payload())
        .toList();
  }

  private Optional<StoredArtifact> find(String runId, String artifactId) {
    return artifacts.find(SampleRuns.TENANT, runId, artifactId);
  }
}
