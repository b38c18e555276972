package io.heddle.testkit;

import io.heddle.json.Json;
import io.heddle.spi.WorkflowSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A workflow definition, written down as far as a test cares. */
public final class WorkflowBuilder {

  private final String id;

  private final List<Map<String, Object>> nodes = new ArrayList<>();

  private final List<Object> edges = new ArrayList<>();

  private final List<Object> variables = new ArrayList<>();

  private final Map<String, Object> channels = new LinkedHashMap<>();

  private final Map<String, Object> settings = new LinkedHashMap<>();

  private @Nullable Map<String, Object> configurableSchema;

  private WorkflowBuilder(String id) {
    this.id = id;
  }

  public static WorkflowBuilder workflow(String id) {
    return new WorkflowBuilder(id);
  }

  public WorkflowBuilder node(String nodeId, String typeId) {
    return node(nodeId, typeId, Map.of());
  }

  public WorkflowBuilder node(String nodeId, String typeId, Map<String, Object> config) {
    nodes.add(element(nodeId, typeId, config));
    return this;
  }

  public WorkflowBuilder node(
      String nodeId, String typeId, Map<String, Object> config, Map<String, Object> inputs) {
    Map<String, Object> node = element(nodeId, typeId, config);
    node.put("inputs", inputs);
    nodes.add(node);
    return this;
  }

  /** A node with members besides those that every node has. */
  public WorkflowBuilder nodeWith(
      String nodeId, String typeId, Map<String, Object> config, Map<String, Object> members) {
    Map<String, Object> node = element(nodeId, typeId, config);
    node.putAll(members);
    nodes.add(node);
    return this;
  }

  /**
   * @param members of the declaration besides the reducer
   */
  public WorkflowBuilder channel(String name, String reducer, Map<String, Object> members) {
    Map<String, Object> channel = new LinkedHashMap<>(members);
    channel.put("reducer", reducer);
    channels.put(name, channel);
    return this;
  }

  /** How long one call of the node added last may take. */
  public WorkflowBuilder nodeTimeout(Object millis) {
    nodes.get(nodes.size() - 1).put("settings", Map.of("timeoutMs", millis));
    return this;
  }

  public WorkflowBuilder disabled(String nodeId) {
    Map<String, Object> node = element(nodeId, "core.noop", Map.of());
    node.put("disabled", true);
    nodes.add(node);
    return this;
  }

  /** Nodes of one type, each after the one before. */
  public WorkflowBuilder chain(String typeId, String... nodeIds) {
    for (int i = 0; i < nodeIds.length; i++) {
      node(nodeIds[i], typeId);
      if (i > 0) {
        edge(nodeIds[i - 1], nodeIds[i]);
      }
    }
    return this;
  }

  public WorkflowBuilder edge(String source, String target) {
    return edge(source, target, null);
  }

  public WorkflowBuilder edge(String source, String target, @Nullable String triggerRule) {
    Map<String, Object> edge = new LinkedHashMap<>();
    edge.put("id", "e" + edges.size());
    edge.put("sourceNodeId", source);
    edge.put("targetNodeId", target);
    if (triggerRule != null) {
      edge.put("triggerRule", triggerRule);
    }
    edges.add(edge);
    return this;
  }

  /** An edge that is followed only if a condition holds. */
  public WorkflowBuilder edgeIf(String source, String target, Map<String, Object> condition) {
    Map<String, Object> edge = new LinkedHashMap<>();
    edge.put("id", "e" + edges.size());
    edge.put("sourceNodeId", source);
    edge.put("targetNodeId", target);
    edge.put("condition", condition);
    edges.add(edge);
    return this;
  }

  public WorkflowBuilder configurableSchema(Map<String, Object> schema) {
    configurableSchema = schema;
    return this;
  }

  public WorkflowBuilder timeout(long millis) {
    settings.put("timeout", millis);
    return this;
  }

  public WorkflowBuilder maxRetries(int times) {
    settings.put("maxRetries", times);
    return this;
  }

  public WorkflowBuilder maxLoopbackIterations(int times) {
    settings.put("maxLoopbackIterations", times);
    return this;
  }

  public WorkflowBuilder variable(String name, @Nullable Object defaultValue) {
    Map<String, Object> variable = new LinkedHashMap<>();
    variable.put("name", name);
    variable.put("type", defaultValue instanceof Number ? "number" : "string");
    if (defaultValue != null) {
      variable.put("defaultValue", defaultValue);
    }
    variables.add(variable);
    return this;
  }

  /** A variable that every run must be given. */
  public WorkflowBuilder required(String name) {
    Map<String, Object> variable = new LinkedHashMap<>();
    variable.put("name", name);
    variable.put("type", "string");
    variable.put("required", true);
    variables.add(variable);
    return this;
  }

  /** A variable whose value only nodes may see. */
  public WorkflowBuilder sensitiveVariable(String name, @Nullable Object defaultValue) {
    variable(name, defaultValue);
    member(variables, variables.size() - 1).put("sensitive", true);
    return this;
  }

  /** An input of the node that was added last. */
  public WorkflowBuilder input(String port, Map<String, @Nullable Object> source) {
    return nested("inputs", port, source);
  }

  /** Whether only nodes may see an output of the node that was added last. */
  public WorkflowBuilder outputSensitivity(String port, boolean sensitive) {
    return nested("outputSensitivity", port, sensitive);
  }

  private WorkflowBuilder nested(String member, String name, Object value) {
    Map<String, Object> node = member(nodes, nodes.size() - 1);
    Map<String, Object> object = new LinkedHashMap<>();
    if (node.get(member) instanceof Map<?, ?> before) {
      before.forEach((key, given) -> object.put((String) key, given));
    }
    object.put(name, value);
    node.put(member, object);
    return this;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> member(List<?> list, int index) {
    return (Map<String, Object>) list.get(index);
  }

  public String id() {
    return id;
  }

  public String json() {
    Map<String, @Nullable Object> definition =
        Json.members(
            "id",
            id,
            "name",
            id,
            "version",
            "1.0",
            "nodes",
            nodes,
            "edges",
            edges,
            "triggers",
            List.of(),
            "variables",
            variables,
            "metadata",
            Map.of(),
            "settings",
            settings);
    if (!channels.isEmpty()) {
      definition.put("channels", channels);
    }
    if (configurableSchema != null) {
      definition.put("configurableSchema", configurableSchema);
    }
    return Json.write(definition);
  }

  /** As an application offers it. */
  public WorkflowSource.Document document() {
    return new WorkflowSource.Document(id, json());
  }

  private static Map<String, Object> element(
      String nodeId, String typeId, Map<String, Object> config) {
    Map<String, Object> node = new LinkedHashMap<>();
    node.put("id", nodeId);
    node.put("typeId", typeId);
    node.put("name", nodeId);
    node.put("position", Map.of("x", 0, "y", 0));
    node.put("config", config);
    node.put("inputs", Map.of());
    return node;
  }
}
