package io.heddle.engine;

import io.heddle.redaction.Masking;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run gives back: the outputs of the nodes marked as primary, or else of the nodes that no
 * edge leaves. One such node gives its outputs as they are; several are told apart by their ids.
 * What only nodes may see is masked.
 */
final class RunOutputs {

  private RunOutputs() {}

  static Map<String, @Nullable Object> of(WorkflowDefinition definition, RunState state) {
    List<NodeDefinition> sources =
        definition.nodes().stream().filter(NodeDefinition::primaryOutput).toList();
    if (sources.isEmpty()) {
      sources =
          definition.nodes().stream()
              .filter(node -> definition.outgoing(node.id()).isEmpty())
              .toList();
    }
    Masking masking = Masking.of(state);
    Map<String, @Nullable Object> byNode = new LinkedHashMap<>();
    for (NodeDefinition node : sources) {
      NodeState reached = state.nodes().get(node.id());
      if (reached != null && reached.progress() == Progress.COMPLETED) {
        Map<String, @Nullable Object> outputs =
            masking.outputs(node.outputSensitivity(), reached.outputs());
        if (sources.size() == 1) {
          return outputs;
        }
        byNode.put(node.id(), outputs);
      }
    }
    return byNode;
  }
}
