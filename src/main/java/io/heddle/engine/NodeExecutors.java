package io.heddle.engine;

import io.heddle.secret.SecretSources;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.SecretSource;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The node types of this host. Immutable. */
public final class NodeExecutors {

  private static final Pattern GRAMMAR = Pattern.compile("[a-z][a-zA-Z0-9._-]{0,255}");

  private final Map<String, NodeExecutor> byTypeId;

  private final Map<String, Set<String>> requirements = new HashMap<>();

  private final SecretSources secrets;

  /** Node types that get no secrets. */
  public NodeExecutors(Collection<NodeExecutor> executors) {
    this(executors, SecretSources.NONE);
  }

  /**
   * @param secrets where nodes get theirs
   * @throws IllegalArgumentException for a malformed type id or one that is there twice
   */
  public NodeExecutors(Collection<NodeExecutor> executors, SecretSources secrets) {
    this.secrets = secrets;
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

  /** Where nodes get their secrets. */
  SecretSources secrets() {
    return secrets;
  }

  /**
   * The secrets that a run of a workflow would need and would not get, sorted.
   *
   * @throws io.heddle.secret.SecretUnavailableException if that cannot be told now
   */
  List<String> missingSecrets(WorkflowDefinition definition, Tenant tenant, String principal) {
    SortedSet<String> missing = new TreeSet<>();
    for (NodeDefinition node : definition.nodes()) {
      if (!node.disabled()) {
        missing.addAll(of(node.typeId()).requiresSecrets(node.config()));
      }
    }
    missing.removeIf(id -> isProvisioned(id, tenant, principal));
    return List.copyOf(missing);
  }

  private boolean isProvisioned(String secretId, Tenant tenant, String principal) {
    try {
      return SecretSources.isId(secretId)
          && secrets
              .find(new SecretSource.Request(secretId, tenant.id(), principal, null))
              .isPresent();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  NodeExecutor of(String typeId) {
    NodeExecutor executor = byTypeId.get(typeId);
    if (executor == null) {
      throw new IllegalStateException("This host has no executor for the node type " + typeId);
    }
    return executor;
  }
}
