package io.heddle.testkit;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Edges between nodes that are called {@code n0}, {@code n1} and so on. */
public final class AnyGraph {

  private static final List<String> RULES =
      List.of("all_success", "any_success", "all_complete", "none_failed", "any_failed");

  private AnyGraph() {}

  /** One of the possible edges; it leads from a node to one after it. */
  public record Edge(int from, int to, String rule) {

    public void addTo(WorkflowBuilder workflow) {
      workflow.edge("n" + from, "n" + to, rule);
    }
  }

  /** At most one edge for each two of so many nodes, without a loop. */
  public static Arbitrary<List<Edge>> edges(int nodes, int most) {
    Arbitrary<Integer> node = Arbitraries.integers().between(0, nodes - 1);
    return Combinators.combine(node, node, Arbitraries.of(RULES))
        .as((a, b, rule) -> new Edge(Math.min(a, b), Math.max(a, b), rule))
        .filter(edge -> edge.from() != edge.to())
        .list()
        .uniqueElements(edge -> edge.from() * nodes + edge.to())
        .ofMaxSize(most);
  }
}
