package io.heddle.engine;

import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.ChannelFold;
import io.heddle.channel.ChannelWrite;
import io.heddle.json.Json;
import io.heddle.run.ConversationEvents;
import io.heddle.run.EventType;
import io.heddle.run.InterruptEvents;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Question;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.Resumption;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the events of a log say of the run beside how far its nodes are. */
final class RecordedFacts {

  private RecordedFacts() {}

  /**
   * The state of a run after something that a node did before it came to its outcome.
   *
   * @param eventId what the event is known by in the log of the run
   */
  static RunState after(
      RunState state,
      WorkflowDefinition definition,
      EventType type,
      NodeDefinition node,
      Map<String, @Nullable Object> payload,
      String eventId) {
    return switch (type) {
      case VARIABLE_CHANGED ->
          state.withVariable(String.valueOf(payload.get("name")), payload.get("next"));
      case CHANNEL_WRITTEN -> written(state, definition, payload);
      case VERSION_PINNED ->
          state.withVersion(
              String.valueOf(payload.get("changeId")),
              ((Number) Objects.requireNonNull(payload.get("version"))).intValue());
      case NODE_SUSPENDED -> state.withSuspension(node.id());
      case ORCHESTRATOR_DECIDED -> decided(state, node, payload, eventId);
      case CONVERSATION_OPENED, CONVERSATION_EXCHANGED, CONVERSATION_CLOSED ->
          said(state, node, ConversationEvents.turn(payload), eventId);
      case APPROVAL_GRANTED, APPROVAL_REJECTED, APPROVAL_OVERRIDDEN ->
          said(state, node, payload, eventId);
      case WORKFLOW_CHAIN -> Handoffs.after(state, node, payload, eventId);
      case CONFIDENCE_ESCALATED -> Escalation.after(state, node, payload);
      case NODE_DISPATCHED ->
          state.orchestration() == null
              ? state
              : state.withOrchestration(state.orchestration().withDispatch());
      default -> state;
    };
  }

  private static RunState said(
      RunState state, NodeDefinition node, Map<String, @Nullable Object> turn, String eventId) {
    NodeState reached = state.nodes().get(node.id());
    return reached == null || reached.question() == null
        ? state
        : state.with(node.id(), reached.said(turn, eventId));
  }

  /** The question that a node is said to have put. */
  static Question question(Map<String, @Nullable Object> payload) {
    InterruptKind kind = InterruptEvents.kind(String.valueOf(payload.get("kind"))).orElseThrow();
    return new Question(String.valueOf(payload.get("interruptId")), kind, null);
  }

  /** How a question is said to have ended. */
  static Resumption answer(Map<String, @Nullable Object> payload) {
    return "timeout".equals(payload.get("reason"))
        ? new Resumption(null, null, true)
        : new Resumption(payload.get("resumeValue"), (String) payload.get("resolvedBy"), false);
  }

  private static RunState written(
      RunState state, WorkflowDefinition definition, Map<String, @Nullable Object> payload) {
    ChannelDefinition channel =
        Objects.requireNonNull(definition.channels().get(String.valueOf(payload.get("channel"))));
    ChannelWrite write =
        new ChannelWrite(
            channel.reducer(),
            payload.get("value"),
            Instant.parse(String.valueOf(payload.get("writtenAt"))).toEpochMilli());
    return NodeChannels.with(
        state, channel, ChannelFold.fold(channel, NodeChannels.value(state, channel), write));
  }

  private static RunState decided(
      RunState state, NodeDefinition node, Map<String, @Nullable Object> payload, String eventId) {
    Orchestration before = state.orchestration();
    Map<String, @Nullable Object> agent = new LinkedHashMap<>(Supervision.agent(node));
    return state.withOrchestration(
        (before == null ? new Orchestration(agent, 0, Map.of(), "", 0) : before)
            .decided(Json.object(payload.get("decision"), "/decision"), eventId));
  }
}
