package io.heddle.interrupt;

import io.heddle.json.Json;
import io.heddle.run.ConversationEvents;
import io.heddle.run.RunState.Question;
import io.heddle.schema.InvalidSchemaException;
import io.heddle.schema.JsonSchema;
import io.heddle.workflow.Fault;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What can be said in a conversation as it stands [RFC 0005 §C, §E]. Turns have consecutive
 * indexes: of two that were meant for the same place, one is too late. Pure.
 */
final class Conversation {

  /** The largest turn, and the largest outcome, in characters of JSON. */
  static final int LONGEST_TURN = 65_536;

  /** The largest conversation that takes another exchange, in characters of JSON. */
  static final int LONGEST = 262_144;

  /** The most turns before the one that closes it. */
  static final int MOST_TURNS = 500;

  private static final String VALUE = "/resumeValue";

  private static final String TURN = VALUE + "/turn";

  private static final String OUTCOME = VALUE + "/outcome";

  private static final Set<String> MEMBERS = Set.of("operation", "turn", "outcome");

  private static final List<String> ROLES = List.of("user", "agent", "system");

  private static final int LONGEST_NAME = 256;

  private Conversation() {}

  /** What a resume value comes to. */
  sealed interface Said {

    /** Another turn, complete; the conversation goes on. */
    record Exchange(Map<String, @Nullable Object> turn) implements Said {}

    /** The last turn, complete, and what the node gets. */
    record Close(Map<String, @Nullable Object> turn, Map<String, @Nullable Object> value)
        implements Said {}

    /** A turn that was heard before. */
    record Repeated() implements Said {}

    /** Nothing that can be said. */
    record Unacceptable(List<Fault> faults) implements Said {}
  }

  /** Whether somebody wants to go on with a conversation rather than end it. */
  static boolean isExchange(@Nullable Object value) {
    return value instanceof Map<?, ?> members && "exchange".equals(members.get("operation"));
  }

  static Said judge(Interrupt question, Question asked, @Nullable Object value, Instant now) {
    if (!(value instanceof Map<?, ?>)) {
      return unacceptable(VALUE, "must be an object");
    }
    Map<String, @Nullable Object> given = Json.object(value, VALUE);
    Object operation = given.get("operation");
    if (!"exchange".equals(operation) && !"close".equals(operation)) {
      return unacceptable(VALUE + "/operation", "must be one of exchange, close");
    }
    boolean closes = "close".equals(operation);
    if (!MEMBERS.containsAll(given.keySet())) {
      return unacceptable(VALUE, "must have no members but operation, turn, outcome");
    }
    if (!(given.get("turn") instanceof Map<?, ?>)) {
      return unacceptable(TURN, "must be an object");
    }
    Map<String, @Nullable Object> turn = Json.object(given.get("turn"), TURN);
    List<Fault> faults = shape(turn);
    if (!faults.isEmpty()) {
      return new Said.Unacceptable(faults);
    }
    if (Json.write(turn).length() > LONGEST_TURN) {
      return unacceptable(TURN, "must have at most %d characters".formatted(LONGEST_TURN));
    }
    Said repeated = repeated(turn, asked.turns(), closes);
    if (repeated != null) {
      return repeated;
    }
    int index = asked.turns().size();
    if (turn.containsKey("turnIndex") && !Integer.valueOf(index).equals(turn.get("turnIndex"))) {
      return unacceptable(TURN + "/turnIndex", "must be %d, which is next".formatted(index));
    }
    Map<String, @Nullable Object> complete = complete(asked.interruptId(), index, turn, now);
    if (isTaken(complete.get("messageId"), asked.turns())) {
      return unacceptable(TURN + "/messageId", "must be given, for the usual one is taken");
    }
    return closes ? close(question, complete, given) : exchange(asked, complete, given);
  }

  private static Said exchange(
      Question asked, Map<String, @Nullable Object> turn, Map<String, @Nullable Object> given) {
    if (given.containsKey("outcome")) {
      return unacceptable(OUTCOME, "is for the operation close only");
    }
    if (asked.turns().size() >= MOST_TURNS
        || Json.write(asked.turns()).length() + Json.write(turn).length() > LONGEST) {
      return unacceptable(TURN, "finds no room in a conversation that can only be closed by now");
    }
    return new Said.Exchange(turn);
  }

  private static Said close(
      Interrupt question, Map<String, @Nullable Object> turn, Map<String, @Nullable Object> given) {
    Object outcome = given.get("outcome");
    if (Json.write(outcome).length() > LONGEST_TURN) {
      return unacceptable(OUTCOME, "must have at most %d characters".formatted(LONGEST_TURN));
    }
    Object schema = question.data().get("outcomeSchema");
    if (schema != null) {
      if (!given.containsKey("outcome")) {
        return unacceptable(OUTCOME, "is required");
      }
      List<Fault> misfits = misfits(Json.object(schema, "/outcomeSchema"), outcome);
      if (!misfits.isEmpty()) {
        return new Said.Unacceptable(misfits);
      }
    }
    return new Said.Close(
        turn, Json.members("operation", "close", "turn", turn, "outcome", outcome));
  }

  private static List<Fault> shape(Map<String, @Nullable Object> turn) {
    List<Fault> faults = new ArrayList<>();
    if (!(turn.get("role") instanceof String role) || !ROLES.contains(role)) {
      faults.add(new Fault(TURN + "/role", "must be one of " + String.join(", ", ROLES)));
    }
    name(turn, "from", true, 1, faults);
    name(turn, "messageId", false, 1, faults);
    name(turn, "speakerId", "agent".equals(turn.get("role")), 1, faults);
    name(turn, "to", false, 0, faults);
    name(turn, "groupId", false, 0, faults);
    if (!turn.containsKey("content")) {
      faults.add(new Fault(TURN + "/content", "is required"));
    }
    if (turn.containsKey("ts") && !isTime(turn.get("ts"))) {
      faults.add(new Fault(TURN + "/ts", "must be a whole number of milliseconds since 1970"));
    }
    if (turn.containsKey("agent") && !(turn.get("agent") instanceof Map<?, ?>)) {
      faults.add(new Fault(TURN + "/agent", "must be an object"));
    }
    return faults;
  }

  private static void name(
      Map<String, @Nullable Object> turn,
      String member,
      boolean required,
      int shortest,
      List<Fault> faults) {
    if (!turn.containsKey(member)) {
      if (required) {
        faults.add(new Fault(TURN + "/" + member, "is required"));
      }
    } else if (!(turn.get(member) instanceof String text)
        || text.length() < shortest
        || text.length() > LONGEST_NAME) {
      faults.add(
          new Fault(
              TURN + "/" + member,
              "must be a string of %d to %d characters".formatted(shortest, LONGEST_NAME)));
    }
  }

  private static boolean isTime(@Nullable Object value) {
    return (value instanceof Integer || value instanceof Long) && ((Number) value).longValue() >= 0
        || value instanceof BigInteger big && big.signum() > 0 && big.bitLength() < Long.SIZE;
  }

  /** Whether a turn was sent again; null if nobody has heard it. */
  private static @Nullable Said repeated(
      Map<String, @Nullable Object> turn,
      List<Map<String, @Nullable Object>> turns,
      boolean closes) {
    Object messageId = turn.get("messageId");
    for (Map<String, @Nullable Object> heard : turns) {
      if (messageId != null && messageId.equals(heard.get("messageId"))) {
        boolean same =
            turn.entrySet().stream()
                .allMatch(
                    member ->
                        heard.containsKey(member.getKey())
                            && Json.same(member.getValue(), heard.get(member.getKey())));
        return same && !closes
            ? new Said.Repeated()
            : unacceptable(TURN + "/messageId", "must differ from those of the turns before");
      }
    }
    return null;
  }

  private static boolean isTaken(
      @Nullable Object messageId, List<Map<String, @Nullable Object>> turns) {
    return turns.stream().anyMatch(turn -> Objects.equals(turn.get("messageId"), messageId));
  }

  /** A turn with what the host derives if nobody gave it. */
  private static Map<String, @Nullable Object> complete(
      String conversationId, int index, Map<String, @Nullable Object> given, Instant now) {
    Map<String, @Nullable Object> turn =
        new LinkedHashMap<>(
            ConversationEvents.turn(
                conversationId,
                index,
                String.valueOf(given.get("role")),
                String.valueOf(given.get("from")),
                given.get("content"),
                now));
    turn.putAll(given);
    return turn;
  }

  private static List<Fault> misfits(
      Map<String, @Nullable Object> schema, @Nullable Object outcome) {
    try {
      return JsonSchema.compile(schema).validate(outcome).stream()
          .map(it -> new Fault(OUTCOME + it.pointer(), it.problem()))
          .toList();
    } catch (InvalidSchemaException e) {
      throw new IllegalStateException("A stored question has an invalid schema", e);
    }
  }

  private static Said unacceptable(String pointer, String problem) {
    return new Said.Unacceptable(List.of(new Fault(pointer, problem)));
  }
}
