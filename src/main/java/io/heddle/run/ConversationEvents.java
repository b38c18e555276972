package io.heddle.run;

import io.heddle.json.Json;
import io.heddle.run.RunState.Question;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the log tells of a conversation: how it was opened, each turn, and how it was closed. Every
 * event is the consequence of the one before it, the first of the suspension. A conversation has
 * the id of its question, which no other conversation has and which a replay keeps.
 */
public final class ConversationEvents {

  /** Who speaks in the host's own name. */
  public static final String SYSTEM = "system";

  /** Who speaks if nothing else is known of a person. */
  public static final String USER = "user";

  /** What a conversation is called in the data of its question and in its events. */
  public static final String ID = "conversationId";

  private static final List<String> TURNS = List.of("initialTurn", "turn", "finalTurn");

  private static final String TURN_INDEX = "turnIndex";

  private ConversationEvents() {}

  /**
   * A turn with all members that every turn has.
   *
   * @param index its place in the conversation, from 0
   * @param at when it was said, as its speaker has it
   */
  public static Map<String, @Nullable Object> turn(
      String conversationId,
      int index,
      String role,
      String from,
      @Nullable Object content,
      Instant at) {
    return Json.members(
        "messageId",
        messageId(conversationId, index, role),
        "from",
        from,
        "content",
        content,
        "ts",
        at.toEpochMilli(),
        "role",
        role,
        TURN_INDEX,
        index);
  }

  /** The id of a turn that was not given one. */
  public static String messageId(String conversationId, int index, String role) {
    return "%s:%d:%s".formatted(conversationId, index, role);
  }

  /** The turn by which the host ends a conversation that nobody closed in time. */
  public static Map<String, @Nullable Object> timeout(Question question, Instant at) {
    return turn(
        question.interruptId(),
        question.turns().size(),
        SYSTEM,
        SYSTEM,
        Json.members("reason", "timeout"),
        at);
  }

  /**
   * A conversation begins.
   *
   * @param agentId who leads it, or null
   * @param suspension the id of the event that tells of the suspension
   */
  public static NewEvent opened(
      String nodeId,
      String conversationId,
      @Nullable String agentId,
      Map<String, @Nullable Object> turn,
      String suspension) {
    Map<String, @Nullable Object> payload = Json.members(ID, conversationId);
    if (agentId != null) {
      payload.put("agentId", agentId);
    }
    payload.put("initialTurn", turn);
    payload.put("capabilities", List.of("multi-turn"));
    return NewEvent.of(EventType.CONVERSATION_OPENED, nodeId, Json.write(payload))
        .causedBy(suspension);
  }

  /** Something was said, and the conversation goes on. */
  public static NewEvent exchanged(
      String nodeId, Question question, Map<String, @Nullable Object> turn) {
    return NewEvent.of(
            EventType.CONVERSATION_EXCHANGED,
            nodeId,
            Json.write(
                Json.members(
                    ID, question.interruptId(), TURN_INDEX, turn.get(TURN_INDEX), "turn", turn)))
        .causedBy(question.latest());
  }

  /** A conversation ends with a last turn; without an outcome if that is null. */
  public static NewEvent closed(
      String nodeId,
      Question question,
      Map<String, @Nullable Object> turn,
      @Nullable Object outcome) {
    return NewEvent.of(
            EventType.CONVERSATION_CLOSED,
            nodeId,
            Json.write(
                Json.members(
                    ID,
                    question.interruptId(),
                    TURN_INDEX,
                    turn.get(TURN_INDEX),
                    "finalTurn",
                    turn,
                    "outcome",
                    outcome)))
        .causedBy(question.latest());
  }

  /** The turn that an event of a conversation tells. */
  public static Map<String, @Nullable Object> turn(Map<String, @Nullable Object> payload) {
    return TURNS.stream()
        .filter(payload::containsKey)
        .map(member -> Json.object(Objects.requireNonNull(payload.get(member)), "/" + member))
        .findFirst()
        .orElseThrow();
  }
}
