package io.heddle.engine.node;

import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.approvalGate}: waits for a decision [interrupt.md §Approval]. An acceptance completes
 * it with the decision, and with the artifact as it was shown or edited; a rejection or the end of
 * its time fails it. A request for refinement completes it, so that edges can lead back.
 */
public final class ApprovalGateNode implements NodeExecutor {

  private static final List<String> ACTIONS =
      List.of("accept", "reject", "refine", "edit-accept", "ask");

  private static final List<String> POLICIES = List.of("single-veto", "majority");

  private static final List<String> RULES =
      List.of(
          "requiredApprovals",
          "rejectionPolicy",
          "approversList",
          "approverGroupRefs",
          "approverRoleRefs",
          "profile");

  private static final String AUTH_REQUIRED = "openwop-interrupt-auth-required";

  private static final int MOST_APPROVERS = 100;

  private static final String ARTIFACT = "artifactData";

  @Override
  public String typeId() {
    return "core.approvalGate";
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    config.forEach(
        (member, value) -> {
          String fault =
              switch (member) {
                case "title", "description", "artifactId", "artifactType" ->
                    GateConfig.text(value, 4_096);
                case "actions" -> actionsFault(value);
                case "timeoutMs" -> GateConfig.timeout(value);
                case ARTIFACT -> null;
                case "requiredApprovals" ->
                    value instanceof Integer number && number >= 1 && number <= MOST_APPROVERS
                        ? null
                        : "must be an integer from 1 to " + MOST_APPROVERS;
                case "rejectionPolicy" ->
                    POLICIES.contains(value)
                        ? null
                        : "must be one of " + String.join(", ", POLICIES);
                case "approversList" -> namesFault(value, "principal ids");
                case "approverGroupRefs" -> namesFault(value, "groups");
                case "approverRoleRefs" -> namesFault(value, "roles");
                case "profile" ->
                    AUTH_REQUIRED.equals(value) ? null : "must be " + AUTH_REQUIRED + ", or absent";
                default -> GateConfig.UNKNOWN;
              };
          if (fault != null) {
            faults.put("/" + member, fault);
          }
        });
    if (config.get("requiredApprovals") instanceof Integer required
        && required > 1
        && config.get("actions") instanceof List<?> actions
        && actions.contains("edit-accept")) {
      faults.put("/actions", "must not hold edit-accept where several have to approve the same");
    }
    if (config.get("approversList") instanceof List<?> approvers
        && !approvers.isEmpty()
        && isEmpty(config.get("approverGroupRefs"))
        && isEmpty(config.get("approverRoleRefs"))
        && config.get("requiredApprovals") instanceof Integer required
        && required > approvers.size()) {
      faults.put("/requiredApprovals", "must not exceed the number of approvers");
    }
    return faults;
  }

  private static boolean isEmpty(@Nullable Object list) {
    return !(list instanceof List<?> names) || names.isEmpty();
  }

  private static @Nullable String namesFault(@Nullable Object value, String what) {
    return value instanceof List<?> approvers
            && approvers.size() <= MOST_APPROVERS
            && approvers.stream().allMatch(it -> GateConfig.text(it, 256) == null)
            && new HashSet<>(approvers).size() == approvers.size()
        ? null
        : "must be an array of at most %d different %s".formatted(MOST_APPROVERS, what);
  }

  private static @Nullable String actionsFault(@Nullable Object value) {
    return value instanceof List<?> actions
            && !actions.isEmpty()
            && ACTIONS.containsAll(actions)
            && new HashSet<>(actions).size() == actions.size()
        ? null
        : "must be a non-empty array of different actions out of " + String.join(", ", ACTIONS);
  }

  @Override
  public NodeResult execute(NodeContext context) {
    Resumption resumption = context.resumption();
    return resumption == null
        ? NodeResult.suspended(request(context))
        : decided(context, resumption);
  }

  private static InterruptRequest request(NodeContext context) {
    Map<String, @Nullable Object> config = context.config();
    Map<String, @Nullable Object> data = new LinkedHashMap<>();
    data.put("artifactId", config.getOrDefault("artifactId", context.nodeId()));
    data.put("artifactType", config.getOrDefault("artifactType", "decision"));
    data.put("title", config.getOrDefault("title", "Approval"));
    if (config.get("description") != null) {
      data.put("description", config.get("description"));
    }
    if (artifact(context) != null) {
      data.put(ARTIFACT, artifact(context));
    }
    for (String member : RULES) {
      if (config.containsKey(member)) {
        data.put(member, config.get(member));
      }
    }
    data.put("actions", config.getOrDefault("actions", List.of("accept", "reject")));
    return new InterruptRequest(InterruptKind.APPROVAL, data, null, GateConfig.timeout(config));
  }

  private static @Nullable Object artifact(NodeContext context) {
    return context.inputs().containsKey(ARTIFACT)
        ? context.inputs().get(ARTIFACT)
        : context.config().get(ARTIFACT);
  }

  private static NodeResult decided(NodeContext context, Resumption resumption) {
    if (resumption.timedOut()) {
      return NodeResult.failed("interrupt_timeout", "Nobody decided in time");
    }
    Map<String, @Nullable Object> decision = new LinkedHashMap<>();
    if (resumption.value() instanceof Map<?, ?> given) {
      given.forEach((member, value) -> decision.put(String.valueOf(member), value));
    }
    if ("reject".equals(decision.get("action"))) {
      return NodeResult.failed("approval_rejected", "The approval was rejected");
    }
    if (decision.containsKey("editedArtifactData")) {
      decision.put(ARTIFACT, decision.get("editedArtifactData"));
    } else if (artifact(context) != null) {
      decision.put(ARTIFACT, artifact(context));
    }
    if (resumption.resolvedBy() != null) {
      decision.put("decidedBy", resumption.resolvedBy());
    }
    return NodeResult.completed(decision);
  }
}
