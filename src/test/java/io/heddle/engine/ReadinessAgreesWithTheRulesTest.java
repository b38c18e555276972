package io.heddle.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.node.NoopNode;
import io.heddle.json.Json;
import io.heddle.run.RunState;
import io.heddle.run.RunState.EdgeOutcome;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.TriggerRule;
import io.heddle.workflow.WorkflowDefinition;
import io.heddle.workflow.WorkflowParser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/**
 * Whatever the graph, whatever becomes of its nodes and in whatever order they end: each node comes
 * to exactly one end, and it is the one that the trigger rules name once everything is known.
 */
class ReadinessAgreesWithTheRulesTest {

  private static final int NODES = 7;

  /**
   * An edge from an earlier node to a later one.
   *
   * @param followed whether its condition holds
   */
  record Arrow(int from, int to, TriggerRule rule, boolean followed) {}

  /**
   * A graph without loops, and what happens in it.
   *
   * @param fates what becomes of each node if it starts
   * @param order decides which of the nodes under way ends next
   */
  record Story(List<Arrow> arrows, List<Fate> fates, long order) {}

  enum Fate {
    COMPLETES,
    FAILS,
    IS_DISABLED
  }

  @Property(tries = 1_000)
  void inEveryOrder(@ForAll("stories") Story story) {
    WorkflowDefinition definition = definition(story);
    Map<String, Progress> ends = new TreeMap<>();
    RunState state = RunState.initial(Map.of(), Map.of());
    List<String> underWay = new ArrayList<>();
    Random order = new Random(story.order());
    Readiness readiness = Readiness.of(definition, state);
    while (!underWay.isEmpty() || isAnythingIn(readiness)) {
      assertThat(readiness.broken()).isEmpty();
      for (NodeDefinition node : readiness.unreachable()) {
        state = state.with(node.id(), ended(Progress.SKIPPED));
        assertThat(ends.put(node.id(), Progress.SKIPPED)).as(node.id()).isNull();
      }
      for (NodeDefinition node : readiness.ready()) {
        state = state.with(node.id(), NodeState.started(0));
        assertThat(ends).as("started once it was over").doesNotContainKey(node.id());
        underWay.add(node.id());
      }
      if (!underWay.isEmpty()) {
        String next = underWay.remove(order.nextInt(underWay.size()));
        Progress end =
            story.fates().get(index(next)) == Fate.FAILS ? Progress.FAILED : Progress.COMPLETED;
        state = end(state, definition, story, next, end);
        assertThat(ends.put(next, end)).as(next).isNull();
      }
      readiness = Readiness.of(definition, state);
    }

    assertThat(ends).isEqualTo(new TreeMap<>(oracle(story)));
  }

  /** What the rules say of a node once all its sources are at their ends; from the text alone. */
  private static Map<String, Progress> oracle(Story story) {
    Map<String, Progress> ends = new HashMap<>();
    for (int node = 0; node < NODES; node++) {
      Map<TriggerRule, List<String>> groups = new LinkedHashMap<>();
      for (Arrow arrow : story.arrows()) {
        if (arrow.to() == node) {
          Progress source = ends.get("n" + arrow.from());
          String seen =
              !arrow.followed() || source == Progress.SKIPPED
                  ? "left out"
                  : source == Progress.FAILED ? "failed" : "completed";
          groups.computeIfAbsent(arrow.rule(), rule -> new ArrayList<>()).add(seen);
        }
      }
      boolean starts = story.fates().get(node) != Fate.IS_DISABLED;
      for (var group : groups.entrySet()) {
        List<String> seen = group.getValue();
        starts &=
            switch (group.getKey()) {
              case ALL_SUCCESS -> seen.stream().allMatch("completed"::equals);
              case ANY_SUCCESS -> seen.contains("completed");
              case ALL_COMPLETE -> true;
              case NONE_FAILED -> !seen.contains("failed");
              case ANY_FAILED -> seen.contains("failed");
            };
      }
      ends.put(
          "n" + node,
          !starts
              ? Progress.SKIPPED
              : story.fates().get(node) == Fate.FAILS ? Progress.FAILED : Progress.COMPLETED);
    }
    return ends;
  }

  private static RunState end(
      RunState state, WorkflowDefinition definition, Story story, String nodeId, Progress end) {
    RunState after = state.with(nodeId, ended(end));
    for (int i = 0; i < story.arrows().size(); i++) {
      Arrow arrow = story.arrows().get(i);
      if (arrow.from() == index(nodeId)) {
        after =
            after.withEdge(
                definition.edges().get(i).id(),
                arrow.followed() ? EdgeOutcome.TAKEN : EdgeOutcome.NOT_TAKEN);
      }
    }
    return after;
  }

  private static NodeState ended(Progress progress) {
    return NodeState.started(0).ended(progress, Map.of());
  }

  private static boolean isAnythingIn(Readiness readiness) {
    return !(readiness.ready().isEmpty() && readiness.unreachable().isEmpty());
  }

  private static int index(String nodeId) {
    return Integer.parseInt(nodeId.substring(1));
  }

  private static WorkflowDefinition definition(Story story) {
    WorkflowBuilder workflow = WorkflowBuilder.workflow("story");
    for (int i = 0; i < NODES; i++) {
      if (story.fates().get(i) == Fate.IS_DISABLED) {
        workflow.disabled("n" + i);
      } else {
        workflow.node("n" + i, "core.noop");
      }
    }
    for (Arrow arrow : story.arrows()) {
      workflow.edge(
          "n" + arrow.from(), "n" + arrow.to(), arrow.rule().name().toLowerCase(Locale.ROOT));
    }
    return new WorkflowParser(Map.of("core.noop", new NoopNode()))
        .parse(Json.parse(workflow.json()));
  }

  @Provide
  Arbitrary<Story> stories() {
    Arbitrary<Arrow> arrows =
        Combinators.combine(
                Arbitraries.integers().between(0, NODES - 2),
                Arbitraries.integers().between(1, NODES - 1),
                Arbitraries.of(TriggerRule.class),
                // Most conditions hold, or little would ever start.
                Arbitraries.frequencyOf(
                    Tuple.of(4, Arbitraries.just(true)), Tuple.of(1, Arbitraries.just(false))))
            .as(
                (from, to, rule, followed) ->
                    new Arrow(from, Math.max(to, from + 1), rule, followed));
    Arbitrary<Fate> fates =
        Arbitraries.frequency(
            Tuple.of(6, Fate.COMPLETES), Tuple.of(3, Fate.FAILS), Tuple.of(1, Fate.IS_DISABLED));
    return Combinators.combine(
            arrows.list().ofMinSize(3).ofMaxSize(16),
            fates.list().ofSize(NODES),
            Arbitraries.longs())
        .as(Story::new);
  }
}
