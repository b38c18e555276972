package io.heddle.run;

import io.heddle.json.Json;
import io.heddle.spi.InterruptKind;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the log tells of governance gates and of what was denied [interrupt-profiles.md
 * §core.openwop.governance.approvalGate, auth §Role-based authorization]. Members are the
 * protocol's.
 */
public final class Governance {

  /** The member of a question that names its gate, and of the events that tell of the gate. */
  public static final String GATE = "gateId";

  public static final String REQUIRED_ROLE = "requiredRole";

  public static final String REQUIRED_SCOPE = "requiredScope";

  public static final String QUORUM = "quorum";

  public static final String OVERRIDE = "override";

  public static final String OVERRIDE_BYPASSES_QUORUM = "overrideBypassesQuorum";

  /** The member of an answer that decides. */
  public static final String DECISION = "decision";

  public static final String GRANTED = "granted";

  public static final String REJECTED = "rejected";

  public static final String REASON = "reason";

  /** The longest reason, in characters. */
  public static final int LONGEST_REASON = 2_000;

  private static final String PRINCIPAL = "principal";

  private Governance() {}

  /** Whether a question is that of a governance gate. */
  public static boolean isGate(InterruptKind kind, Map<String, @Nullable Object> data) {
    return kind == InterruptKind.APPROVAL && data.get(GATE) instanceof String;
  }

  /** What an answer must look like where the definition of the gate says nothing. */
  public static Map<String, @Nullable Object> resumeSchema() {
    return Json.members(
        "type",
        "object",
        "properties",
        Json.members(
            DECISION,
            Json.members("enum", List.of(GRANTED, REJECTED)),
            "action",
            Json.members("enum", List.of("accept", "reject")),
            REASON,
            Json.members("type", "string", "maxLength", LONGEST_REASON),
            OVERRIDE,
            Json.members("type", "boolean")),
        "anyOf",
        List.of(
            Json.members("required", List.of(DECISION)),
            Json.members("required", List.of("action"))),
        "additionalProperties",
        false);
  }

  /**
   * Somebody granted what a gate holds back.
   *
   * @param granted how many have by now
   * @param required how many have to
   */
  public static NewEvent granted(
      String nodeId, String gateId, String principal, int granted, int required) {
    Map<String, @Nullable Object> payload = Json.members(GATE, gateId, PRINCIPAL, principal);
    if (required > 1) {
      payload.put("quorumProgress", Json.members(GRANTED, granted, "required", required));
    }
    return NewEvent.of(EventType.APPROVAL_GRANTED, nodeId, Json.write(payload));
  }

  /** Somebody rejected what a gate holds back. */
  public static NewEvent rejected(
      String nodeId, String gateId, String principal, @Nullable String reason) {
    Map<String, @Nullable Object> payload = Json.members(GATE, gateId, PRINCIPAL, principal);
    if (reason != null) {
      payload.put(REASON, reason);
    }
    return NewEvent.of(EventType.APPROVAL_REJECTED, nodeId, Json.write(payload));
  }

  /** Somebody overrode a gate. */
  public static NewEvent overridden(String nodeId, String gateId, String principal, String reason) {
    return NewEvent.of(
        EventType.APPROVAL_OVERRIDDEN,
        nodeId,
        Json.write(Json.members(GATE, gateId, PRINCIPAL, principal, REASON, reason)));
  }

  /** Somebody was not let do something with a run. No node did anything, so none is named. */
  public static NewEvent denied(Denials.Denial denial) {
    return NewEvent.of(
        EventType.AUTHORIZATION_DECIDED,
        null,
        Json.write(
            decided(
                denial.principal(), denial.action(), denial.resource(), false, denial.reason())));
  }

  /** The members that tell of a decision. */
  public static Map<String, @Nullable Object> decided(
      String principal, String action, String resource, boolean allowed, String reason) {
    return Json.members(
        PRINCIPAL,
        principal,
        "action",
        action,
        "resource",
        resource,
        "allowed",
        allowed,
        REASON,
        reason);
  }
}
