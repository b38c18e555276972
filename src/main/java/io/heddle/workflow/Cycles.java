package io.heddle.workflow;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.BiConsumer;

/**
 * Finds the edges of a definition that lead back. Without them the graph is free of cycles. Keeps
 * its path in a list: a chain of a thousand nodes must not need a thousand stack frames.
 */
final class Cycles {

  private static final int MOST_NAMED = 10;

  private static final int LONGEST_NAME = 64;

  private final Map<String, List<Element>> outgoing = new LinkedHashMap<>();

  private final Set<String> seen = new HashSet<>();

  private final List<Visit> path = new ArrayList<>();

  private final Map<String, Integer> depths = new HashMap<>();

  private record Visit(String nodeId, Iterator<Element> edges) {}

  Cycles(Element document) {
    for (Element node : document.items("nodes")) {
      String id = node.text("id");
      if (id != null) {
        outgoing.put(id, new ArrayList<>());
      }
    }
    for (Element edge : document.items("edges")) {
      String source = edge.text("sourceNodeId");
      String target = edge.text("targetNodeId");
      List<Element> edges = source == null ? null : outgoing.get(source);
      if (edges != null && target != null && outgoing.containsKey(target)) {
        edges.add(edge);
      }
    }
  }

  /** Gives every edge that leads back together with the nodes of the cycle it closes. */
  void forEach(BiConsumer<Element, String> report) {
    for (String start : outgoing.keySet()) {
      if (seen.add(start)) {
        walk(start, report);
      }
    }
  }

  private void walk(String start, BiConsumer<Element, String> report) {
    enter(start);
    while (!path.isEmpty()) {
      Visit visit = path.get(path.size() - 1);
      if (!visit.edges.hasNext()) {
        path.remove(path.size() - 1);
        depths.remove(visit.nodeId);
        continue;
      }
      Element edge = visit.edges.next();
      String target = edge.sound("targetNodeId");
      Integer depth = depths.get(target);
      if (depth != null) {
        report.accept(edge, describe(depth));
      } else if (seen.add(target)) {
        enter(target);
      }
    }
  }

  private void enter(String nodeId) {
    depths.put(nodeId, path.size());
    path.add(new Visit(nodeId, outgoing.getOrDefault(nodeId, List.of()).iterator()));
  }

  private String describe(int depth) {
    int length = path.size() - depth;
    StringJoiner names = new StringJoiner(" -> ");
    for (int i = 0; i < Math.min(length, MOST_NAMED); i++) {
      names.add(shortened(path.get(depth + i).nodeId));
    }
    if (length > MOST_NAMED) {
      names.add("%d more".formatted(length - MOST_NAMED));
    }
    return names.add(shortened(path.get(depth).nodeId)).toString();
  }

  private static String shortened(String name) {
    if (name.length() <= LONGEST_NAME) {
      return name;
    }
    int end = LONGEST_NAME - 1;
    // Half of a surrogate pair could not be written as UTF-8.
    return name.substring(0, Character.isHighSurrogate(name.charAt(end - 1)) ? end - 1 : end) + "…";
  }
}
