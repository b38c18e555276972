package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.NewRun;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Carries out decisions of one run: starts a run of each worker, a few at a time, and waits until
 * enough of them have ended. Used by one thread.
 */
final class Dispatches {

  // The id of the only question, and the output that holds its answer.
  private static final String ANSWER = "answer";

  private static final String CAUSE = "cause";

  private final Run run;

  private final WorkflowDefinition definition;

  private final Draft draft;

  private final ChildRuns childRuns;

  private final int maxFanOut;

  private final Surroundings surroundings;

  private final Handoffs handoffs;

  Dispatches(
      Run run,
      WorkflowDefinition definition,
      Draft draft,
      ChildRuns childRuns,
      int maxFanOut,
      Surroundings surroundings) {
    this.run = run;
    this.definition = definition;
    this.draft = draft;
    this.childRuns = childRuns;
    this.maxFanOut = maxFanOut;
    this.surroundings = surroundings;
    this.handoffs = new Handoffs(run, draft);
  }

  /** A started node carries out the latest decision. */
  Optional<Stop> begin(NodeDefinition node) {
    NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
    if (reached.question() != null && reached.question().answer() != null) {
      return answered(node, reached, reached.question().answer());
    }
    Orchestration decided = draft.state().orchestration();
    if (decided == null) {
      return fail(node, "no_pending_decision", "No orchestrator has decided anything yet");
    }
    draft.causedBy(decided.eventId());
    try {
      return begin(node, new FanOut(new Decision(decided.decision()), decided.eventId()));
    } finally {
      draft.causedBy(null);
    }
  }

  private Optional<Stop> begin(NodeDefinition node, FanOut fanOut) {
    String prompt = fanOut.decision.prompt();
    if (prompt != null) {
      return ask(node, prompt, fanOut.cause);
    }
    DispatchNode.Config config = DispatchNode.Config.of(node.config());
    List<String> workers = fanOut.decision.workers();
    if (!fanOut.decision.hasInputsForAll()) {
      return fail(
          node,
          "validation_error",
          "The decision's nextWorkerInputs must be as many as its nextWorkerIds");
    }
    if (config.rejects(workers.size())) {
      return fail(node, "fan_out_unsupported", "The node takes decisions for one worker only");
    }
    if (config.wantsMoreThan(workers.size())) {
      return fail(node, "validation_error", "The quorum is greater than the number of workers");
    }
    for (String worker : workers.stream().distinct().toList()) {
      if (!childRuns.exists(run, worker)) {
        String problem = "There is no workflow " + worker;
        String began = handoffs.began(node, worker, fanOut.cause);
        handoffs.failed(node, worker, began, ChildRuns.UNKNOWN, problem);
        return fail(node, ChildRuns.UNKNOWN, problem);
      }
    }
    if (!config.isParallel(workers.size())) {
      return startNext(node, config, fanOut);
    }
    Optional<Stop> exceeded = exceeded(node, config, workers.size());
    if (exceeded.isPresent()) {
      return exceeded;
    }
    int width = Math.min(Math.min(config.width(), maxFanOut), workers.size());
    draft.append(
        EventType.FAN_OUT_BEGUN,
        node.id(),
        Payloads.fanOutBegun(workers.size(), width, config.joinMode()));
    for (int i = 0; i < width && fanOut.outcome == null; i++) {
      startInParallel(node, config, fanOut);
    }
    return goOn(node, config, fanOut);
  }

  private Optional<Stop> ask(NodeDefinition node, String prompt, String cause) {
    InterruptRequest request =
        "clarification".equals(node.config().get("askUserRouting"))
            ? InterruptRequest.of(
                InterruptKind.CLARIFICATION,
                Json.members("questions", List.of(Json.members("id", ANSWER, "question", prompt))))
            : InterruptRequest.of(InterruptKind.CONVERSATION, Json.members("prompt", prompt));
    return end(node, new NodeResult.Suspended(request, Json.members(CAUSE, cause)));
  }

  private Optional<Stop> answered(NodeDefinition node, NodeState reached, Resumption given) {
    draft.causedBy(String.valueOf(reached.memo().get(CAUSE)));
    try {
      Map<String, @Nullable Object> value =
          given.value() instanceof Map ? Json.object(given.value(), "") : Json.members();
      if (value.containsKey("turn")) {
        // Whoever closes a conversation without an outcome has said the answer last.
        Object outcome = value.get("outcome");
        Object said = Json.object(value.get("turn"), "/turn").get("content");
        return end(
            node, NodeResult.completed(Json.members(ANSWER, outcome == null ? said : outcome)));
      }
      Map<String, @Nullable Object> answers =
          value.get("answers") instanceof Map
              ? Json.object(value.get("answers"), "")
              : Json.members();
      return end(node, NodeResult.completed(Json.members(ANSWER, answers.get(ANSWER))));
    } finally {
      draft.causedBy(null);
    }
  }

  /** Takes over that a run the node waits for has ended. */
  Optional<Stop> childEnded(NodeDefinition node, ChildStanding child) throws InterruptedException {
    NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
    FanOut fanOut = FanOut.of(reached.memo());
    if (reached.progress() != Progress.WAITING || !fanOut.inFlight().contains(child.runId())) {
      return Optional.empty();
    }
    draft.causedBy(fanOut.cause);
    try {
      DispatchNode.Config config = DispatchNode.Config.of(node.config());
      String worker = fanOut.ended(child);
      fanOut.tell(child.runId(), handoffs.ended(node, worker, fanOut.told(child.runId()), child));
      draft.append(
          EventType.NODE_DISPATCHED,
          node.id(),
          Payloads.nodeDispatched(child.runId(), worker, Children.spelled(child.status())));
      return config.isParallel(fanOut.decision.workers().size())
          ? joinAfter(node, config, fanOut)
          : goOnAfter(node, config, fanOut, child);
    } finally {
      draft.causedBy(null);
    }
  }

  /** The runs that are still under way although nobody waits for their outcome any more. */
  List<String> losers() {
    List<String> losers = new ArrayList<>();
    for (NodeDefinition node : definition.nodes()) {
      NodeState reached = draft.state().nodes().get(node.id());
      if (reached != null
          && reached.progress() == Progress.WAITING
          && node.typeId().equals(DispatchNode.TYPE)) {
        FanOut fanOut = FanOut.of(reached.memo());
        if (fanOut.outcome != null) {
          losers.addAll(fanOut.inFlight());
        }
      }
    }
    return losers;
  }

  private Optional<Stop> goOnAfter(
      NodeDefinition node, DispatchNode.Config config, FanOut fanOut, ChildStanding child) {
    if (child.status() == RunStatus.COMPLETED) {
      merge(node, config, fanOut, child);
    }
    if (fanOut.started() < fanOut.decision.workers().size()) {
      return startNext(node, config, fanOut);
    }
    return end(node, NodeResult.completed(Children.outputs(child.runId(), child.status())));
  }

  private Optional<Stop> joinAfter(NodeDefinition node, DispatchNode.Config config, FanOut fanOut)
      throws InterruptedException {
    if (fanOut.outcome == null) {
      fanOut.outcome = outcome(config, fanOut);
      if (fanOut.outcome != null) {
        fanOut.losers.addAll(fanOut.inFlight());
      } else if (fanOut.started() < fanOut.decision.workers().size()) {
        startInParallel(node, config, fanOut);
      }
    }
    return fanOut.outcome != null && fanOut.inFlight().isEmpty()
        ? join(node, config, fanOut, fanOut.outcome)
        : goOn(node, config, fanOut);
  }

  private Optional<Stop> join(
      NodeDefinition node, DispatchNode.Config config, FanOut fanOut, JoinOutcome outcome)
      throws InterruptedException {
    if (outcome != JoinOutcome.FAILED) {
      // Merged only now, so that all of them started from the same variables.
      Map<String, ChildStanding> ended = new LinkedHashMap<>();
      surroundings.standings(run, fanOut.order).forEach(child -> ended.put(child.runId(), child));
      for (String runId : fanOut.order) {
        ChildStanding child = ended.get(runId);
        if (child != null
            && child.status() == RunStatus.COMPLETED
            && !fanOut.losers.contains(runId)) {
          merge(node, config, fanOut, child);
        }
      }
    }
    draft.append(
        EventType.FAN_OUT_JOINED,
        node.id(),
        Payloads.fanOutJoined(
            outcome.spelled(),
            fanOut.count(RunStatus.COMPLETED),
            fanOut.count(RunStatus.FAILED),
            fanOut.count(RunStatus.CANCELLED),
            fanOut.order));
    return outcome == JoinOutcome.FAILED
        ? fail(
            node,
            fanOut.refusal == null ? "heddle.dispatch_join_failed" : fanOut.refusal,
            "Not enough of the dispatched runs completed")
        : end(
            node,
            NodeResult.completed(
                Json.members("joinOutcome", outcome.spelled(), "children", fanOut.children())));
  }

  private void merge(
      NodeDefinition node, DispatchNode.Config config, FanOut fanOut, ChildStanding child) {
    String worker = fanOut.worker(child.runId());
    draft.merge(node, config.outputs(worker), child);
    handoffs.harvested(node, worker, fanOut.told(child.runId()), child, config.outputs(worker));
  }

  private static @Nullable JoinOutcome outcome(DispatchNode.Config config, FanOut fanOut) {
    int completed = fanOut.count(RunStatus.COMPLETED);
    int ended = fanOut.order.size();
    boolean all = ended == fanOut.decision.workers().size();
    if (config.failsFast() && completed < ended) {
      return JoinOutcome.FAILED;
    }
    boolean met =
        switch (config.joinMode()) {
          case "quorum" -> completed >= config.quorum();
          case "first" -> completed >= 1;
          case "race" -> ended >= 1;
          default -> all;
        };
    if (met) {
      return completed < ended ? JoinOutcome.PARTIAL : JoinOutcome.SATISFIED;
    }
    return all ? JoinOutcome.FAILED : null;
  }

  private Optional<Stop> startNext(NodeDefinition node, DispatchNode.Config config, FanOut fanOut) {
    Optional<Stop> exceeded = exceeded(node, config, 1);
    if (exceeded.isPresent()) {
      return exceeded;
    }
    try {
      start(node, config, fanOut);
      return goOn(node, config, fanOut);
    } catch (ChildRuns.Refused e) {
      return fail(node, e.code, String.valueOf(e.getMessage()));
    }
  }

  /** Whoever is under way already must be stopped first if one cannot be started. */
  private void startInParallel(NodeDefinition node, DispatchNode.Config config, FanOut fanOut) {
    try {
      start(node, config, fanOut);
    } catch (ChildRuns.Refused e) {
      fanOut.outcome = JoinOutcome.FAILED;
      fanOut.refusal = e.code;
      fanOut.losers.addAll(fanOut.inFlight());
    }
  }

  private void start(NodeDefinition node, DispatchNode.Config config, FanOut fanOut)
      throws ChildRuns.Refused {
    int index = fanOut.started();
    String worker = fanOut.decision.workers().get(index);
    String began = handoffs.began(node, worker, fanOut.cause);
    NewRun child;
    try {
      child =
          childRuns.child(
              run,
              draft.state(),
              node.id(),
              worker,
              config.inputs(worker),
              fanOut.decision.inputs(index));
    } catch (ChildRuns.Refused e) {
      handoffs.failed(node, worker, began, e.code, String.valueOf(e.getMessage()));
      throw e;
    }
    draft.dispatch(child);
    fanOut.start(child.runId(), handoffs.succeeded(node, worker, began, child.runId()));
  }

  private Optional<Stop> goOn(NodeDefinition node, DispatchNode.Config config, FanOut fanOut) {
    if (fanOut.inFlight().isEmpty()) {
      return fail(
          node,
          Objects.requireNonNull(fanOut.refusal),
          "None of the decision's workers can be started");
    }
    draft.await(node, fanOut.memo());
    return Optional.empty();
  }

  private Optional<Stop> exceeded(NodeDefinition node, DispatchNode.Config config, int more) {
    Integer cap = config.iterationCap();
    int sofar = Objects.requireNonNull(draft.state().orchestration()).dispatched();
    return cap != null && sofar + more > cap
        ? Optional.of(
            new Stop.Breached(
                "dispatch-iterations", cap, cap + 1L, node.id(), "heddle.dispatch_limit_exceeded"))
        : Optional.empty();
  }

  private Optional<Stop> fail(NodeDefinition node, String code, String message) {
    return end(node, NodeResult.failed(code, message));
  }

  private Optional<Stop> end(NodeDefinition node, NodeResult result) {
    return Stop.of(node, draft.end(node, result));
  }
}
