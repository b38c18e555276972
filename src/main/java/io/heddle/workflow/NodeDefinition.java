package io.heddle.workflow;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One node of a workflow.
 *
 * @param id unique within its workflow
 * @param config what the node type is told about this node; part of the definition
 * @param inputs where each input port gets its value from, in the order of the definition
 * @param primaryOutput whether the author calls its output the result of the workflow
 * @param agent who acts in this node, as the author describes it, or null
 * @param outputSensitivity for each output that the author speaks of, whether only nodes may see it
 * @param timeoutMs how long one call of its executor may take, or null for as long as the host
 *     allows
 */
public record NodeDefinition(
    String id,
    String typeId,
    Map<String, @Nullable Object> config,
    Map<String, PortValue> inputs,
    boolean disabled,
    boolean primaryOutput,
    @Nullable Map<String, @Nullable Object> agent,
    Map<String, Boolean> outputSensitivity,
    @Nullable Long timeoutMs) {

  public NodeDefinition {
    config = Collections.unmodifiableMap(new LinkedHashMap<>(config));
    inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    outputSensitivity = Map.copyOf(outputSensitivity);
  }

  // The configuration may hold secrets.
  @Override
  public String toString() {
    return "NodeDefinition[id=%s, typeId=%s]".formatted(id, typeId);
  }
}
