package io.heddle.run;

import io.heddle.json.Json;
import io.heddle.run.RunState.Question;
import io.heddle.spi.InterruptKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the log tells of a question and of its end [interrupt.md §Events]: in the words that all
 * kinds share and, for older readers, in those of its kind.
 */
public final class InterruptEvents {

  private static final List<String> OF_APPROVALS =
      List.of("action", "feedback", "refineFeedback", "editedArtifactData");

  private static final List<String> OF_LOW_CONFIDENCE = List.of("agentId", "threshold", "observed");

  private InterruptEvents() {}

  /** A node asks, and waits. */
  public static List<NewEvent> asked(Run run, NewInterrupt interrupt) {
    List<NewEvent> events = new ArrayList<>();
    events.add(event(EventType.INTERRUPT_REQUESTED, interrupt.nodeId(), request(run, interrupt)));
    boolean governed = Governance.isGate(interrupt.kind(), interrupt.data());
    // The protocol has no older words for governance gates.
    if (interrupt.kind() == InterruptKind.APPROVAL && !governed) {
      events.add(
          event(EventType.APPROVAL_REQUESTED, interrupt.nodeId(), approvalRequest(interrupt)));
    } else if (interrupt.kind() == InterruptKind.CLARIFICATION) {
      Map<String, @Nullable Object> payload = Json.members("nodeId", interrupt.nodeId());
      payload.put("questions", interrupt.data().get("questions"));
      payload.put("interruptId", interrupt.interruptId());
      events.add(event(EventType.CLARIFICATION_REQUESTED, interrupt.nodeId(), payload));
    }
    Map<String, @Nullable Object> suspended =
        Json.members(
            "nodeId",
            interrupt.nodeId(),
            "interruptId",
            interrupt.interruptId(),
            "kind",
            spelled(interrupt.kind()),
            "key",
            interrupt.key());
    if (isOfLowConfidence(interrupt)) {
      suspended.put("reason", "low-confidence");
      for (String member : OF_LOW_CONFIDENCE) {
        suspended.put(member, interrupt.data().get(member));
      }
    }
    if (interrupt.kind() == InterruptKind.CONVERSATION) {
      suspended.put("reason", "conversation-input");
    }
    events.add(event(EventType.NODE_SUSPENDED, interrupt.nodeId(), suspended));
    return events;
  }

  /**
   * A question was answered.
   *
   * @param value as the node gets it
   * @param by the opaque id of who answered
   */
  public static List<NewEvent> answered(
      String nodeId, Question question, @Nullable Object value, String by, Instant at) {
    List<NewEvent> events = new ArrayList<>();
    Map<String, @Nullable Object> members =
        value instanceof Map<?, ?> ? Json.object(value, "") : Json.members();
    Map<String, @Nullable Object> resolved =
        Json.members(
            "nodeId",
            nodeId,
            "interruptId",
            question.interruptId(),
            "kind",
            spelled(question.kind()),
            "resumeValue",
            value);
    if (question.kind() == InterruptKind.APPROVAL) {
      Map<String, @Nullable Object> received = Json.members("nodeId", nodeId);
      for (String member : OF_APPROVALS) {
        if (members.containsKey(member)) {
          received.put(member, members.get(member));
        }
      }
      received.put("decidedBy", by);
      received.put("decidedAt", at.toString());
      events.add(event(EventType.APPROVAL_RECEIVED, nodeId, received));
      resolved.put("action", members.get("action"));
      resolved.put("decision", "reject".equals(members.get("action")) ? "rejected" : "approved");
    } else if (question.kind() == InterruptKind.CLARIFICATION) {
      events.add(
          event(
              EventType.CLARIFICATION_RESOLVED,
              nodeId,
              Json.members("nodeId", nodeId, "answers", members.get("answers"), "answeredBy", by)));
    } else if (question.kind() == InterruptKind.CONVERSATION) {
      events.add(
          ConversationEvents.closed(
              nodeId, question, Json.object(members.get("turn"), "/turn"), members.get("outcome")));
    }
    resolved.put("resolvedBy", by);
    resolved.put("resolvedAt", at.toString());
    events.add(event(EventType.INTERRUPT_RESOLVED, nodeId, resolved));
    events.add(
        event(
            EventType.NODE_RESUMED,
            nodeId,
            Json.members(
                "nodeId", nodeId, "interruptId", question.interruptId(), "resumeValue", value)));
    return events;
  }

  /**
   * A governance gate was decided.
   *
   * @param last what the last word of it is told by
   * @param decision what it came to: {@link Governance#GRANTED} or {@link Governance#REJECTED}
   * @param value as the node gets it
   * @param by the opaque id of whose word that was
   */
  public static List<NewEvent> governed(
      NewEvent last,
      String nodeId,
      Question question,
      String decision,
      Map<String, @Nullable Object> value,
      String by,
      Instant at) {
    return List.of(
        last,
        event(
            EventType.INTERRUPT_RESOLVED,
            nodeId,
            Json.members(
                "nodeId",
                nodeId,
                "interruptId",
                question.interruptId(),
                "kind",
                spelled(question.kind()),
                "resumeValue",
                value,
                Governance.DECISION,
                decision,
                "outcome",
                decision,
                "resolvedBy",
                by,
                "resolvedAt",
                at.toString())),
        event(
            EventType.NODE_RESUMED,
            nodeId,
            Json.members(
                "nodeId", nodeId, "interruptId", question.interruptId(), "resumeValue", value)));
  }

  /**
   * Nobody answered in time, which is never a yes.
   *
   * @param governed whether it was a governance gate that waited
   */
  public static List<NewEvent> timedOut(String nodeId, Question question, boolean governed) {
    List<NewEvent> events = new ArrayList<>();
    if (question.kind() == InterruptKind.APPROVAL && !governed) {
      events.add(
          event(
              EventType.APPROVAL_RECEIVED,
              nodeId,
              Json.members("nodeId", nodeId, "action", "timeout")));
    }
    Map<String, @Nullable Object> resolved =
        Json.members(
            "nodeId",
            nodeId,
            "interruptId",
            question.interruptId(),
            "kind",
            spelled(question.kind()));
    if (question.kind() == InterruptKind.APPROVAL) {
      resolved.put("outcome", "rejected");
    }
    resolved.put("reason", "timeout");
    events.add(event(EventType.INTERRUPT_RESOLVED, nodeId, resolved));
    return events;
  }

  /** How a kind of interrupt is spelled. */
  public static String spelled(InterruptKind kind) {
    if (kind == InterruptKind.CONVERSATION) {
      // The turns are what is waited for; that it begins and ends is told, not asked.
      return "conversation.exchange";
    }
    return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The kind of interrupt that is spelled like this; empty if there is none. */
  public static Optional<InterruptKind> kind(String spelled) {
    return Arrays.stream(InterruptKind.values())
        .filter(kind -> spelled(kind).equals(spelled))
        .findFirst();
  }

  private static Map<String, @Nullable Object> request(Run run, NewInterrupt interrupt) {
    Map<String, @Nullable Object> payload =
        Json.members(
            "runId",
            run.runId(),
            "nodeId",
            interrupt.nodeId(),
            "interruptId",
            interrupt.interruptId(),
            "kind",
            spelled(interrupt.kind()),
            "key",
            interrupt.key(),
            "data",
            interrupt.data());
    if (interrupt.resumeSchema() != null) {
      payload.put("resumeSchema", interrupt.resumeSchema());
    }
    if (interrupt.timeoutMs() != null) {
      payload.put("timeoutMs", interrupt.timeoutMs());
    }
    payload.put("requestedAt", interrupt.requestedAt().toString());
    return payload;
  }

  private static Map<String, @Nullable Object> approvalRequest(NewInterrupt interrupt) {
    Map<String, @Nullable Object> payload = new LinkedHashMap<>();
    payload.put("nodeId", interrupt.nodeId());
    for (String member :
        List.of("artifactId", "artifactType", "title", "approversList", "requiredApprovals")) {
      if (interrupt.data().containsKey(member)) {
        payload.put(member, interrupt.data().get(member));
      }
    }
    List<Object> actions = new ArrayList<>();
    if (interrupt.data().get("actions") instanceof List<?> offered) {
      // This event knows the action by its older name.
      offered.forEach(action -> actions.add("edit-accept".equals(action) ? "edit" : action));
    }
    payload.put("actions", actions);
    payload.put("interruptId", interrupt.interruptId());
    return payload;
  }

  /** Also an approval that is asked for because somebody is not sure enough. */
  private static boolean isOfLowConfidence(NewInterrupt interrupt) {
    return interrupt.kind() == InterruptKind.LOW_CONFIDENCE
        || interrupt.kind() == InterruptKind.APPROVAL
            && interrupt.data().keySet().containsAll(OF_LOW_CONFIDENCE);
  }

  private static NewEvent event(
      EventType type, String nodeId, Map<String, @Nullable Object> payload) {
    return NewEvent.of(type, nodeId, Json.write(payload));
  }
}
