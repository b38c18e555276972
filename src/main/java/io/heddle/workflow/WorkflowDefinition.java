package io.heddle.workflow;

import io.heddle.channel.ChannelDefinition;
import io.heddle.expression.Expressions;
import io.heddle.schema.JsonSchema;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A workflow that this host can execute. Immutable. Not a record only because its graph is looked
 * up for every step of every run and must not be searched each time.
 */
public final class WorkflowDefinition {

  private final String id;

  private final String name;

  private final String version;

  private final List<NodeDefinition> nodes;

  private final List<EdgeDefinition> edges;

  private final List<VariableDefinition> variables;

  private final Settings settings;

  private final Expressions expressions;

  private final @Nullable JsonSchema configurableSchema;

  private final Map<String, ChannelDefinition> channels;

  private final Map<String, @Nullable Object> document;

  private final Map<String, NodeDefinition> nodesById;

  private final Map<String, List<EdgeDefinition>> incoming;

  private final Map<String, List<EdgeDefinition>> outgoing;

  private final Set<String> backEdges;

  private final Map<String, Set<String>> bodies;

  /**
   * Joins the parts of a definition without checking them; see {@link WorkflowParser}.
   *
   * @param expressions those of the ports and edges
   * @param configurableSchema what the configuration of a run must fit, or null for anything
   * @param channels by name, in the order of the definition
   * @param document the definition as it was given, immutable, with what is only descriptive
   */
  public WorkflowDefinition(
      String id,
      String name,
      String version,
      List<NodeDefinition> nodes,
      List<EdgeDefinition> edges,
      List<VariableDefinition> variables,
      Settings settings,
      Expressions expressions,
      @Nullable JsonSchema configurableSchema,
      Map<String, ChannelDefinition> channels,
      Map<String, @Nullable Object> document) {
    this.id = id;
    this.name = name;
    this.version = version;
    this.nodes = List.copyOf(nodes);
    this.edges = List.copyOf(edges);
    this.variables = List.copyOf(variables);
    this.settings = settings;
    this.expressions = expressions;
    this.configurableSchema = configurableSchema;
    this.channels = Collections.unmodifiableMap(new LinkedHashMap<>(channels));
    this.document = Collections.unmodifiableMap(new LinkedHashMap<>(document));
    this.nodesById =
        nodes.stream().collect(Collectors.toUnmodifiableMap(NodeDefinition::id, it -> it));
    this.incoming = by(EdgeDefinition::targetNodeId, edges);
    this.outgoing = by(EdgeDefinition::sourceNodeId, edges);
    this.backEdges = Loops.backEdges(nodes, incoming, outgoing);
    this.bodies =
        edges.stream()
            .filter(this::leadsBack)
            .map(EdgeDefinition::targetNodeId)
            .distinct()
            .collect(
                Collectors.toUnmodifiableMap(
                    it -> it, target -> Loops.reachable(target, outgoing, backEdges)));
  }

  /** Unique among the workflows of its owner. */
  public String id() {
    return id;
  }

  /** For people. */
  public String name() {
    return name;
  }

  /** The author's version, which means nothing to the host. */
  public String version() {
    return version;
  }

  /** At least one, in the order of the definition. */
  public List<NodeDefinition> nodes() {
    return nodes;
  }

  /** In the order of the definition. */
  public List<EdgeDefinition> edges() {
    return edges;
  }

  /** In the order of the definition. */
  public List<VariableDefinition> variables() {
    return variables;
  }

  /** The names of the variables whose values only nodes may see. */
  public Set<String> sensitiveVariables() {
    return variables.stream()
        .filter(VariableDefinition::sensitive)
        .map(VariableDefinition::name)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** What the workflow asks of its runs. */
  public Settings settings() {
    return settings;
  }

  /** The expressions of ports and edges, compiled. */
  public Expressions expressions() {
    return expressions;
  }

  /** What the configuration of a run must fit; empty for anything. */
  public Optional<JsonSchema> configurableSchema() {
    return Optional.ofNullable(configurableSchema);
  }

  /** The channels that it declares, or that its nodes tell of, by name. */
  public Map<String, ChannelDefinition> channels() {
    return channels;
  }

  /** The definition as it was given. */
  public Map<String, @Nullable Object> document() {
    return document;
  }

  /** The node of this id, in constant time. */
  public Optional<NodeDefinition> node(String id) {
    return Optional.ofNullable(nodesById.get(id));
  }

  /** The edges that lead to a node, in the order of the definition, in constant time. */
  public List<EdgeDefinition> incoming(String nodeId) {
    return incoming.getOrDefault(nodeId, List.of());
  }

  /** The edges that leave a node, in the order of the definition, in constant time. */
  public List<EdgeDefinition> outgoing(String nodeId) {
    return outgoing.getOrDefault(nodeId, List.of());
  }

  /** Whether an edge closes a loop. Without such edges the graph is free of cycles. */
  public boolean leadsBack(EdgeDefinition edge) {
    return backEdges.contains(edge.id());
  }

  /** The node that a loop leads back to and everything after it; empty for any other node. */
  public Set<String> loopBody(String nodeId) {
    return bodies.getOrDefault(nodeId, Set.of());
  }

  @Override
  public String toString() {
    return "WorkflowDefinition[id=%s, version=%s]".formatted(id, version);
  }

  private static Map<String, List<EdgeDefinition>> by(
      Function<EdgeDefinition, String> end, List<EdgeDefinition> edges) {
    Map<String, List<EdgeDefinition>> byNode = new HashMap<>();
    for (EdgeDefinition edge : edges) {
      byNode.computeIfAbsent(end.apply(edge), nodeId -> new ArrayList<>()).add(edge);
    }
    byNode.replaceAll((nodeId, list) -> List.copyOf(list));
    return Map.copyOf(byNode);
  }
}
