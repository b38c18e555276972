package io.heddle.run;

import io.heddle.json.Json;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the log tells of work that orchestrators hand to others [multi-agent-execution.md]: how far
 * each worker came, and decisions that nobody trusts yet. These payloads name their run, so a
 * replay tells those of its source.
 */
public final class HandoffEvents {

  /** The member that says how far a worker came. */
  public static final String PHASE = "phase";

  /** The member that names the run of a worker, from when there is one. */
  public static final String CHILD = "childRunId";

  /** The member that names the run whose orchestrator decided. */
  public static final String PARENT = "parentRunId";

  /** The member that holds a decision as it was proposed. */
  public static final String DECISION = "originalDecision";

  /** How far a worker came [multi-agent-execution.md §Transition events]. */
  public enum Phase {
    /** Its run is about to be made. */
    DISPATCH_BEGAN,
    /** Its run exists. */
    DISPATCH_SUCCEEDED,
    /** Its run could not be made. */
    DISPATCH_FAILED,
    CHILD_COMPLETED,
    CHILD_FAILED,
    CHILD_CANCELLED,
    /** What its run gave has become the parent's. */
    OUTPUT_HARVESTED;

    /** As the protocol spells it. */
    public String spelled() {
      return name().toLowerCase(Locale.ROOT).replace('_', '.');
    }

    /** Whether a payload tells of this. */
    public boolean isToldBy(Map<String, @Nullable Object> payload) {
      return spelled().equals(payload.get(PHASE));
    }
  }

  private HandoffEvents() {}

  /**
   * A worker came so far.
   *
   * @param nodeId the node that dispatches
   * @param workerId the workflow that the decision names
   * @param parentRunId the run that the node is part of
   * @param more what is told of this phase only
   */
  public static NewEvent reached(
      Phase phase,
      String nodeId,
      String workerId,
      String parentRunId,
      Map<String, @Nullable Object> more) {
    Map<String, @Nullable Object> payload =
        Json.members(PHASE, phase.spelled(), "workerId", workerId, PARENT, parentRunId);
    payload.putAll(more);
    return NewEvent.of(EventType.WORKFLOW_CHAIN, nodeId, Json.write(payload));
  }

  /**
   * An orchestrator is less sure of a decision than the protocol lets pass, so a person is asked to
   * approve it.
   *
   * @param nodeId the orchestrator
   * @param confidence how sure it is, as it said
   * @param floor how sure it would have to be
   * @param workerId the first workflow that the decision names; null if it names none
   * @param parentRunId the run that the orchestrator is part of
   * @param decision as it may be shown
   */
  public static NewEvent escalated(
      String nodeId,
      @Nullable Object confidence,
      double floor,
      @Nullable String workerId,
      String parentRunId,
      Map<String, @Nullable Object> decision) {
    Map<String, @Nullable Object> payload =
        Json.members("confidence", confidence, "floor", floor, "escalationKind", "escalate");
    if (workerId != null) {
      payload.put("workerId", workerId);
    }
    payload.put(PARENT, parentRunId);
    payload.put(DECISION, decision);
    return NewEvent.of(EventType.CONFIDENCE_ESCALATED, nodeId, Json.write(payload));
  }
}
