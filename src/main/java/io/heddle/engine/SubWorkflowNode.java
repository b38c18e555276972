package io.heddle.engine;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.subWorkflow}: starts a run of another workflow and, unless told otherwise, waits for
 * it. The engine executes it itself, for it starts runs in the transaction of its own step.
 */
final class SubWorkflowNode implements NodeExecutor {

  static final String TYPE = "core.subWorkflow";

  private static final Pattern WORKFLOW_ID = Pattern.compile("[a-z][a-z0-9_-]{0,127}");

  private static final String ATTESTATION = "outputAttestation";

  private static final List<String> ON_FAILURE = List.of("fail-parent", "continue");

  /**
   * What the configuration says.
   *
   * @param inputs child variable to parent variable
   * @param outputs parent variable to child variable
   */
  record Config(
      String workflowId,
      boolean waits,
      boolean failsWithChild,
      Map<String, String> inputs,
      Map<String, String> outputs,
      OutputAttestation attestation) {

    static Config of(Map<String, @Nullable Object> config) {
      return new Config(
          String.valueOf(config.get("workflowId")),
          !Boolean.FALSE.equals(config.get("waitForCompletion")),
          !"continue".equals(config.get("onChildFailure")),
          mapping(config, "inputMapping"),
          mapping(config, "outputMapping"),
          OutputAttestation.of(config.get(ATTESTATION)));
    }

    private static Map<String, String> mapping(
        Map<String, @Nullable Object> config, String member) {
      Map<String, String> mapping = new LinkedHashMap<>();
      if (config.get(member) instanceof Map<?, ?> given) {
        given.forEach((to, from) -> mapping.put(String.valueOf(to), String.valueOf(from)));
      }
      return mapping;
    }
  }

  @Override
  public String typeId() {
    return TYPE;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    for (var member : config.entrySet()) {
      String fault =
          switch (member.getKey()) {
            case "workflowId" ->
                member.getValue() instanceof String id && WORKFLOW_ID.matcher(id).matches()
                    ? null
                    : "must be a workflow id";
            case "waitForCompletion" ->
                member.getValue() instanceof Boolean ? null : "must be true or false";
            case "propagateCancellation" ->
                Boolean.TRUE.equals(member.getValue())
                    ? null
                    : "must be true; false is not executed by this host";
            case "onChildFailure" ->
                ON_FAILURE.contains(member.getValue())
                    ? null
                    : "must be one of " + String.join(", ", ON_FAILURE);
            case "inputMapping", "outputMapping" ->
                isMapping(member.getValue()) ? null : "must map names to names";
            case ATTESTATION -> null;
            default -> "is not executed by this host";
          };
      if (fault != null) {
        faults.put("/" + member.getKey(), fault);
      }
    }
    if (config.containsKey(ATTESTATION)) {
      OutputAttestation.faults(config.get(ATTESTATION))
          .forEach((pointer, fault) -> faults.put("/" + ATTESTATION + pointer, fault));
      if (Boolean.FALSE.equals(config.get("waitForCompletion"))
          && !OutputAttestation.of(config.get(ATTESTATION)).isNone()) {
        faults.put("/" + ATTESTATION, "needs a node that waits for its sub-workflow");
      }
    }
    if (!config.containsKey("workflowId")) {
      faults.put("/workflowId", "is required");
    }
    return faults;
  }

  @Override
  public NodeResult execute(NodeContext context) {
    throw new IllegalStateException("The engine executes this node itself");
  }

  private static boolean isMapping(@Nullable Object value) {
    return value instanceof Map<?, ?> mapping
        && mapping.values().stream()
            .allMatch(name -> name instanceof String text && !text.isEmpty());
  }
}
