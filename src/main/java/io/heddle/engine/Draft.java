package io.heddle.engine;

import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.ChannelFold;
import io.heddle.channel.ChannelWrite;
import io.heddle.engine.node.ConversationGateNode;
import io.heddle.expression.ExpressionException;
import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.run.ConversationEvents;
import io.heddle.run.EventType;
import io.heddle.run.Ids;
import io.heddle.run.InterruptEvents;
import io.heddle.run.NewArtifact;
import io.heddle.run.NewEvent;
import io.heddle.run.NewInterrupt;
import io.heddle.run.NewRun;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunState.EdgeOutcome;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunState.Question;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.run.Secrets;
import io.heddle.spi.ChannelException;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import io.heddle.workflow.EdgeCondition;
import io.heddle.workflow.EdgeDefinition;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The run as it will stand after the next commit, and the events that tell how it got there. State
 * and events change together here and nowhere else. Used by one thread.
 */
final class Draft {

  /** Tells which questions need not be asked. */
  interface Answers {

    /** The id of a question that was answered in place of this one; null if none was. */
    @Nullable String known(NewInterrupt question);
  }

  private final Run run;

  private final WorkflowDefinition definition;

  private final RetryPolicy retries;

  private final InstantSource clock;

  private static final String CHILD = "childRunId";

  // Who answers in the conversations of conformance tests.
  private static final String MOCK = "conformance-mock";

  /** The runs a node waits for, if it may wait for several. */
  static final String CHILDREN = "childRunIds";

  private final List<NewEvent> events = new ArrayList<>();

  private final List<NewRun> children = new ArrayList<>();

  private final List<NewInterrupt> interrupts = new ArrayList<>();

  // The events of the tool calls of this execution, by call.
  private final Map<String, String> toolCalls = new HashMap<>();

  private final List<String> timedOut = new ArrayList<>();

  private final List<NewArtifact> artifacts = new ArrayList<>();

  private RunState state;

  private RunState stored;

  private @Nullable String cause;

  private Answers answers = question -> null;

  Draft(Run run, WorkflowDefinition definition, RetryPolicy retries, InstantSource clock) {
    this.run = run;
    this.definition = definition;
    this.retries = retries;
    this.clock = clock;
    this.state = run.state();
    this.stored = state;
  }

  RunState state() {
    return state;
  }

  /** From now on, questions that these know are not asked. */
  void ask(Answers before) {
    answers = before;
  }

  /** Records what another log tells, and what follows from it. */
  void retell(NewEvent event, RunState after) {
    state = after;
    events.add(event);
  }

  /** Records an end of a node that another log tells; returns the error of a loop, if there is. */
  Optional<RunError> retellEnd(
      NodeDefinition node,
      NewEvent event,
      Progress outcome,
      Map<String, @Nullable Object> outputs) {
    NodeState reached = Objects.requireNonNull(state.nodes().get(node.id()));
    state = state.with(node.id(), reached.ended(outcome, outputs));
    remember(node, outputs);
    events.add(event);
    boolean last =
        Decision.hasEnded(state)
            || outcome == Progress.FAILED && !Readiness.isFailureHandled(definition, node.id());
    return last ? Optional.empty() : follow(node);
  }

  List<NewEvent> events() {
    return events;
  }

  /** Whether there is anything that is not stored yet. A node that waits is told by no event. */
  boolean isDirty() {
    return state != stored || !events.isEmpty();
  }

  /** Begins anew after what was collected has been stored. */
  void stored() {
    stored = state;
    events.clear();
    children.clear();
    interrupts.clear();
    timedOut.clear();
    artifacts.clear();
  }

  /** Forgets events that turned out to be premature. */
  void truncate(int length) {
    events.subList(length, events.size()).clear();
  }

  void append(EventType type, @Nullable String nodeId, String payload) {
    events.add(NewEvent.of(type, nodeId, payload).causedBy(cause));
  }

  /** Records what the agent of a node did. */
  void tell(String nodeId, AgentEvent told) {
    NewEvent event =
        NewEvent.of(told.type(), nodeId, Json.write(Masking.of(state).members(told.payload())));
    if (told.callId() == null) {
      events.add(event.causedBy(cause));
    } else if (told.type() == EventType.AGENT_TOOL_CALLED) {
      toolCalls.put(told.callId(), event.eventId());
      events.add(event.causedBy(cause));
    } else {
      events.add(event.causedBy(toolCalls.get(told.callId())));
    }
  }

  /** What is appended from now on is the consequence of an event; of none if that is null. */
  void causedBy(@Nullable String eventId) {
    cause = eventId;
  }

  /** Records a start, or wakes a node that waits; what it waited for is not a new start. */
  void start(NodeDefinition node) {
    NodeState before = state.nodes().get(node.id());
    if (before != null && before.progress() == Progress.PARKED) {
      state = state.with(node.id(), before.woken());
      return;
    }
    if (before != null && before.progress() == Progress.RESUMED) {
      state = state.with(node.id(), before.resumed());
      return;
    }
    NodeState started = before == null ? NodeState.started(0) : before.restarted();
    state = state.with(node.id(), started).withStart();
    if (node.agent() != null && !node.typeId().equals(SupervisorNode.TYPE)) {
      state = state.withAgent(node.agent());
    }
    append(
        EventType.NODE_STARTED,
        node.id(),
        Payloads.nodeStarted(node.id(), node.typeId(), started.attempt()));
  }

  /**
   * Records what an execution came to, and what it wrote unless it failed; returns the error that
   * ends the run, if it does.
   */
  Optional<RunError> end(NodeDefinition node, NodeCalls.Outcome outcome) {
    if (!(outcome.result() instanceof NodeResult.Failed)) {
      try {
        write(node, outcome.writes());
      } catch (ChannelException e) {
        // Others have written since the execution tried it.
        return end(node, NodeResult.failed(e.code(), String.valueOf(e.getMessage())));
      }
    }
    keep(outcome.artifacts());
    return end(node, outcome.result());
  }

  /** Records writes to channels: all of them, or none if one is refused. */
  private void write(NodeDefinition node, List<NodeChannels.Written> writes) {
    Instant now = Instant.ofEpochMilli(clock.millis());
    RunState changed = state;
    List<NewEvent> told = new ArrayList<>();
    for (NodeChannels.Written written : writes) {
      ChannelDefinition channel =
          Objects.requireNonNull(definition.channels().get(written.channel()));
      ChannelWrite write = ChannelFold.write(channel, written.value(), now.toEpochMilli());
      changed =
          NodeChannels.with(
              changed,
              channel,
              ChannelFold.fold(channel, NodeChannels.value(changed, channel), write));
      told.add(
          NewEvent.of(
              EventType.CHANNEL_WRITTEN,
              node.id(),
              Payloads.channelWritten(
                  channel.name(),
                  Masking.of(state).value(write.value()),
                  write.reducer().spelling(),
                  now,
                  node.id(),
                  channel.schemaVersion())));
    }
    state = changed;
    events.addAll(told);
  }

  /** Records that a process was lost while it executed a node; returns how many were by now. */
  int lose(NodeDefinition node) {
    NodeState lost = Objects.requireNonNull(state.nodes().get(node.id())).lost();
    state = state.with(node.id(), lost);
    return lost.losses();
  }

  /** Records what a node came to; returns the error that ends the run, if it does. */
  Optional<RunError> end(NodeDefinition node, NodeResult result) {
    NodeState reached = Objects.requireNonNull(state.nodes().get(node.id()));
    if (result instanceof NodeResult.Completed completed) {
      complete(node, new LinkedHashMap<>(completed.outputs()));
      return follow(node);
    }
    if (result instanceof NodeResult.Parked parked) {
      Instant until = clock.instant().plus(parked.wakeAfter());
      state = state.with(node.id(), reached.parked(until, new LinkedHashMap<>(parked.memo())));
      return Optional.empty();
    }
    if (result instanceof NodeResult.Suspended suspended) {
      suspend(node, reached, suspended);
      return Optional.empty();
    }
    NodeResult.Failed failed = (NodeResult.Failed) result;
    RunError error = new RunError(failed.code(), Masking.of(state).text(failed.message()));
    if (failed.retryable() && reached.attempt() < definition.settings().maxRetries()) {
      retry(node, reached, error);
      return Optional.empty();
    }
    return fail(node, reached, error);
  }

  /** Records that a node succeeded, and follows no edge. */
  void complete(NodeDefinition node, Map<String, @Nullable Object> outputs) {
    NodeState reached = Objects.requireNonNull(state.nodes().get(node.id()));
    state = state.with(node.id(), reached.ended(Progress.COMPLETED, outputs));
    remember(node, outputs);
    append(
        EventType.NODE_COMPLETED,
        node.id(),
        Payloads.nodeCompleted(
            node.id(), Masking.of(state).outputs(node.outputSensitivity(), outputs)));
  }

  /** Records what an orchestrator decided. */
  void decide(NodeDefinition node, Map<String, @Nullable Object> agent, Decision decision) {
    NewEvent event =
        NewEvent.of(
            EventType.ORCHESTRATOR_DECIDED,
            node.id(),
            Payloads.orchestratorDecided(
                String.valueOf(agent.get("agentId")),
                Masking.of(state).members(decision.members())));
    events.add(event);
    Orchestration before = state.orchestration();
    state =
        state.withOrchestration(
            (before == null ? new Orchestration(agent, 0, Map.of(), "", 0) : before)
                .decided(decision.members(), event.eventId()));
  }

  /** Records that a node carries out a decision by another run. */
  void dispatch(NewRun child) {
    children.add(child);
    state = state.withOrchestration(Objects.requireNonNull(state.orchestration()).withDispatch());
  }

  /** Records that a node waits for runs, and how far it is. */
  void await(NodeDefinition node, Map<String, @Nullable Object> memo) {
    NodeState reached = Objects.requireNonNull(state.nodes().get(node.id()));
    state = state.with(node.id(), reached.waiting(memo));
  }

  /** Records what a node produced, ahead of what it came to. */
  private void keep(List<NewArtifact> produced) {
    for (NewArtifact artifact : produced) {
      artifacts.add(artifact);
      append(EventType.ARTIFACT_CREATED, artifact.nodeId(), Payloads.artifactCreated(artifact));
    }
  }

  /** What nodes produced and the next step stores. */
  List<NewArtifact> artifacts() {
    return artifacts;
  }

  /** Pins the version of a change unless it is pinned; returns the one that is. */
  int pin(String nodeId, String changeId, int version) {
    Integer pinned = state.versions().get(changeId);
    if (pinned != null) {
      return pinned;
    }
    state = state.withVersion(changeId, version);
    append(EventType.VERSION_PINNED, nodeId, Payloads.versionPinned(changeId, version, nodeId));
    return version;
  }

  /** Records that a node fails before it starts; no edge that awaits failures makes up for it. */
  RunError refuse(NodeDefinition node, String capability) {
    RunError error =
        new RunError(
            "capability_not_provided",
            "The node %s requires %s, which this host does not provide"
                .formatted(node.id(), capability));
    NodeState before = state.nodes().get(node.id());
    int attempt = before == null ? 0 : before.attempt();
    state = state.with(node.id(), NodeState.started(attempt).ended(Progress.FAILED, Map.of()));
    append(EventType.NODE_FAILED, node.id(), Payloads.nodeFailed(node.id(), error, attempt + 1));
    return error;
  }

  /** Records that a node cannot start because the way to it cannot be judged. */
  Optional<RunError> breakOff(NodeDefinition node) {
    return fail(
        node,
        NodeState.started(0),
        new RunError(
            "heddle.expression_failed",
            "The condition of an edge to the node cannot be evaluated"));
  }

  /** The runs that the next step starts. */
  List<NewRun> children() {
    return children;
  }

  /** Records that a started node goes on in a run of its own. */
  Optional<RunError> startChild(NodeDefinition node, NewRun child, boolean waits) {
    children.add(child);
    if (!waits) {
      return end(node, NodeResult.completed(childOutputs(child.runId(), RunStatus.PENDING)));
    }
    NodeState reached = Objects.requireNonNull(state.nodes().get(node.id()));
    state = state.with(node.id(), reached.waiting(Json.members(CHILD, child.runId())));
    return Optional.empty();
  }

  private void suspend(NodeDefinition node, NodeState reached, NodeResult.Suspended suspended) {
    InterruptRequest request = suspended.request();
    int ordinal = state.suspensions().getOrDefault(node.id(), 0);
    Instant now = clock.instant();
    Instant deadline = request.timeout() == null ? null : now.plus(request.timeout());
    NewInterrupt asked =
        new NewInterrupt(
            Ids.interrupt(),
            node.id(),
            ordinal,
            request.kind(),
            "%s:%s:%d".formatted(run.runId(), node.id(), ordinal),
            new LinkedHashMap<>(request.data()),
            Masking.of(state).members(new LinkedHashMap<>(request.data())),
            request.resumeSchema() == null ? null : new LinkedHashMap<>(request.resumeSchema()),
            request.timeout() == null ? null : request.timeout().toMillis(),
            now,
            deadline);
    String known = answers.known(asked);
    NewInterrupt interrupt = known == null ? asked : asked.knownAs(known);
    boolean converses = request.kind() == InterruptKind.CONVERSATION;
    if (converses) {
      interrupt = interrupt.with(ConversationEvents.ID, interrupt.interruptId());
    }
    if (known == null) {
      interrupts.add(interrupt);
    }
    state =
        state
            .with(
                node.id(),
                reached.suspended(
                    new Question(interrupt.interruptId(), request.kind(), null),
                    known == null ? deadline : null,
                    new LinkedHashMap<>(suspended.memo())))
            .withSuspension(node.id());
    InterruptEvents.asked(run, interrupt.asShown())
        .forEach(event -> events.add(event.causedBy(cause)));
    if (converses && known == null) {
      open(node, interrupt);
    }
  }

  /** Records that a conversation begins, and all of it if nobody real takes part in it. */
  private void open(NodeDefinition node, NewInterrupt interrupt) {
    String id = interrupt.interruptId();
    Object agentId = node.agent() == null ? null : node.agent().get("agentId");
    String speaker = agentId instanceof String agent ? agent : null;
    Map<String, @Nullable Object> turn =
        ConversationEvents.turn(
            id,
            0,
            speaker == null ? ConversationEvents.SYSTEM : "agent",
            speaker == null ? ConversationEvents.SYSTEM : speaker,
            interrupt.data().get("prompt"),
            clock.instant());
    if (speaker != null) {
      turn.put("speakerId", speaker);
    }
    NewEvent suspension = events.get(events.size() - 1);
    NewEvent opened =
        ConversationEvents.opened(
            node.id(), id, speaker, Masking.of(state).members(turn), suspension.eventId());
    say(node, opened, turn);
    if (node.typeId().equals(ConversationGateNode.TYPE)
        && Boolean.TRUE.equals(node.config().get("mockAutoResume"))) {
      interrupts.remove(interrupt);
      converseAlone(node);
    }
  }

  private void converseAlone(NodeDefinition node) {
    int exchanges = node.config().get("turnCount") instanceof Integer count ? count : 1;
    for (int i = 1; i <= exchanges; i++) {
      Map<String, @Nullable Object> turn = mockTurn(node, "Turn %d of %d".formatted(i, exchanges));
      say(node, ConversationEvents.exchanged(node.id(), question(node), turn), turn);
    }
    Question asked = question(node);
    Map<String, @Nullable Object> turn = mockTurn(node, "That is all.");
    Map<String, @Nullable Object> value =
        Json.members("operation", "close", "turn", turn, "outcome", null);
    List<NewEvent> closing =
        InterruptEvents.answered(node.id(), asked, value, MOCK, clock.instant());
    NodeState heard =
        Objects.requireNonNull(state.nodes().get(node.id())).said(turn, closing.get(0).eventId());
    state = state.with(node.id(), heard.answered(new Resumption(value, MOCK, false)));
    events.addAll(closing);
  }

  private Map<String, @Nullable Object> mockTurn(NodeDefinition node, String content) {
    Question asked = question(node);
    return ConversationEvents.turn(
        asked.interruptId(),
        asked.turns().size(),
        ConversationEvents.USER,
        ConversationEvents.USER,
        content,
        clock.instant());
  }

  private Question question(NodeDefinition node) {
    return Objects.requireNonNull(Objects.requireNonNull(state.nodes().get(node.id())).question());
  }

  private void say(NodeDefinition node, NewEvent event, Map<String, @Nullable Object> turn) {
    NodeState reached = Objects.requireNonNull(state.nodes().get(node.id()));
    state = state.with(node.id(), reached.said(turn, event.eventId()));
    events.add(event);
  }

  /** Records that a question was not answered in time; the node goes on with that. */
  void timeOut(NodeDefinition node) {
    NodeState reached = Objects.requireNonNull(state.nodes().get(node.id()));
    Question question = Objects.requireNonNull(reached.question());
    timedOut.add(question.interruptId());
    if (question.kind() == InterruptKind.CONVERSATION) {
      Map<String, @Nullable Object> turn = ConversationEvents.timeout(question, clock.instant());
      say(node, ConversationEvents.closed(node.id(), question, turn, null), turn);
      reached = Objects.requireNonNull(state.nodes().get(node.id()));
    }
    state = state.with(node.id(), reached.answered(new Resumption(null, null, true)));
    events.addAll(InterruptEvents.timedOut(node.id(), question));
  }

  /** Takes back that a conversation was not closed in time, with the events from a place on. */
  void takeBackTimeOut(NodeDefinition node, NodeState before, int length) {
    timedOut.remove(Objects.requireNonNull(before.question()).interruptId());
    state = state.with(node.id(), before);
    truncate(length);
  }

  /** The questions that the next step puts. */
  List<NewInterrupt> interrupts() {
    return interrupts;
  }

  /** The ids of the questions whose time is over. */
  List<String> timedOut() {
    return timedOut;
  }

  /** Takes over the answers that were stored beside this draft. */
  void adopt(RunState outside) {
    outside
        .nodes()
        .forEach(
            (nodeId, node) -> {
              NodeState here = state.nodes().get(nodeId);
              if (here != null
                  && here.progress() == Progress.SUSPENDED
                  && (node.progress() == Progress.RESUMED || hasHeardMore(node, here))) {
                state = state.with(nodeId, node);
              }
            });
  }

  private static boolean hasHeardMore(NodeState outside, NodeState here) {
    Question there = outside.question();
    Question known = Objects.requireNonNull(here.question());
    return outside.progress() == Progress.SUSPENDED
        && there != null
        && there.interruptId().equals(known.interruptId())
        && there.turns().size() > known.turns().size();
  }

  /** The nodes that wait for runs they started, by the ids of those. */
  Map<String, NodeDefinition> waiting() {
    Map<String, NodeDefinition> waiting = new LinkedHashMap<>();
    for (NodeDefinition node : definition.nodes()) {
      NodeState reached = state.nodes().get(node.id());
      if (reached != null && reached.progress() == Progress.WAITING) {
        if (reached.memo().get(CHILDREN) instanceof List<?> children) {
          children.forEach(child -> waiting.put(String.valueOf(child), node));
        } else {
          waiting.put(String.valueOf(reached.memo().get(CHILD)), node);
        }
      }
    }
    return waiting;
  }

  /** From now on these are not told. */
  void hide(Secrets secrets) {
    state = state.with(secrets);
  }

  /** Records that the run a node waits for has ended, and takes over what it gives. */
  Optional<RunError> endChild(
      NodeDefinition node, SubWorkflowNode.Config config, ChildStanding child) {
    if (child.status() == RunStatus.COMPLETED) {
      merge(node, config.outputs(), child);
    } else if (config.failsWithChild()) {
      return end(
          node,
          NodeResult.failed(
              "heddle.sub_workflow_failed",
              "The sub-workflow ended as " + spelled(child.status())));
    }
    return end(node, NodeResult.completed(childOutputs(child.runId(), child.status())));
  }

  /** Takes over variables of a run that ended well; what it does not have changes nothing. */
  void merge(NodeDefinition node, Map<String, String> mapping, ChildStanding child) {
    merge(node, mapping, child.variables(), Masking.of(child.state())::hides);
  }

  /**
   * Takes over values.
   *
   * @param sensitive which of them are not shown, by name and value
   */
  void merge(
      NodeDefinition node,
      Map<String, String> mapping,
      Map<String, @Nullable Object> values,
      BiPredicate<String, @Nullable Object> sensitive) {
    mapping.forEach(
        (parentName, childName) -> {
          if (values.containsKey(childName)) {
            Object value = values.get(childName);
            if (sensitive.test(childName, value)) {
              state = state.with(state.secrets().withVariable(parentName));
            }
            setVariable(node, parentName, value);
          }
        });
  }

  private void setVariable(NodeDefinition node, String name, @Nullable Object value) {
    Map<String, @Nullable Object> before = state.variables();
    state = state.withVariable(name, value);
    Masking masking = Masking.of(state);
    append(
        EventType.VARIABLE_CHANGED,
        node.id(),
        Payloads.variableChanged(
            name, masking.named(before), masking.named(name, value), node.id()));
  }

  /** What a node gives to others only, is not told by them either. */
  private void remember(NodeDefinition node, Map<String, @Nullable Object> outputs) {
    for (var port : node.outputSensitivity().entrySet()) {
      if (port.getValue() && outputs.containsKey(port.getKey())) {
        state = state.with(state.secrets().withValue(outputs.get(port.getKey())));
      }
    }
  }

  static Map<String, @Nullable Object> childOutputs(String runId, RunStatus status) {
    return Json.members("childRunId", runId, "childStatus", spelled(status));
  }

  static String spelled(RunStatus status) {
    return status.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  void leaveOut(NodeDefinition node) {
    state = state.with(node.id(), NodeState.started(0).ended(Progress.SKIPPED, Map.of()));
    append(
        EventType.NODE_SKIPPED,
        node.id(),
        Payloads.nodeLeftOut(node.id(), node.disabled() ? "disabled" : "not-triggered"));
  }

  /** Records that the nodes in progress will not come to an end. */
  void cancelNodes(String reason) {
    for (var node : state.nodes().entrySet()) {
      if (!node.getValue().progress().isFinal()) {
        state = state.with(node.getKey(), node.getValue().ended(Progress.CANCELLED, Map.of()));
        append(
            EventType.NODE_CANCELLED, node.getKey(), Payloads.nodeLeftOut(node.getKey(), reason));
      }
    }
  }

  private void retry(NodeDefinition node, NodeState reached, RunError error) {
    Duration delay = retries.delay(reached.attempt());
    state = state.with(node.id(), reached.retrying(clock.instant().plus(delay)));
    append(
        EventType.NODE_RETRIED,
        node.id(),
        Payloads.nodeRetried(node.id(), reached.attempt() + 1, delay.toMillis(), error));
  }

  private Optional<RunError> fail(NodeDefinition node, NodeState reached, RunError error) {
    state = state.with(node.id(), reached.ended(Progress.FAILED, Map.of()));
    append(
        EventType.NODE_FAILED,
        node.id(),
        Payloads.nodeFailed(node.id(), error, reached.attempt() + 1));
    return Readiness.isFailureHandled(definition, node.id()) ? follow(node) : Optional.of(error);
  }

  /** Looks where the edges of an ended node lead; goes back over a loop if one says so. */
  Optional<RunError> follow(NodeDefinition node) {
    EvaluationScope scope =
        EvaluationScope.of(definition.expressions(), run, state)
            .readBy(node, definition)
            .behind(node.id());
    for (EdgeDefinition edge : definition.outgoing(node.id())) {
      if (edge.condition() != null) {
        state = state.withEdge(edge.id(), outcome(edge.condition(), scope));
      }
    }
    for (EdgeDefinition edge : definition.outgoing(node.id())) {
      if (definition.leadsBack(edge) && state.edges().get(edge.id()) == EdgeOutcome.BROKEN) {
        return Optional.of(
            new RunError(
                "heddle.expression_failed", "The condition of a loop cannot be evaluated"));
      }
      if (definition.leadsBack(edge) && Readiness.isTaken(edge, state)) {
        loopBack(edge.targetNodeId());
        break;
      }
    }
    return Optional.empty();
  }

  private static EdgeOutcome outcome(EdgeCondition condition, EvaluationScope scope) {
    try {
      return Conditions.holds(condition, scope) ? EdgeOutcome.TAKEN : EdgeOutcome.NOT_TAKEN;
    } catch (ExpressionException e) {
      return EdgeOutcome.BROKEN;
    }
  }

  private void loopBack(String target) {
    int iteration = state.loops().getOrDefault(target, 0) + 1;
    int limit = definition.settings().maxLoopbackIterations();
    if (iteration > limit) {
      append(
          EventType.LOOPBACK_LIMIT, target, Payloads.loopbackLimit(target, iteration - 1, limit));
      return;
    }
    Set<String> body = definition.loopBody(target);
    List<String> bodyEdges =
        body.stream()
            .flatMap(nodeId -> definition.outgoing(nodeId).stream())
            .map(EdgeDefinition::id)
            .toList();
    state = state.loopedBack(target, iteration, body, bodyEdges);
  }
}
