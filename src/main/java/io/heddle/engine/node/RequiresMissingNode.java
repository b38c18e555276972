package io.heddle.engine.node;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.Set;

/**
 * {@code conformance.requiresMissing}: requires what no host provides, so that it can be seen that
 * such a node is not started. For test deployments only.
 */
public final class RequiresMissingNode implements NodeExecutor {

  @Override
  public String typeId() {
    return "conformance.requiresMissing";
  }

  @Override
  public Set<String> requires() {
    return Set.of("conformance.never-provided");
  }

  @Override
  public NodeResult execute(NodeContext context) {
    throw new IllegalStateException("A node was started that requires what is not provided");
  }
}
