package io.heddle.workflow;

import io.heddle.spi.NodeExecutor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the shape of a definition cannot say: that ids are unique, that every name names something
 * and that values fit what they are for.
 *
 * <p>A name is judged against the list it belongs to even if some entries of that list are faulty,
 * but not if the list itself is missing: that one fault would come back as hundreds.
 */
final class References {

  /** Takes decisions; the only node type that tells who acts in it. */
  static final String SUPERVISOR = "core.orchestrator.supervisor";

  private static final String DISPATCH = "core.dispatch";

  private final Element document;

  private final Map<String, NodeExecutor> nodeTypes;

  private final Faults faults;

  private final @Nullable Set<String> nodeIds;

  private final @Nullable Set<String> variableNames;

  References(Element document, Map<String, NodeExecutor> nodeTypes, Faults faults) {
    this.document = document;
    this.nodeTypes = nodeTypes;
    this.faults = faults;
    this.nodeIds = names("nodes", "id");
    this.variableNames = names("variables", "name");
  }

  void check() {
    unique("nodes", "id");
    document.items("nodes").forEach(this::node);
    orchestrated();
    unique("edges", "id");
    document.items("edges").forEach(this::edge);
    unique("triggers", "id");
    document.items("triggers").forEach(trigger -> namesNode(trigger, "nodeId"));
    unique("variables", "name");
    document.items("variables").forEach(this::variable);
    unique("groups", "id");
    document.items("groups").forEach(this::group);
  }

  private void unique(String list, String key) {
    Map<String, Place> owners = new HashMap<>();
    for (Element item : document.items(list)) {
      String name = item.text(key);
      Place owner = name == null ? null : owners.putIfAbsent(name, item.place());
      if (owner != null) {
        faults.add(item.at(key), "must differ from the %s of %s".formatted(key, owner.pointer()));
      }
    }
  }

  private void node(Element node) {
    String typeId = node.text("typeId");
    Element config = node.object("config");
    if (typeId != null) {
      NodeExecutor executor = nodeTypes.get(typeId);
      if (executor == null) {
        faults.add(node.at("typeId"), "is not a node type of this host");
      } else if (config != null) {
        executor
            .configFaults(config.members())
            .forEach((pointer, problem) -> faults.add(config.place().below(pointer), problem));
      }
    }
    for (Element port : node.entries("inputs")) {
      port(node, port);
    }
  }

  /** A node that carries out decisions needs somebody who takes them. */
  private void orchestrated() {
    List<Element> nodes = document.items("nodes");
    if (nodes.stream().noneMatch(node -> SUPERVISOR.equals(node.text("typeId")))) {
      nodes.stream()
          .filter(node -> DISPATCH.equals(node.text("typeId")) && nodeTypes.containsKey(DISPATCH))
          .forEach(node -> faults.add(node.at("typeId"), "needs a " + SUPERVISOR + " node"));
    }
  }

  private void port(Element node, Element port) {
    String type = port.text("type");
    if ("connection".equals(type)) {
      String source = port.text("nodeId");
      if (source != null && source.equals(node.text("id"))) {
        faults.add(port.at("nodeId"), "must not be the node itself");
      } else {
        namesNode(port, "nodeId");
      }
    } else if ("variable".equals(type)
        && !port.isTrue("optional")
        && isMissing(port.text("variableName"), variableNames)) {
      faults.add(port.at("variableName"), "is not a variable of this workflow");
    }
  }

  private void edge(Element edge) {
    namesNode(edge, "sourceNodeId");
    namesNode(edge, "targetNodeId");
  }

  private void variable(Element variable) {
    VariableDefinition.Type type = type(variable);
    if (type != null
        && variable.has("defaultValue")
        && !type.accepts(variable.get("defaultValue"))) {
      faults.add(variable.at("defaultValue"), type.problem());
    }
  }

  private void group(Element group) {
    List<?> members = group.list("nodeIds");
    for (int i = 0; members != null && i < members.size(); i++) {
      if (members.get(i) instanceof String member && isMissing(member, nodeIds)) {
        faults.add(group.at("nodeIds").at(i), "is not a node of this workflow");
      }
    }
  }

  private void namesNode(Element element, String member) {
    if (isMissing(element.text(member), nodeIds)) {
      faults.add(element.at(member), "is not a node of this workflow");
    }
  }

  private static boolean isMissing(@Nullable String name, @Nullable Set<String> known) {
    return name != null && known != null && !known.contains(name);
  }

  private @Nullable Set<String> names(String list, String key) {
    if (document.list(list) == null) {
      return null;
    }
    Set<String> names = new HashSet<>();
    for (Element item : document.items(list)) {
      String name = item.text(key);
      if (name != null) {
        names.add(name);
      }
    }
    return names;
  }

  private static VariableDefinition.@Nullable Type type(Element variable) {
    String word = variable.text("type");
    for (VariableDefinition.Type type : VariableDefinition.Type.values()) {
      if (type.name().toLowerCase(Locale.ROOT).equals(word)) {
        return type;
      }
    }
    return null;
  }
}
