package io.heddle.workflow;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which edges of a graph lead back. Without them the graph is free of cycles, and every node that
 * has a way into it can start: first the nodes no edge leads to, then, for a loop nobody enters,
 * its first node in the order of the definition.
 */
final class Loops {

  private record Visit(String nodeId, Iterator<EdgeDefinition> edges) {}

  private final Map<String, List<EdgeDefinition>> outgoing;

  private final Set<String> seen = new HashSet<>();

  private final Set<String> back = new HashSet<>();

  private Loops(Map<String, List<EdgeDefinition>> outgoing) {
    this.outgoing = outgoing;
  }

  /** The ids of the edges that lead back. */
  static Set<String> backEdges(
      List<NodeDefinition> nodes,
      Map<String, List<EdgeDefinition>> incoming,
      Map<String, List<EdgeDefinition>> outgoing) {
    Loops loops = new Loops(outgoing);
    for (NodeDefinition node : nodes) {
      if (!incoming.containsKey(node.id())) {
        loops.walk(node.id());
      }
    }
    nodes.forEach(node -> loops.walk(node.id()));
    return Set.copyOf(loops.back);
  }

  /** A node and everything that forward edges reach from it. */
  static Set<String> reachable(
      String start, Map<String, List<EdgeDefinition>> outgoing, Set<String> backEdges) {
    Set<String> reached = new LinkedHashSet<>();
    Deque<String> open = new ArrayDeque<>(List.of(start));
    while (!open.isEmpty()) {
      String nodeId = open.pop();
      if (reached.add(nodeId)) {
        for (EdgeDefinition edge : outgoing.getOrDefault(nodeId, List.of())) {
          if (!backEdges.contains(edge.id())) {
            open.push(edge.targetNodeId());
          }
        }
      }
    }
    return reached;
  }

  // The path is a list: a chain of a thousand nodes must not need a thousand stack frames.
  private void walk(String start) {
    List<Visit> path = new ArrayList<>();
    Map<String, Integer> depths = new HashMap<>();
    enter(start, path, depths);
    while (!path.isEmpty()) {
      Visit visit = path.get(path.size() - 1);
      if (!visit.edges().hasNext()) {
        path.remove(path.size() - 1);
        depths.remove(visit.nodeId());
        continue;
      }
      EdgeDefinition edge = visit.edges().next();
      if (depths.containsKey(edge.targetNodeId())) {
        back.add(edge.id());
      } else {
        enter(edge.targetNodeId(), path, depths);
      }
    }
  }

  private void enter(String nodeId, List<Visit> path, Map<String, Integer> depths) {
    if (seen.add(nodeId)) {
      depths.put(nodeId, path.size());
      path.add(new Visit(nodeId, outgoing.getOrDefault(nodeId, List.of()).iterator()));
    }
  }
}
