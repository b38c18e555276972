package io.heddle.engine;

import io.heddle.spi.NodeExecutor;
import java.util.Optional;
import java.util.Set;

/**
 * What this host offers to nodes at run time; see {@link NodeExecutor#requires()}. What is
 * advertised is read from here.
 *
 * @param provided ids of capabilities
 */
public record RuntimeCapabilities(Set<String> provided) {

  public RuntimeCapabilities {
    provided = Set.copyOf(provided);
  }

  /** The first capability in alphabetical order that is required and not there. */
  Optional<String> missing(Set<String> required) {
    return required.stream().filter(id -> !provided.contains(id)).sorted().findFirst();
  }
}
