package io.heddle.engine;

import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.ChannelFold;
import io.heddle.channel.ChannelWrite;
import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.run.EventType;
import io.heddle.run.NewArtifact;
import io.heddle.run.NewEvent;
import io.heddle.run.NewRun;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.run.Secrets;
import io.heddle.spi.ChannelException;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The run as it will stand after the next commit, and the events that tell how it got there. State
 * and events change together, here and in {@link Questions} and nowhere else: whoever changes the
 * state appends what tells of it before the next commit. Used by one thread.
 */
final class Draft {

  private final Run run;

  private final WorkflowDefinition definition;

  private final RetryPolicy retries;

  private final InstantSource clock;

  private final Questions questions;

  private final List<NewEvent> events = new ArrayList<>();

  private final List<NewRun> children = new ArrayList<>();

  // The events of the tool calls of this execution, by call.
  private final Map<String, String> toolCalls = new HashMap<>();

  private final List<NewArtifact> artifacts = new ArrayList<>();

  private RunState state;

  private RunState stored;

  private @Nullable String cause;

  Draft(Run run, WorkflowDefinition definition, RetryPolicy retries, InstantSource clock) {
    this.run = run;
    this.definition = definition;
    this.retries = retries;
    this.clock = clock;
    this.questions = new Questions(run, this, clock);
    this.state = run.state();
    this.stored = state;
  }

  RunState state() {
    return state;
  }

  /** What nodes ask people and other systems. */
  Questions questions() {
    return questions;
  }

  /** Goes on to another state, which no event tells. */
  void change(RunState after) {
    state = after;
  }

  /** Records events, and what follows from them. */
  void change(RunState after, List<NewEvent> told) {
    state = after;
    events.addAll(told);
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
    artifacts.clear();
    questions.stored();
  }

  /** Forgets events that turned out to be premature. */
  void truncate(int length) {
    events.subList(length, events.size()).clear();
  }

  void append(EventType type, @Nullable String nodeId, String payload) {
    append(NewEvent.of(type, nodeId, payload));
  }

  void append(NewEvent event) {
    events.add(event.causedBy(cause));
  }

  /** Records what the agent of a node did. */
  void tell(String nodeId, AgentEvent told) {
    NewEvent event =
        NewEvent.of(told.type(), nodeId, Json.write(Masking.of(state).members(told.payload())));
    if (told.callId() == null) {
      append(event);
    } else if (told.type() == EventType.AGENT_TOOL_CALLED) {
      toolCalls.put(told.callId(), event.eventId());
      append(event);
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
      questions.ask(node, reached, suspended);
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

  /** From now on these are not told. */
  void hide(Secrets secrets) {
    state = state.with(secrets);
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
  private Optional<RunError> follow(NodeDefinition node) {
    Routes routes = Routes.from(node, run, definition, state);
    state = routes.state();
    Routes.Loop exhausted = routes.exhausted();
    if (exhausted != null) {
      append(
          EventType.LOOPBACK_LIMIT,
          exhausted.target(),
          Payloads.loopbackLimit(exhausted.target(), exhausted.iterations(), exhausted.limit()));
    }
    return routes.failure();
  }
}
