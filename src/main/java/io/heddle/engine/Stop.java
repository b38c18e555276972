package io.heddle.engine;

import io.heddle.run.RunError;
import io.heddle.workflow.NodeDefinition;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why a run ends as failed. */
sealed interface Stop {

  /**
   * A failure that nothing makes up for.
   *
   * @param nodeId which node failed; null if the run did
   */
  record Failed(RunError error, @Nullable String nodeId) implements Stop {}

  /**
   * The run wants to do more than it may.
   *
   * @param nodeId the node that wanted it; null if none did
   * @param code of the error that the run ends with
   */
  record Breached(String kind, long limit, long observed, @Nullable String nodeId, String code)
      implements Stop {}

  /** The failure of a node, if there is one. */
  static Optional<Stop> of(NodeDefinition node, Optional<RunError> error) {
    return error.map(it -> new Failed(it, node.id()));
  }
}
