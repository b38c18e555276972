package io.heddle.run;

import io.heddle.json.Json;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the log tells of work that orchestrators hand to others [multi-agent-execution.md]: how far
 * each worker came. These payloads name their run, so a replay tells those of its source.
 */
public final class HandoffEvents {

  /** The member that says how far a worker came. */
  public static final String PHASE = "phase";

  /** The member that names the run of a worker, from when there is one. */
  public static final String CHILD = "childRunId";

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
        Json.members(PHASE, phase.spelled(), "workerId", workerId, "parentRunId", parentRunId);
    payload.putAll(more);
    return NewEvent.of(EventType.WORKFLOW_CHAIN, nodeId, Json.write(payload));
  }
}
