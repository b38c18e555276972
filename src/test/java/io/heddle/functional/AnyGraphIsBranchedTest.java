package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.UnforkableException;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.testkit.AnyGraph;
import io.heddle.testkit.AnyGraph.Edge;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.Told;
import io.heddle.testkit.WorkflowBuilder;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever the graph: a branch from any event comes to the end that its source came to. */
class AnyGraphIsBranchedTest {

  private static final int NODES = 5;

  private static final AtomicInteger IDS = new AtomicInteger();

  private static HandDrivenHost host;

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
    return AnyGraph.edges(NODES, 8);
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
    edges.forEach(edge -> edge.addTo(workflow));
    if (loops) {
      workflow.edge("n0", "n0").maxLoopbackIterations(1);
    }
    host.register(workflow);
    String source = driven(host.create(workflow.id(), Map.of(), Map.of()));
    List<RunEvent> log = host.log(source);
    int from = Math.floorMod(anywhere, log.size());

    String branch;
    try {
      branch = host.branch(source, from, null);
    } catch (UnforkableException e) {
      boolean splits = log.get(from).type() == EventType.LOOPBACK_LIMIT;
      assertThat(splits || host.read(source).status() == RunStatus.FAILED)
          .as("%s at %d of %s", e.getMessage(), from, Told.by(log))
          .isTrue();
      return;
    }
    driven(branch);

    host.assertThat(branch).is(host.read(source).status()).hasSoundLog();
    List<String> told = Told.by(host.log(branch));
    assertThat(told.subList(0, from)).isEqualTo(Told.by(log).subList(0, from));
    if (host.read(source).status() == RunStatus.COMPLETED) {
      // Nodes that do not depend on each other may change places.
      assertThat(told).as("from %d", from).containsExactlyInAnyOrderElementsOf(Told.by(log));
    }
  }

  private static String driven(String runId) {
    host.drive(runId);
    return runId;
  }
}
