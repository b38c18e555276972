package io.heddle.engine;

import io.heddle.spi.NodeExecutor;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The node types of this host. Immutable. */
public final class NodeExecutors {

  private static final Pattern GRAMMAR = Pattern.compile("[a-z][a-zA-Z0-9._-]{0,255}");

  private final Map<String, NodeExecutor> byTypeId;

  private final Map<String, Set<String>> requirements = new HashMap<>();

  /**
   * @throws IllegalArgumentException for a malformed type id or one that is there twice
   */
  public NodeExecutors(Collection<NodeExecutor> executors) {
    Map<String, NodeExecutor> found = new TreeMap<>();
    for (NodeExecutor executor : executors) {
      String typeId = executor.typeId();
      if (!GRAMMAR.matcher(typeId).matches()) {
        throw new IllegalArgumentException(
            "%s has the malformed node type '%s'".formatted(executor.getClass().getName(), typeId));
      }
      requirements.put(typeId, Set.copyOf(executor.requires()));
      NodeExecutor other = found.put(typeId, executor);
      if (other != null) {
        throw new IllegalArgumentException(
            "The node type '%s' is offered twice: by %s and by %s"
                .formatted(typeId, other.getClass().getName(), executor.getClass().getName()));
      }
    }
    byTypeId = Collections.unmodifiableMap(found);
  }

  /** The executors by node type. */
  public Map<String, NodeExecutor> byTypeId() {
    return byTypeId;
  }

  /** What a host must provide for nodes of this type; asked of the executor once, at the start. */
  Set<String> requirements(String typeId) {
    return requirements.getOrDefault(typeId, Set.of());
  }

  NodeExecutor of(String typeId) {
    NodeExecutor executor = byTypeId.get(typeId);
    if (executor == null) {
      throw new IllegalStateException("This host has no executor for the node type " + typeId);
    }
    return executor;
  }
}
