package io.heddle.engine.node;

import io.heddle.json.Json;
import io.heddle.run.Governance;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.openwop.governance.approvalGate}: waits until as many as are required, of those who
 * have a role or a scope, have granted what is behind it [interrupt-profiles.md
 * §core.openwop.governance.approvalGate]. It completes with the decision, whichever it is; a
 * rejection is an outcome and no failure. Nobody's answer in time is a rejection.
 */
public final class GovernanceGateNode implements NodeExecutor {

  public static final String TYPE = "core.openwop.governance.approvalGate";

  /** The most grants that a gate can wait for. */
  private static final int LARGEST_QUORUM = 100;

  private static final int LONGEST_NAME = 256;

  private static final long LONGEST_SECONDS = Duration.ofDays(36_525).toSeconds();

  private static final String TITLE = "title";

  private static final String DESCRIPTION = "description";

  private static final String TIMEOUT = "timeoutSec";

  private static final String SCHEMA = "resumeSchema";

  private static final String AUDITED = "audited";

  private static final String PROFILE = "profile";

  // A token names nobody who could have a role.
  private static final String AUTH_REQUIRED = "openwop-interrupt-auth-required";

  private static final List<String> SHOWN =
      List.of(
          Governance.REQUIRED_ROLE,
          Governance.REQUIRED_SCOPE,
          Governance.QUORUM,
          Governance.OVERRIDE,
          Governance.OVERRIDE_BYPASSES_QUORUM);

  @Override
  public String typeId() {
    return TYPE;
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
                case TITLE, DESCRIPTION -> GateConfig.text(value, 4_096);
                case Governance.REQUIRED_ROLE, Governance.REQUIRED_SCOPE -> name(value);
                case Governance.QUORUM ->
                    value instanceof Integer number && number >= 1 && number <= LARGEST_QUORUM
                        ? null
                        : "must be an integer from 1 to " + LARGEST_QUORUM;
                case Governance.OVERRIDE_BYPASSES_QUORUM ->
                    value instanceof Boolean ? null : "must be true or false";
                case TIMEOUT -> timeout(value);
                case SCHEMA -> isOutline(value) ? null : SchemaFaults.of(value);
                case Governance.OVERRIDE -> {
                  override(value, faults);
                  yield null;
                }
                default -> GateConfig.UNKNOWN;
              };
          if (fault != null) {
            faults.put(Json.pointer("", member), fault);
          }
        });
    if (!config.containsKey(Governance.REQUIRED_ROLE)
        && !config.containsKey(Governance.REQUIRED_SCOPE)) {
      faults.put("", "must have requiredRole or requiredScope, for nobody could decide otherwise");
    }
    if (Boolean.TRUE.equals(config.get(Governance.OVERRIDE_BYPASSES_QUORUM))
        && !config.containsKey(Governance.OVERRIDE)) {
      faults.put("/" + Governance.OVERRIDE_BYPASSES_QUORUM, "must not be true without an override");
    }
    return faults;
  }

  private static @Nullable String name(@Nullable Object value) {
    return value instanceof String text && text.isBlank()
        ? "must not be blank"
        : GateConfig.text(value, LONGEST_NAME);
  }

  private static @Nullable String timeout(@Nullable Object value) {
    return value instanceof Number number
            && number.doubleValue() == Math.rint(number.doubleValue())
            && number.doubleValue() >= 1
            && number.doubleValue() <= LONGEST_SECONDS
        ? null
        : "must be a whole number of seconds from 1 to " + LONGEST_SECONDS;
  }

  private static void override(@Nullable Object value, Map<String, String> faults) {
    String place = "/" + Governance.OVERRIDE;
    if (!(value instanceof Map<?, ?>)) {
      faults.put(place, "must be an object");
      return;
    }
    Map<String, @Nullable Object> override = Json.object(value, place);
    if (!override.containsKey(Governance.REQUIRED_ROLE)) {
      faults.put(place + "/" + Governance.REQUIRED_ROLE, "is required");
    }
    override.forEach(
        (member, given) -> {
          String fault =
              switch (member) {
                case Governance.REQUIRED_ROLE -> name(given);
                case AUDITED ->
                    Boolean.TRUE.equals(given)
                        ? null
                        : "must be true, or absent: every override is audited";
                default -> GateConfig.UNKNOWN;
              };
          if (fault != null) {
            faults.put(Json.pointer(place, member), fault);
          }
        });
  }

  /** What the protocol's own example writes in place of a schema: the members and their types. */
  private static boolean isOutline(@Nullable Object value) {
    return value instanceof Map<?, ?> outline
        && !outline.isEmpty()
        && Set.of(Governance.DECISION, Governance.REASON).containsAll(outline.keySet())
        && outline.values().stream().allMatch(String.class::isInstance);
  }

  @Override
  public NodeResult execute(NodeContext context) {
    Resumption resumption = context.resumption();
    return resumption == null
        ? NodeResult.suspended(request(context))
        : NodeResult.completed(decided(resumption));
  }

  private static InterruptRequest request(NodeContext context) {
    Map<String, @Nullable Object> config = context.config();
    Map<String, @Nullable Object> data = new LinkedHashMap<>();
    data.put("artifactId", context.nodeId());
    data.put("artifactType", "governance-gate");
    data.put(TITLE, config.getOrDefault(TITLE, "Approval"));
    if (config.containsKey(DESCRIPTION)) {
      data.put(DESCRIPTION, config.get(DESCRIPTION));
    }
    data.put("actions", List.of("accept", "reject"));
    data.put(Governance.GATE, context.nodeId());
    for (String member : SHOWN) {
      if (config.containsKey(member)) {
        data.put(member, config.get(member));
      }
    }
    if (config.containsKey(Governance.QUORUM)) {
      data.put("requiredApprovals", config.get(Governance.QUORUM));
    }
    data.put(PROFILE, AUTH_REQUIRED);
    return new InterruptRequest(
        InterruptKind.APPROVAL,
        data,
        config.containsKey(SCHEMA) && !isOutline(config.get(SCHEMA))
            ? Json.object(config.get(SCHEMA), "/" + SCHEMA)
            : Governance.resumeSchema(),
        config.get(TIMEOUT) instanceof Number seconds
            ? Duration.ofSeconds(seconds.longValue())
            : null);
  }

  private static Map<String, @Nullable Object> decided(Resumption resumption) {
    if (resumption.timedOut()) {
      return Json.members(
          Governance.DECISION, Governance.REJECTED, Governance.REASON, "timeout", "timedOut", true);
    }
    Map<String, @Nullable Object> decision = new LinkedHashMap<>();
    if (resumption.value() instanceof Map<?, ?> given) {
      given.forEach((member, value) -> decision.put(String.valueOf(member), value));
    }
    // Whatever is not a grant is none.
    decision.putIfAbsent(Governance.DECISION, Governance.REJECTED);
    decision.put("decidedBy", resumption.resolvedBy());
    return decision;
  }
}
