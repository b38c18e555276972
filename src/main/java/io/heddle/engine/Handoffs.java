package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.run.HandoffEvents;
import io.heddle.run.HandoffEvents.Phase;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.workflow.NodeDefinition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells how the workers of one run take over what was decided: each step as the consequence of the
 * one before it, and the first one as the consequence of the decision. Used by one thread.
 */
final class Handoffs {

  // In the memo of a node that is told from the log of another run: the last event of each worker.
  private static final String TOLD = "handoffs";

  // There is one at a time that has no run yet.
  private static final String BEGUN = "begun";

  private final Run run;

  private final Draft draft;

  Handoffs(Run run, Draft draft) {
    this.run = run;
    this.draft = draft;
  }

  /** A worker is about to be started; returns the event that tells it. */
  String began(NodeDefinition node, String worker, String decided) {
    return tell(Phase.DISPATCH_BEGAN, node, worker, decided, Json.members());
  }

  /** A worker is a run now; returns the event that tells it. */
  String succeeded(NodeDefinition node, String worker, String began, String runId) {
    return tell(
        Phase.DISPATCH_SUCCEEDED, node, worker, began, Json.members(HandoffEvents.CHILD, runId));
  }

  /** A worker could not be started. */
  void failed(NodeDefinition node, String worker, String began, String code, String message) {
    tell(
        Phase.DISPATCH_FAILED,
        node,
        worker,
        began,
        Json.members("error", error(new RunError(code, message))));
  }

  /**
   * The run of a worker has ended.
   *
   * @param succeeded the event that tells of its start; null if none does, for then nothing that
   *     could follow from it is told either
   * @return the event that tells it, or null
   */
  @Nullable String ended(
      NodeDefinition node, String worker, @Nullable String succeeded, ChildStanding child) {
    if (succeeded == null) {
      return null;
    }
    Map<String, @Nullable Object> more = Json.members(HandoffEvents.CHILD, child.runId());
    if (child.error() != null) {
      more.put("error", error(child.error()));
    }
    Phase phase =
        switch (child.status()) {
          case COMPLETED -> Phase.CHILD_COMPLETED;
          case CANCELLED -> Phase.CHILD_CANCELLED;
          default -> Phase.CHILD_FAILED;
        };
    return tell(phase, node, worker, succeeded, more);
  }

  /**
   * What the run of a worker gave has become the parent's, if the node takes anything of it.
   *
   * @param completed the event that tells of its end, or null
   * @param mapping parent variable to child variable
   */
  void harvested(
      NodeDefinition node,
      String worker,
      @Nullable String completed,
      ChildStanding child,
      Map<String, String> mapping) {
    if (completed == null || mapping.isEmpty()) {
      return;
    }
    List<String> taken =
        mapping.entrySet().stream()
            .filter(entry -> child.variables().containsKey(entry.getValue()))
            .map(Map.Entry::getKey)
            .toList();
    tell(
        Phase.OUTPUT_HARVESTED,
        node,
        worker,
        completed,
        Json.members(HandoffEvents.CHILD, child.runId(), "harvestedKeys", taken));
  }

  /** The state of a run after its log told a step of a worker. */
  static RunState after(
      RunState state, NodeDefinition node, Map<String, @Nullable Object> payload, String eventId) {
    NodeState reached = state.nodes().get(node.id());
    if (reached == null || !node.typeId().equals(DispatchNode.TYPE)) {
      return state;
    }
    Map<String, @Nullable Object> told = new LinkedHashMap<>(told(reached));
    told.put(worker(payload), eventId);
    return state.with(node.id(), reached.remembering(TOLD, told));
  }

  /** What a step of a worker that is told from another log follows from in the log of this run. */
  static @Nullable String cause(
      RunState state, NodeDefinition node, Map<String, @Nullable Object> payload) {
    if (Phase.DISPATCH_BEGAN.isToldBy(payload)) {
      Orchestration decided = state.orchestration();
      return decided == null ? null : decided.eventId();
    }
    NodeState reached = state.nodes().get(node.id());
    boolean starts =
        Phase.DISPATCH_SUCCEEDED.isToldBy(payload) || Phase.DISPATCH_FAILED.isToldBy(payload);
    return reached == null ? null : (String) told(reached).get(starts ? BEGUN : worker(payload));
  }

  private static Map<String, @Nullable Object> told(NodeState reached) {
    return reached.memo().get(TOLD) instanceof Map<?, ?> told
        ? Json.object(told, "")
        : Json.members();
  }

  private static String worker(Map<String, @Nullable Object> payload) {
    return payload.get(HandoffEvents.CHILD) instanceof String runId ? runId : BEGUN;
  }

  private Map<String, @Nullable Object> error(RunError error) {
    return Json.members(
        "code", error.code(), "message", Masking.of(draft.state()).text(error.message()));
  }

  private String tell(
      Phase phase,
      NodeDefinition node,
      String worker,
      String cause,
      Map<String, @Nullable Object> more) {
    NewEvent event =
        HandoffEvents.reached(phase, node.id(), worker, run.runId(), more).causedBy(cause);
    draft.change(draft.state(), List.of(event));
    return event.eventId();
  }
}
