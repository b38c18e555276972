package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
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

  private static final String DECISION = Escalation.DECISION;

  private static final String DEFAULT_WORKER = "conformance-noop";

  private static final List<String> RATIFYING = List.of("accept", "edit-accept");

  private final Run run;

  private final WorkflowDefinition definition;

  private final Draft draft;

  private final NodeExecutors executors;

  private final ChildRuns childRuns;

  private final Escalation escalation;

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
    this.escalation = new Escalation(run, draft);
  }

  /** Who decides in a node. */
  static Map<String, @Nullable Object> agent(NodeDefinition node) {
    return node.agent() == null ? HOST : node.agent();
  }

  /** A started supervisor decides; returns the error that ends the run, if one does. */
  Optional<RunError> decide(NodeDefinition node) {
    Map<String, @Nullable Object> agent = agent(node);
    Orchestration before = draft.state().orchestration();
    if (before != null && !Objects.equals(before.agent().get("agentId"), agent.get("agentId"))) {
      return refuse(node, "must come from the agent that decided before");
    }
    NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
    if (reached.question() != null && reached.question().answer() != null) {
      return ratified(node, agent, reached, reached.question().answer());
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
    int turn = before == null ? 0 : before.decisions();
    Decision pending = SupervisorNode.pending(node.config());
    List<Decision> plan = SupervisorNode.plan(node.config());
    if (pending != null && turn == 0) {
      return propose(node, agent, pending, SupervisorNode.confidence(node.config()));
    }
    if (plan != null) {
      return turn < plan.size()
          ? propose(node, agent, plan.get(turn), SupervisorNode.confidence(node.config()))
          : decide(node, agent, Decision.terminate("plan-exhausted"));
    }
    if (inputs.containsKey(DECISION)) {
      Optional<String> problem = problem(inputs.get(DECISION));
      if (problem.isPresent()) {
        return refuse(node, problem.get());
      }
      Decision given = new Decision(Json.object(inputs.get(DECISION), ""));
      return propose(node, agent, given, given.confidence());
    }
    return decide(
        node,
        agent,
        turn == 0 && isForTests() && childRuns.exists(run, DEFAULT_WORKER)
            ? Decision.nextWorker(DEFAULT_WORKER)
            : Decision.terminate("nothing-to-decide"));
  }

  /**
   * Decides, unless the agent is not sure enough: then somebody has to ratify it first.
   *
   * @param otherwise how sure it is of a decision that does not say so, or null
   */
  private Optional<RunError> propose(
      NodeDefinition node,
      Map<String, @Nullable Object> agent,
      Decision decision,
      @Nullable Double otherwise) {
    Double confidence = decision.confidence() == null ? otherwise : decision.confidence();
    return confidence == null || !escalation.holds(decision, confidence)
        ? decide(node, agent, decision)
        : draft.end(
            node,
            escalation.ask(
                node, Objects.requireNonNull(agent.get("agentId")), decision, confidence));
  }

  private Optional<RunError> ratified(
      NodeDefinition node,
      Map<String, @Nullable Object> agent,
      NodeState reached,
      Resumption answer) {
    Map<String, @Nullable Object> given =
        answer.value() instanceof Map ? Json.object(answer.value(), "") : Json.members();
    if (!RATIFYING.contains(String.valueOf(given.get("action")))) {
      return draft.end(
          node, NodeResult.failed("approval_rejected", "The decision was not ratified"));
    }
    Object decision = Escalation.ratified(reached, given);
    Optional<String> problem = problem(decision);
    return problem.isPresent()
        ? refuse(node, problem.get())
        : decide(node, agent, new Decision(Json.object(decision, "")));
  }

  private static Optional<String> problem(@Nullable Object decision) {
    return Decision.faults(decision).entrySet().stream()
        .map(fault -> (fault.getKey() + " " + fault.getValue()).strip())
        .findFirst();
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
