package io.heddle.workflow;

import io.heddle.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;

/** Definitions to test with, and changes to them by JSON pointer. */
final class Documents {

  private static final String FULL =
      """
      {
        "id": "full", "name": "Full", "version": "1.0", "description": "d", "type": "t",
        "isActive": true, "status": "active", "tenantId": "acme", "scopeId": "s", "slug": "full-1",
        "nodes": [
          {
            "id": "first", "typeId": "core.identity", "name": "First",
            "position": {"x": 1, "y": 2.5, "z": 3}, "config": {"free": {"deep": [1, null]}},
            "inputs": {
              "fixed": {"type": "static", "value": null},
              "declared": {"type": "variable", "variableName": "text"},
              "maybe": {"type": "variable", "variableName": "undeclared", "optional": true}
            },
            "settings": {"free": 1}, "outputRole": "secondary", "disabled": false, "notes": "n",
            "groupId": "g", "cardType": "c", "outputSensitivity": {"fixed": false, "declared": true}
          },
          {
            "id": "second", "typeId": "core.delay", "name": "Second",
            "position": {"x": 0, "y": 0}, "config": {"ms": 5},
            "inputs": {
              "from": {
                "type": "connection", "nodeId": "first", "outputKey": "fixed", "optional": true
              }
            },
            "outputRole": "primary", "disabled": true
          },
          {
            "id": "third", "typeId": "core.noop", "name": "Third",
            "position": {"x": 0, "y": 0}, "config": {}, "inputs": {}
          }
        ],
        "edges": [
          {
            "id": "e1", "sourceNodeId": "first", "targetNodeId": "second",
            "sourceOutput": "output", "targetInput": "input", "label": "l",
            "triggerRule": "none_failed"
          },
          {"id": "e2", "sourceNodeId": "first", "targetNodeId": "third"},
          {"id": "e3", "sourceNodeId": "second", "targetNodeId": "third"}
        ],
        "triggers": [
          {
            "id": "t1", "type": "manual", "name": "n", "description": "d", "config": {"a": 1},
            "enabled": true, "nodeId": "first", "eventType": "e"
          },
          {"id": "t2", "type": "schedule", "enabled": false}
        ],
        "variables": [
          {
            "name": "text", "type": "string", "description": "d", "required": true,
            "defaultValue": "x", "sensitive": true
          },
          {"name": "count", "type": "number", "defaultValue": 1.5},
          {"name": "flag", "type": "boolean", "defaultValue": false},
          {"name": "map", "type": "object", "defaultValue": {"a": null}},
          {"name": "list", "type": "array", "defaultValue": []},
          {"name": "needed", "type": "string", "required": true}
        ],
        "groups": [
          {
            "id": "g", "name": "G", "color": "red", "collapsed": true, "nodeIds": ["first"],
            "position": {"x": 0, "y": 0}, "size": {"width": 1, "height": 1}
          }
        ],
        "channels": {
          "log": {
            "reducer": "append", "schema": {"type": "string"}, "default": ["a"], "maxSize": 3,
            "options": {}, "access": {"readers": ["first"], "writers": ["core.*"]},
            "schemaVersion": 2, "compatibleWith": [1], "sensitive": false
          },
          "aged": {"reducer": "votes", "ttlMs": 5, "default": [], "access": "private"},
          "sum": {"reducer": "counter", "default": 2, "access": "public"},
          "talk": {"reducer": "message", "schema": {"type": "array"}, "maxSize": 9}
        },
        "defaults": {}, "acceptsInheritedArtifacts": [],
        "metadata": {
          "tags": ["a"], "createdAt": "2026-01-31T10:20:30Z", "complianceClass": "public",
          "complianceConfig": {"maskingMode": "mask", "more": 1}, "free": true
        },
        "settings": {
          "timeout": 60000, "maxRetries": 0, "logLevel": "info", "maxLoopbackIterations": 5,
          "free": 1
        },
        "createdAt": "2026-01-31T10:20:30.5+01:00", "updatedAt": "2026-01-31T10:20:30Z"
      }
      """;

  private static final Object MISSING = new Object();

  private Documents() {}

  /** A sound definition with nearly every member that this host takes. Fresh and mutable. */
  static Map<String, Object> full() {
    return Json.parseObject(FULL);
  }

  /** A sound definition of noop nodes n0, n1, … with the given edges. Fresh and mutable. */
  static Map<String, Object> graph(int nodes, int[]... edges) {
    Map<String, Object> document = full();
    List<Object> nodeList = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      Map<String, Object> node = new LinkedHashMap<>();
      node.put("id", "n" + i);
      node.put("typeId", "core.noop");
      node.put("name", "Node");
      node.put("position", Map.of("x", 0, "y", 0));
      node.put("config", Map.of());
      node.put("inputs", Map.of());
      nodeList.add(node);
    }
    List<Object> edgeList = new ArrayList<>();
    for (int i = 0; i < edges.length; i++) {
      edgeList.add(
          new LinkedHashMap<>(
              Map.of(
                  "id", "e" + i,
                  "sourceNodeId", "n" + edges[i][0],
                  "targetNodeId", "n" + edges[i][1])));
    }
    document.put("nodes", nodeList);
    document.put("edges", edgeList);
    document.remove("groups");
    document.put("triggers", new ArrayList<>());
    return document;
  }

  static Object resource(String path) {
    try (InputStream in = Objects.requireNonNull(Documents.class.getResourceAsStream(path), path)) {
      return Json.parse(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sets the member or replaces the item; the index {@code -} appends. */
  @SuppressWarnings("unchecked")
  static void put(Object document, String pointer, Object value) {
    Object parent = get(document, parent(pointer));
    String token = token(pointer);
    if (parent instanceof Map<?, ?> map) {
      ((Map<String, Object>) map).put(token, value);
    } else if (token.equals("-")) {
      ((List<Object>) parent).add(value);
    } else {
      ((List<Object>) parent).set(Integer.parseInt(token), value);
    }
  }

  static void remove(Object document, String pointer) {
    Object parent = get(document, parent(pointer));
    if (parent instanceof Map<?, ?> map) {
      map.remove(token(pointer));
    } else {
      ((List<?>) parent).remove(Integer.parseInt(token(pointer)));
    }
  }

  static Object get(Object document, String pointer) {
    Object value = find(document, pointer);
    if (value == MISSING) {
      throw new NoSuchElementException(pointer);
    }
    return value;
  }

  static boolean has(Object document, String pointer) {
    return find(document, pointer) != MISSING;
  }

  private static Object find(Object document, String pointer) {
    if (pointer.isEmpty()) {
      return document;
    }
    Object parent = find(document, parent(pointer));
    String token = token(pointer);
    if (parent instanceof Map<?, ?> map && map.containsKey(token)) {
      return map.get(token);
    }
    return parent instanceof List<?> list
            && token.matches("0|[1-9]\\d{0,8}")
            && Integer.parseInt(token) < list.size()
        ? list.get(Integer.parseInt(token))
        : MISSING;
  }

  static String parent(String pointer) {
    return pointer.substring(0, pointer.lastIndexOf('/'));
  }

  private static String token(String pointer) {
    return pointer.substring(pointer.lastIndexOf('/') + 1).replace("~1", "/").replace("~0", "~");
  }
}
