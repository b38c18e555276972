package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.UnforkableException;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.WorkflowBuilder;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever the graph: a branch from any event comes to the end that its source came to. */
class AnyGraphIsBranchedTest {

  private static final List<String> RULES =
      List.of("all_success", "any_success", "all_complete", "none_failed", "any_failed");

  private static final int NODES = 5;

  private static final AtomicInteger IDS = new AtomicInteger();

  private static HandDrivenHost host;

  /** One of the possible edges; loops lead from a node to itself or to one before it. */
  record Edge(int from, int to, String rule) {}

  @BeforeContainer
  static void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, InstantSource.system());
  }

  @AfterContainer
  static void close() {
    host.close();
  }

  @Provide
  Arbitrary<List<Edge>> edges() {
    Arbitrary<Integer> node = Arbitraries.integers().between(0, NODES - 1);
    return Combinators.combine(node, node, Arbitraries.of(RULES))
        .as((a, b, rule) -> new Edge(Math.min(a, b), Math.max(a, b), rule))
        .filter(edge -> edge.from() != edge.to())
        .list()
        .uniqueElements(edge -> edge.from() * NODES + edge.to())
        .ofMaxSize(8);
  }

  @Property(tries = 60, shrinking = ShrinkingMode.OFF)
  void fromAnyEvent(
      @ForAll("edges") List<Edge> edges,
      @ForAll List<Boolean> failing,
      @ForAll boolean loops,
      @ForAll int anywhere) {
    WorkflowBuilder workflow = workflow("graph-" + IDS.incrementAndGet());
    for (int i = 0; i < NODES; i++) {
      boolean fails = i < failing.size() && failing.get(i);
      workflow.node("n" + i, fails ? "core.fail" : "core.noop");
    }
    edges.forEach(edge -> workflow.edge("n" + edge.from(), "n" + edge.to(), edge.rule()));
    if (loops) {
      workflow.edge("n0", "n0").maxLoopbackIterations(1);
    }
    host.register(workflow);
    String source = driven(host.create(workflow.id(), Map.of(), Map.of()));
    List<RunEvent> log = log(source);
    int from = Math.floorMod(anywhere, log.size());

    String branch;
    try {
      branch = host.branch(source, from, null);
    } catch (UnforkableException e) {
      boolean splits = log.get(from).type() == EventType.LOOPBACK_LIMIT;
      assertThat(splits || run(source).status() == RunStatus.FAILED)
          .as("%s at %d of %s", e.getMessage(), from, told(log))
          .isTrue();
      return;
    }
    driven(branch);

    host.assertThat(branch).is(run(source).status()).hasSoundLog();
    List<String> told = told(log(branch));
    assertThat(told.subList(0, from)).isEqualTo(told(log).subList(0, from));
    if (run(source).status() == RunStatus.COMPLETED) {
      // Nodes that do not depend on each other may change places.
      assertThat(told).as("from %d", from).containsExactlyInAnyOrderElementsOf(told(log));
    }
  }

  private static String driven(String runId) {
    host.drive(runId);
    return runId;
  }

  private static Run run(String runId) {
    return host.stores().runs().find(SampleRuns.TENANT, runId).orElseThrow();
  }

  private static List<RunEvent> log(String runId) {
    return host.stores()
        .runs()
        .log(SampleRuns.TENANT, runId, -1, Integer.MAX_VALUE)
        .orElseThrow()
        .events();
  }

  private static List<String> told(List<RunEvent> log) {
    return log.stream()
        .map(event -> event.type() + " " + event.nodeId() + " " + event.payload())
        .toList();
  }
}
