package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.run.HandoffEvents;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Holds the decisions of one run that nobody is sure enough of, until somebody ratifies them. What
 * its author says to be less sure of than {@link ExecutionModel#CONFIDENCE_FLOOR} is told before it
 * is asked about; what only the run wants to be surer of is asked about. Used by one thread.
 */
final class Escalation {

  /** What a held decision is called in the memo of its node and in a question. */
  static final String DECISION = "decision";

  // In the memo of a node: the decision that its log tells to have been escalated already.
  private static final String TOLD = "escalated";

  // Anything else in its place is no decision.
  private static final Map<String, @Nullable Object> ANSWER =
      Json.members(
          "type",
          "object",
          "properties",
          Json.members("editedArtifactData", Json.members("type", "object")));

  private static final List<String> ACTIONS = List.of("accept", "reject", "edit-accept");

  private final Run run;

  private final Draft draft;

  Escalation(Run run, Draft draft) {
    this.run = run;
    this.draft = draft;
  }

  /**
   * Whether a decision has to wait.
   *
   * @param confidence of its author, or null if that is not known
   */
  boolean holds(Decision decision, @Nullable Double confidence) {
    return confidence != null && confidence < threshold(decision);
  }

  /** A started supervisor asks about a decision that has to wait. */
  NodeResult ask(NodeDefinition node, Object agentId, Decision decision, double confidence) {
    Map<String, @Nullable Object> data =
        Json.members("agentId", agentId, "threshold", threshold(decision), "observed", confidence);
    Map<String, @Nullable Object> memo = Json.members(DECISION, decision.members());
    if (!isBelowFloor(decision)) {
      data.put(DECISION, decision.members());
      return new NodeResult.Suspended(
          InterruptRequest.of(InterruptKind.LOW_CONFIDENCE, data), memo);
    }
    tell(node, decision);
    data.put("artifactId", node.id());
    data.put("artifactType", "orchestrator-decision");
    data.put("title", "A decision that its author is not sure of");
    data.put("artifactData", decision.members());
    data.put("actions", ACTIONS);
    return new NodeResult.Suspended(
        new InterruptRequest(ExecutionModel.ESCALATION, data, ANSWER, null), memo);
  }

  /** What an answer makes of a decision, if it does not reject it. */
  static @Nullable Object ratified(NodeState reached, Map<String, @Nullable Object> answer) {
    return answer.containsKey("editedArtifactData")
        ? answer.get("editedArtifactData")
        : answer.getOrDefault(DECISION, reached.memo().get(DECISION));
  }

  /** The state of a run after its log told that a decision was escalated. */
  static RunState after(
      RunState state, NodeDefinition node, Map<String, @Nullable Object> payload) {
    NodeState reached = state.nodes().get(node.id());
    return reached == null
        ? state
        : state.with(node.id(), reached.remembering(TOLD, payload.get(HandoffEvents.DECISION)));
  }

  private void tell(NodeDefinition node, Decision decision) {
    Map<String, @Nullable Object> shown = Masking.of(draft.state()).members(decision.members());
    NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
    if (Json.same(shown, reached.memo().get(TOLD))) {
      // In the part of the log that a fork has from its source, who was asked there.
      return;
    }
    NewEvent event =
        HandoffEvents.escalated(
            node.id(),
            decision.members().get("confidence"),
            ExecutionModel.CONFIDENCE_FLOOR,
            decision.workers().stream().findFirst().orElse(null),
            run.runId(),
            shown);
    draft.change(draft.state(), List.of(event));
  }

  private double threshold(Decision decision) {
    double wanted = NodeArguments.threshold(run.configurable());
    return decision.confidence() == null
        ? wanted
        : Math.max(wanted, ExecutionModel.CONFIDENCE_FLOOR);
  }

  private static boolean isBelowFloor(Decision decision) {
    Double confidence = decision.confidence();
    return confidence != null && confidence < ExecutionModel.CONFIDENCE_FLOOR;
  }
}
