package io.heddle.web.v1;

import io.heddle.feedback.Signal;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import java.util.Locale;

/** How major 1 spells the names of the domain. */
final class V1Mapping {

  private V1Mapping() {}

  static String spell(RunStatus status) {
    return status.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static String spell(Signal.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  static String spell(EventType type) {
    return switch (type) {
      case RUN_STARTED -> "run.started";
      case RUN_COMPLETED -> "run.completed";
      case RUN_FAILED -> "run.failed";
      case RUN_CANCELLED -> "run.cancelled";
      case RUN_PAUSED -> "run.paused";
      case RUN_RESUMED -> "run.resumed";
      case NODE_RETRIED -> "node.retried";
      case LOOPBACK_LIMIT -> "workflow.loopback-limit";
      case NODE_STARTED -> "node.started";
      case NODE_COMPLETED -> "node.completed";
      case NODE_FAILED -> "node.failed";
      case NODE_SKIPPED -> "node.skipped";
      case NODE_CANCELLED -> "node.cancelled";
      case NODE_SUSPENDED -> "node.suspended";
      case NODE_RESUMED -> "node.resumed";
      case INTERRUPT_REQUESTED -> "interrupt.requested";
      case INTERRUPT_RESOLVED -> "interrupt.resolved";
      case APPROVAL_REQUESTED -> "approval.requested";
      case APPROVAL_RECEIVED -> "approval.received";
      case APPROVAL_GRANTED -> "approval.granted";
      case APPROVAL_REJECTED -> "approval.rejected";
      case APPROVAL_OVERRIDDEN -> "approval.overridden";
      case AUTHORIZATION_DECIDED -> "authorization.decided";
      case CLARIFICATION_REQUESTED -> "clarification.requested";
      case CLARIFICATION_RESOLVED -> "clarification.resolved";
      case CONVERSATION_OPENED -> "conversation.opened";
      case CONVERSATION_EXCHANGED -> "conversation.exchanged";
      case CONVERSATION_CLOSED -> "conversation.closed";
      case VARIABLE_CHANGED -> "variable.changed";
      case CHANNEL_WRITTEN -> "channel.written";
      case CAP_BREACHED -> "cap.breached";
      case ORCHESTRATOR_DECIDED -> "runOrchestrator.decided";
      case NODE_DISPATCHED -> "node.dispatched";
      case FAN_OUT_BEGUN -> "core.dispatch.fanOut";
      case FAN_OUT_JOINED -> "core.dispatch.join";
      case WORKFLOW_CHAIN -> "core.workflowChain.event";
      case CONFIDENCE_ESCALATED -> "core.workflowChain.confidence-escalated";
      case VERSION_PINNED -> "version.pinned";
      case ARTIFACT_CREATED -> "artifact.created";
      case AGENT_REASONING_DELTA -> "agent.reasoning.delta";
      case AGENT_REASONED -> "agent.reasoned";
      case AGENT_TOOL_CALLED -> "agent.toolCalled";
      case AGENT_TOOL_RETURNED -> "agent.toolReturned";
      case AGENT_HANDOFF -> "agent.handoff";
      case AGENT_DECIDED -> "agent.decided";
      case REPLAY_DIVERGED -> "replay.diverged";
    };
  }
}
