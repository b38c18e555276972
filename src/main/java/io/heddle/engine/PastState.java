package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.EventType;
import io.heddle.run.HandoffEvents;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunState.Question;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.io.Serial;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rebuilds from the beginning of a log what the engine knew of the run by then, so that a fork can
 * go on from there. What is under way then begins anew in the fork. Used by one thread.
 */
final class PastState {

  /** The log does not tell all that the engine knew. */
  static final class Untold extends Exception {

    @Serial private static final long serialVersionUID = 1L;

    Untold(String message) {
      super(message);
    }
  }

  // What these tell becomes a part of the run, so it must be known in clear.
  private static final Set<EventType> WITH_VALUES =
      EnumSet.of(
          EventType.NODE_COMPLETED,
          EventType.VARIABLE_CHANGED,
          EventType.CHANNEL_WRITTEN,
          EventType.INTERRUPT_RESOLVED,
          EventType.CONVERSATION_OPENED,
          EventType.CONVERSATION_EXCHANGED,
          EventType.CONVERSATION_CLOSED,
          EventType.ORCHESTRATOR_DECIDED);

  // Their executors need no memo, which no event tells.
  private static final String BUILT_IN = "core.";

  private final Run source;

  private final WorkflowDefinition definition;

  private final boolean replays;

  private final List<String> eventIds;

  private final Map<String, List<String>> unfinished = new LinkedHashMap<>();

  private final List<String> artifacts = new ArrayList<>();

  private int limitsToTell;

  private boolean failed;

  private boolean breached;

  private boolean paused;

  // Supervisors that have decided and have not come to their ends.
  private final Set<String> deciding = new HashSet<>();

  // A worker of which it is not told yet whether it could be started.
  private boolean starting;

  private RunState state;

  /**
   * @param source whose inputs and configuration the log's conditions were evaluated with
   * @param initial how it began
   * @param replays whether the fork knows from the log how what is under way goes on
   * @param eventIds what the events are called in the log of the fork
   */
  PastState(
      Run source,
      RunState initial,
      WorkflowDefinition definition,
      boolean replays,
      List<String> eventIds) {
    this.replays = replays;
    this.eventIds = eventIds;
    this.source = source;
    this.definition = definition;
    this.state = initial;
  }

  /** Goes on to the next event of the log. */
  void apply(RunEvent event) throws Untold {
    Map<String, @Nullable Object> payload = Json.storedObject(event.payload());
    if (WITH_VALUES.contains(event.type()) && Tokens.isMarked(event.payload())) {
      reveal(event, payload);
    }
    switch (event.type()) {
      case RUN_STARTED,
          INTERRUPT_REQUESTED,
          APPROVAL_REQUESTED,
          APPROVAL_RECEIVED,
          AUTHORIZATION_DECIDED,
          CLARIFICATION_REQUESTED,
          CLARIFICATION_RESOLVED,
          NODE_RESUMED,
          FAN_OUT_BEGUN,
          FAN_OUT_JOINED,
          CAP_BREACHED,
          REPLAY_DIVERGED,
          AGENT_REASONING_DELTA,
          AGENT_REASONED,
          AGENT_TOOL_CALLED,
          AGENT_TOOL_RETURNED,
          AGENT_HANDOFF,
          AGENT_DECIDED -> {
        // Told by the events beside it, or changes nothing.
      }
      case RUN_PAUSED -> paused = true;
      case RUN_RESUMED -> paused = false;
      case NODE_STARTED -> start(event);
      case NODE_COMPLETED -> {
        put(event, reached(event).ended(Progress.COMPLETED, object(payload, "outputs")));
        artifacts.addAll(unfinished.getOrDefault(event.nodeId(), List.of()));
        deciding.remove(event.nodeId());
        if (!Decision.hasEnded(state)) {
          follow(event);
        }
      }
      case NODE_FAILED -> {
        put(event, reached(event).ended(Progress.FAILED, Map.of()));
        if (Readiness.isFailureHandled(definition, Objects.requireNonNull(event.nodeId()))) {
          follow(event);
        } else {
          failed = true;
        }
      }
      case NODE_CANCELLED -> {
        if (!failed && !Decision.hasEnded(state) && !(replays && breached)) {
          throw new Untold("the run was being stopped");
        }
        put(event, reached(event).ended(Progress.CANCELLED, Map.of()));
      }
      case NODE_RETRIED ->
          put(
              event,
              reached(event)
                  .retrying(event.timestamp().plusMillis(number(payload, "delayMs").longValue())));
      case NODE_SKIPPED -> put(event, NodeState.started(0).ended(Progress.SKIPPED, Map.of()));
      case NODE_SUSPENDED -> {
        NodeState asking = reached(event);
        put(event, asking.suspended(RecordedFacts.question(payload), null, asking.memo()));
        tell(event, payload);
      }
      case INTERRUPT_RESOLVED -> put(event, reached(event).answered(RecordedFacts.answer(payload)));
      case ORCHESTRATOR_DECIDED -> {
        deciding.add(Objects.requireNonNull(event.nodeId()));
        tell(event, payload);
      }
      case WORKFLOW_CHAIN -> {
        starting = HandoffEvents.Phase.DISPATCH_BEGAN.isToldBy(payload);
        tell(event, payload);
      }
      case CONFIDENCE_ESCALATED,
          VARIABLE_CHANGED,
          CHANNEL_WRITTEN,
          VERSION_PINNED,
          NODE_DISPATCHED,
          CONVERSATION_OPENED,
          CONVERSATION_EXCHANGED,
          CONVERSATION_CLOSED,
          APPROVAL_GRANTED,
          APPROVAL_REJECTED,
          APPROVAL_OVERRIDDEN ->
          tell(event, payload);
      case ARTIFACT_CREATED ->
          unfinished
              .computeIfAbsent(Objects.requireNonNull(event.nodeId()), it -> new ArrayList<>())
              .add(String.valueOf(payload.get("artifactId")));
      case LOOPBACK_LIMIT -> limitsToTell--;
      case RUN_COMPLETED, RUN_FAILED, RUN_CANCELLED -> throw new Untold("the run was over");
      default -> throw new Untold("the log tells " + event.type() + ", which no fork knows yet");
    }
    breached |= event.type() == EventType.CAP_BREACHED;
  }

  /** What the engine knew after the last event. */
  RunState state() throws Untold {
    if (paused && !replays) {
      throw new Untold("the run was paused");
    }
    if ((limitsToTell != 0 || !deciding.isEmpty() || starting) && !replays) {
      throw new Untold("the next event tells more of the one before");
    }
    RunState begun = state;
    for (var node : state.nodes().entrySet()) {
      NodeState reached = node.getValue();
      if (!reached.progress().isFinal() && reached.progress() != Progress.RETRYING) {
        begun = begun.with(node.getKey(), again(node.getKey(), reached));
      }
    }
    return begun;
  }

  /** Whether nodes of a type may go on with a memory of their own, which no log tells. */
  static boolean remembers(String typeId) {
    return !typeId.startsWith(BUILT_IN)
        || typeId.equals(SupervisorNode.TYPE)
        || typeId.equals(DispatchNode.TYPE)
        || typeId.equals(SubWorkflowNode.TYPE);
  }

  /** The ids of what nodes had produced that have come to their ends, or will. */
  List<String> artifacts() {
    if (replays) {
      // Nobody will produce them again.
      unfinished.values().forEach(artifacts::addAll);
    }
    return artifacts;
  }

  private void start(RunEvent event) {
    NodeState before = state.nodes().get(event.nodeId());
    put(event, before == null ? NodeState.started(0) : before.restarted());
    unfinished.remove(event.nodeId());
    state = state.withStart();
    Map<String, @Nullable Object> agent = node(Objects.requireNonNull(event.nodeId())).agent();
    // A supervisor acts once it decides.
    if (agent != null && !node(event.nodeId()).typeId().equals(SupervisorNode.TYPE)) {
      state = state.withAgent(agent);
    }
  }

  /** A node under way, due to execute without being told to start once more. */
  private NodeState again(String nodeId, NodeState reached) throws Untold {
    Question question = reached.question();
    boolean answered = question != null && question.answer() != null;
    if (answered && remembers(node(nodeId).typeId()) && !replays) {
      throw new Untold("a node with a memory of its own was going on");
    }
    return new NodeState(
        Progress.RESUMED,
        reached.attempt(),
        Json.members(),
        null,
        0,
        answered ? Json.members() : reached.memo(),
        // A question that stands is its source's; the fork asks its own.
        answered ? question : null,
        0);
  }

  private void follow(RunEvent event) throws Untold {
    unfinished.remove(event.nodeId());
    NodeDefinition node = node(Objects.requireNonNull(event.nodeId()));
    Routes routes = Routes.from(node, source, definition, state);
    if (routes.failure().isPresent()) {
      throw new Untold("the run had failed");
    }
    limitsToTell += routes.exhausted() == null ? 0 : 1;
    state = routes.state();
  }

  private void tell(RunEvent event, Map<String, @Nullable Object> payload) {
    state =
        RecordedFacts.after(
            state,
            definition,
            event.type(),
            node(Objects.requireNonNull(event.nodeId())),
            payload,
            eventIds.get((int) event.sequence()));
  }

  /** Puts back what the log hides, if the source still knows it. */
  private void reveal(RunEvent event, Map<String, @Nullable Object> payload) throws Untold {
    String nodeId = Objects.requireNonNull(event.nodeId());
    NodeState known = source.state().nodes().get(nodeId);
    if (event.type() != EventType.NODE_COMPLETED
        || known == null
        || known.progress() != Progress.COMPLETED
        || source.state().visit(nodeId) != state.visit(nodeId)) {
      throw new Untold("the run works with secrets, which the log does not hold");
    }
    payload.put("outputs", known.outputs());
  }

  private NodeDefinition node(String nodeId) {
    return definition.node(nodeId).orElseThrow();
  }

  private NodeState reached(RunEvent event) {
    NodeState before = state.nodes().get(event.nodeId());
    return before == null ? NodeState.started(0) : before;
  }

  private void put(RunEvent event, NodeState node) {
    state = state.with(Objects.requireNonNull(event.nodeId()), node);
  }

  private static Number number(Map<String, @Nullable Object> payload, String member) {
    return (Number) Objects.requireNonNull(payload.get(member));
  }

  private static Map<String, @Nullable Object> object(
      Map<String, @Nullable Object> payload, String member) {
    return Json.object(payload.get(member), "/" + member);
  }
}
