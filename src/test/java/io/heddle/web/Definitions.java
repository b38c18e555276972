package io.heddle.web;

import java.util.ArrayList;
import java.util.List;

/** Workflow definitions whose nodes follow one another. */
final class Definitions {

  private Definitions() {}

  /** A node as JSON. */
  static String node(String id, String typeId, String config, String inputs) {
    return """
        {"id": "%s", "typeId": "%s", "name": "%s", "position": {"x": 0, "y": 0},
         "config": %s, "inputs": %s}"""
        .formatted(id, typeId, id, config, inputs);
  }

  static String noop(String id) {
    return node(id, "core.noop", "{}", "{}");
  }

  static String gate(String id) {
    return node(id, "test.gate", "{}", "{}");
  }

  /** Long enough for the run to be given up and taken again. */
  static String shortDelay(String id) {
    return node(id, "core.delay", "{\"ms\": 1}", "{}");
  }

  /** A node that gives out a text as its output {@code says}. */
  static String says(String id, String text) {
    return node(
        id,
        "core.identity",
        "{}",
        "{\"says\": {\"type\": \"static\", \"value\": \"%s\"}}".formatted(text));
  }

  /** The ids of the nodes are those of their JSON, in the order given. */
  static String chain(String workflowId, String... nodes) {
    List<String> edges = new ArrayList<>();
    for (int i = 1; i < nodes.length; i++) {
      edges.add(
          "{\"id\": \"e%d\", \"sourceNodeId\": \"%s\", \"targetNodeId\": \"%s\"}"
              .formatted(i, id(nodes[i - 1]), id(nodes[i])));
    }
    return """
        {"id": "%s", "name": "Test", "version": "1.0", "nodes": [%s], "edges": [%s],
         "triggers": [], "variables": [], "metadata": {}, "settings": {}}"""
        .formatted(workflowId, String.join(",", nodes), String.join(",", edges));
  }

  private static String id(String node) {
    int from = node.indexOf("\"id\": \"") + 7;
    return node.substring(from, node.indexOf('"', from));
  }
}
