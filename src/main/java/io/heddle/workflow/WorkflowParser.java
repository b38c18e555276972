package io.heddle.workflow;

import io.heddle.schema.InvalidSchemaException;
import io.heddle.schema.JsonSchema;
import io.heddle.spi.NodeExecutor;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Turns JSON documents into workflows that this host can execute. Thread-safe. */
public final class WorkflowParser {

  private final Map<String, NodeExecutor> nodeTypes;

  /**
   * @param nodeTypes the node types of this host by {@code typeId}
   */
  public WorkflowParser(Map<String, ? extends NodeExecutor> nodeTypes) {
    this.nodeTypes = Map.copyOf(nodeTypes);
  }

  /**
   * Reads a definition.
   *
   * @param document as read by {@link io.heddle.json.Json}
   * @throws InvalidWorkflowException when the host could not execute the document exactly as it
   *     says; lists all faults, up to a hundred
   */
  public WorkflowDefinition parse(@Nullable Object document) {
    Faults faults = new Faults();
    // Frozen before anything sees it, so that what was checked is what is executed.
    Object frozen = frozen(document);
    DefinitionShape.DEFINITION.check(frozen, Place.ROOT, faults);
    Element definition = Element.of(frozen, Place.ROOT);
    if (definition != null) {
      Formulas formulas = new Formulas(definition, faults);
      new References(definition, nodeTypes, faults).check();
      formulas.check();
      JsonSchema configurableSchema = configurableSchema(definition, faults);
      new UnsupportedFeatures(definition, faults).check();
      ChannelDeclarations channels = new ChannelDeclarations(definition, faults);
      channels.check();
      if (faults.isEmpty()) {
        return workflow(definition, formulas, configurableSchema, channels);
      }
    }
    throw new InvalidWorkflowException(faults.list());
  }

  private static @Nullable JsonSchema configurableSchema(Element definition, Faults faults) {
    Element schema = definition.object("configurableSchema");
    if (schema == null) {
      return null;
    }
    try {
      return JsonSchema.compile(schema.members());
    } catch (InvalidSchemaException e) {
      e.violations().forEach(it -> faults.add(schema.place().below(it.pointer()), it.problem()));
      return null;
    }
  }

  private static WorkflowDefinition workflow(
      Element definition,
      Formulas formulas,
      @Nullable JsonSchema configurableSchema,
      ChannelDeclarations channels) {
    return new WorkflowDefinition(
        definition.sound("id"),
        definition.sound("name"),
        definition.sound("version"),
        definition.items("nodes").stream().map(WorkflowParser::node).toList(),
        definition.items("edges").stream().map(edge -> edge(edge, formulas)).toList(),
        definition.items("variables").stream().map(WorkflowParser::variable).toList(),
        settings(definition),
        formulas.expressions(),
        configurableSchema,
        channels.channels(),
        definition.members());
  }

  private static NodeDefinition node(Element node) {
    Element agent = node.object("agent");
    Map<String, PortValue> inputs = new LinkedHashMap<>();
    Element ports = Objects.requireNonNull(node.object("inputs"));
    for (String name : ports.members().keySet()) {
      inputs.put(name, port(Objects.requireNonNull(ports.object(name))));
    }
    return new NodeDefinition(
        node.sound("id"),
        node.sound("typeId"),
        Objects.requireNonNull(node.object("config")).members(),
        inputs,
        node.isTrue("disabled"),
        "primary".equals(node.text("outputRole")),
        agent == null ? null : agent.members(),
        outputSensitivity(node),
        nodeTimeout(node.object("settings")));
  }

  private static Map<String, Boolean> outputSensitivity(Element node) {
    Map<String, Boolean> sensitivity = new LinkedHashMap<>();
    Element given = node.object("outputSensitivity");
    if (given != null) {
      given.members().keySet().forEach(port -> sensitivity.put(port, given.isTrue(port)));
    }
    return sensitivity;
  }

  private static @Nullable Long nodeTimeout(@Nullable Element settings) {
    BigDecimal timeout = settings == null ? null : settings.number(DefinitionShape.NODE_TIMEOUT);
    return timeout == null || timeout.signum() == 0 ? null : (Long) timeout.longValueExact();
  }

  private static PortValue port(Element port) {
    return switch (port.sound("type")) {
      case "static" -> new PortValue.Static(port.get("value"));
      case "variable" ->
          new PortValue.Variable(port.sound("variableName"), port.isTrue("optional"));
      case "connection" ->
          new PortValue.Connection(
              port.sound("nodeId"), port.sound("outputKey"), port.isTrue("optional"));
      case "expression" -> new PortValue.Expression(port.sound("expression"));
      default -> throw new IllegalStateException("A port of this type must have been refused");
    };
  }

  private static EdgeDefinition edge(Element edge, Formulas formulas) {
    String rule = edge.text("triggerRule");
    return new EdgeDefinition(
        edge.sound("id"),
        edge.sound("sourceNodeId"),
        edge.sound("targetNodeId"),
        rule == null ? TriggerRule.ALL_SUCCESS : TriggerRule.valueOf(rule.toUpperCase(Locale.ROOT)),
        formulas.condition(edge));
  }

  private static VariableDefinition variable(Element variable) {
    return new VariableDefinition(
        variable.sound("name"),
        VariableDefinition.Type.valueOf(variable.sound("type").toUpperCase(Locale.ROOT)),
        variable.isTrue("required"),
        variable.has("defaultValue"),
        variable.get("defaultValue"),
        variable.isTrue("sensitive"));
  }

  private static Settings settings(Element definition) {
    Element settings = Objects.requireNonNull(definition.object("settings"));
    var timeout = settings.number("timeout");
    var retries = settings.number("maxRetries");
    var iterations = settings.number("maxLoopbackIterations");
    return new Settings(
        timeout == null || timeout.signum() == 0 ? null : (Long) timeout.longValueExact(),
        retries == null ? 0 : bounded(retries),
        iterations == null ? Settings.DEFAULT_LOOPBACK_ITERATIONS : bounded(iterations));
  }

  // Far above what the limit on node executions lets happen.
  private static int bounded(BigDecimal number) {
    return number.min(BigDecimal.valueOf(Integer.MAX_VALUE)).intValue();
  }

  private static @Nullable Object frozen(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
      map.forEach((name, member) -> copy.put(name, frozen(member)));
      return Collections.unmodifiableMap(copy);
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> copy = new ArrayList<>(list.size());
      list.forEach(item -> copy.add(frozen(item)));
      return Collections.unmodifiableList(copy);
    }
    return value;
  }
}
