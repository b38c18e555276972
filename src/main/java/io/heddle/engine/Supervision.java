package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState.Orchestration;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lets the supervisors of one run decide. Used by one thread. */
final class Supervision {

  // Who decides where the definition names nobody.
  private static final Map<String, @Nullable Object> HOST =
      Json.members("agentId", "host:supervisor");

  private static final String DECISION = "decision";

  private static final String DEFAULT_WORKER = "conformance-noop";

  private final Run run;

  private final WorkflowDefinition definition;

  private final Draft draft;

  private final NodeExecutors executors;

  private final ChildRuns childRuns;

  Supervision(
      Run run,
      WorkflowDefinition definition,
      Draft draft,
      NodeExecutors executors,
      ChildRuns childRuns) {
    this.run = run;
    this.definition = definition;
    this.draft = draft;
    this.executors = executors;
    this.childRuns = childRuns;
  }

  /** A started supervisor decides; returns the error that ends the run, if one does. */
  Optional<RunError> decide(NodeDefinition node) {
    Map<String, @Nullable Object> agent = node.agent() == null ? HOST : node.agent();
    Orchestration before = draft.state().orchestration();
    if (before != null && !Objects.equals(before.agent().get("agentId"), agent.get("agentId"))) {
      return refuse(node, "must come from the agent that decided before");
    }
    Map<String, @Nullable Object> inputs = new LinkedHashMap<>();
    Optional<NodeResult> unresolved =
        Ports.resolve(
            node,
            draft.state(),
            inputs,
            EvaluationScope.of(definition.expressions(), run, draft.state()));
    if (unresolved.isPresent()) {
      return draft.end(node, unresolved.get());
    }
    List<Decision> plan = SupervisorNode.plan(node.config());
    int turn = before == null ? 0 : before.decisions();
    if (plan != null) {
      return decide(
          node, agent, turn < plan.size() ? plan.get(turn) : Decision.terminate("plan-exhausted"));
    }
    if (inputs.containsKey(DECISION)) {
      Map<String, String> faults = Decision.faults(inputs.get(DECISION));
      if (!faults.isEmpty()) {
        var fault = faults.entrySet().iterator().next();
        return refuse(
            node,
            fault.getKey().isEmpty() ? fault.getValue() : fault.getKey() + " " + fault.getValue());
      }
      return decide(node, agent, new Decision(Json.object(inputs.get(DECISION), "")));
    }
    return decide(
        node,
        agent,
        turn == 0 && isForTests() && childRuns.exists(run, DEFAULT_WORKER)
            ? Decision.nextWorker(DEFAULT_WORKER)
            : Decision.terminate("nothing-to-decide"));
  }

  private Optional<RunError> decide(
      NodeDefinition node, Map<String, @Nullable Object> agent, Decision decision) {
    draft.decide(node, agent, decision);
    Map<String, @Nullable Object> outputs = Json.members(DECISION, decision.members());
    if (decision.terminates()) {
      // Nothing comes after it, so there is no edge to judge.
      draft.complete(node, outputs);
      return Optional.empty();
    }
    return draft.end(node, NodeResult.completed(outputs));
  }

  private Optional<RunError> refuse(NodeDefinition node, String problem) {
    return draft.end(node, NodeResult.failed("validation_error", "The decision " + problem));
  }

  private boolean isForTests() {
    return executors.of(SupervisorNode.TYPE) instanceof SupervisorNode supervisor
        && supervisor.acceptsPlans();
  }
}
