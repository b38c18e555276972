package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.spi.NodeResult;
import io.heddle.testkit.AnyGraph;
import io.heddle.testkit.AnyGraph.Edge;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.Told;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Whatever the graph, and whatever its nodes came to: a replay from any event tells the same story,
 * event by event, and asks no node with side effects again.
 */
class AnyGraphIsReplayedTest {

  // Half of them act, at the same time and for as long as they like.
  private static final List<String> TYPES =
      List.of("core.noop", "core.fail", "acme.acting", "acme.acting");

  private static final int NODES = 6;

  private static final AtomicInteger IDS = new AtomicInteger();

  private static final AtomicInteger CALLS = new AtomicInteger();

  private static final SettableClock CLOCK = new SettableClock(Instant.now());

  private static HandDrivenHost host;

  @BeforeContainer
  static void open() {
    ScriptedNode acting = ScriptedNode.acting("acme.acting");
    Random chance = new Random(7);
    acting.does(
        context -> {
          CALLS.incrementAndGet();
          Thread.sleep(chance.nextInt(4));
          return switch (chance.nextInt(5)) {
            case 0 -> new NodeResult.Failed("acme.broken", "As it happens", true);
            case 1 -> NodeResult.failed("acme.broken", "For good");
            default -> NodeResult.completed(Map.of("drawn", chance.nextInt()));
          };
        });
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, CLOCK, acting);
  }

  @AfterContainer
  static void close() {
    host.close();
  }

  @Provide
  Arbitrary<List<Edge>> edges() {
    return AnyGraph.edges(NODES, 9);
  }

  @Provide
  Arbitrary<List<String>> types() {
    return Arbitraries.of(TYPES).list().ofSize(NODES);
  }

  @Property(tries = 200, shrinking = ShrinkingMode.OFF)
  void fromAnyEvent(
      @ForAll("edges") List<Edge> edges,
      @ForAll("types") List<String> types,
      @ForAll boolean loops,
      @ForAll int anywhere) {
    WorkflowBuilder workflow = workflow("graph-" + IDS.incrementAndGet()).maxRetries(1);
    for (int i = 0; i < NODES; i++) {
      workflow.node("n" + i, types.get(i));
    }
    edges.forEach(edge -> edge.addTo(workflow));
    if (loops) {
      workflow.edge("n0", "n0").maxLoopbackIterations(1);
      edges.stream()
          .findFirst()
          .ifPresent(edge -> workflow.edge("n" + edge.to(), "n" + edge.from(), "all_complete"));
    }
    host.register(workflow);
    String source = host.driveToEnd(host.create(workflow.id(), Map.of(), Map.of()));
    List<String> log = Told.by(host.log(source));
    int calls = CALLS.get();

    for (int from : List.of(0, Math.floorMod(anywhere, log.size()))) {
      String replay = host.driveToEnd(host.replay(source, from));

      assertThat(Told.by(host.log(replay))).as("from %d", from).isEqualTo(log);
      assertThat(host.read(replay).status()).isEqualTo(host.read(source).status());
      assertThat(host.read(replay).error()).isEqualTo(host.read(source).error());
      assertThat(host.read(replay).state().variables())
          .isEqualTo(host.read(source).state().variables());
      host.assertThat(replay).hasSoundLog();
    }
    assertThat(CALLS.get()).isEqualTo(calls);
  }
}
