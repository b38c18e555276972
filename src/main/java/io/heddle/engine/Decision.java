package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.RunState;
import io.heddle.run.RunState.Orchestration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an orchestrator decided: which workflows run next, what a person is asked, or that the run
 * ends. Immutable.
 *
 * @param members as the protocol shapes them, without faults
 */
record Decision(Map<String, @Nullable Object> members) {

  private static final String NEXT_WORKER = "next-worker";

  private static final String TERMINATE = "terminate";

  private static final String ASK_USER = "ask-user";

  private static final List<String> KINDS = List.of(NEXT_WORKER, ASK_USER, TERMINATE);

  private static final String PROMPT = "prompt";

  private static final String CONFIDENCE = "confidence";

  // A decision is read with the run's state at each of its steps.
  private static final int MOST_WORKERS = 1_000;

  private static final int LONGEST_ID = 256;

  static Decision nextWorker(String workflowId) {
    return new Decision(Json.members("kind", NEXT_WORKER, "nextWorkerIds", List.of(workflowId)));
  }

  static Decision terminate(String reason) {
    return new Decision(Json.members("kind", TERMINATE, "reason", reason));
  }

  /** Whether the latest decision of a run ends it. */
  static boolean hasEnded(RunState state) {
    Orchestration decided = state.orchestration();
    return decided != null && new Decision(decided.decision()).terminates();
  }

  /** What is wrong with a value that should be a decision: JSON pointer to problem. */
  static Map<String, String> faults(@Nullable Object value) {
    Map<String, String> faults = new LinkedHashMap<>();
    if (!(value instanceof Map)) {
      faults.put("", "must be an object");
      return faults;
    }
    Map<String, @Nullable Object> decision = Json.object(value, "");
    Object kind = decision.get("kind");
    if (!(kind instanceof String word) || !KINDS.contains(word)) {
      faults.put("/kind", "must be one of " + String.join(", ", KINDS));
      return faults;
    }
    if (word.equals(NEXT_WORKER) && !decision.containsKey("nextWorkerIds")) {
      faults.put("/nextWorkerIds", "is required");
    }
    if (word.equals(ASK_USER) && !decision.containsKey(PROMPT)) {
      faults.put("/" + PROMPT, "is required");
    }
    decision.forEach(
        (member, given) -> {
          if (!member.equals("kind")) {
            memberFaults(word, member, given, faults);
          }
        });
    return faults;
  }

  private static void memberFaults(
      String kind, String member, @Nullable Object value, Map<String, String> faults) {
    String pointer = Json.pointer("", member);
    boolean goesOn = kind.equals(NEXT_WORKER);
    boolean ends = kind.equals(TERMINATE);
    if (member.equals(CONFIDENCE) && !kind.equals(ASK_USER)) {
      if (!(value instanceof Number number)
          || number.doubleValue() < 0
          || number.doubleValue() > 1) {
        faults.put(pointer, "must be a number from 0 to 1");
      }
    } else if (goesOn && member.equals("nextWorkerIds")) {
      if (!isListOf(value, Decision::isWorkerId) || List.of().equals(value)) {
        faults.put(
            pointer,
            "must be an array of 1 to %d workflow ids of 1 to %d characters"
                .formatted(MOST_WORKERS, LONGEST_ID));
      }
    } else if (goesOn && member.equals("nextWorkerInputs")) {
      if (!isListOf(value, Map.class::isInstance)) {
        faults.put(pointer, "must be an array of at most %d objects".formatted(MOST_WORKERS));
      }
    } else if (ends && member.equals("reason") || kind.equals(ASK_USER) && member.equals(PROMPT)) {
      if (!(value instanceof String text) || text.isEmpty()) {
        faults.put(pointer, "must be a string that is not empty");
      }
    } else if (ends && member.equals("successCriteria")) {
      if (!isListOf(value, Decision::isCriterion)) {
        faults.put(pointer, "must be an array of objects with a key and whether it was met");
      }
    } else {
      faults.put(pointer, "is not a member of such a decision");
    }
  }

  private interface Check {
    boolean accepts(@Nullable Object item);
  }

  private static boolean isListOf(@Nullable Object value, Check check) {
    return value instanceof List<?> items
        && items.size() <= MOST_WORKERS
        && items.stream().allMatch(check::accepts);
  }

  private static boolean isWorkerId(@Nullable Object value) {
    return value instanceof String id && !id.isEmpty() && id.length() <= LONGEST_ID;
  }

  private static boolean isCriterion(@Nullable Object value) {
    return value instanceof Map<?, ?> criterion
        && criterion.size() == 2
        && criterion.get("key") instanceof String key
        && !key.isEmpty()
        && criterion.get("met") instanceof Boolean;
  }

  boolean terminates() {
    return TERMINATE.equals(members.get("kind"));
  }

  /** What a person is to be asked; null if it is about something else. */
  @Nullable String prompt() {
    return (String) members.get(PROMPT);
  }

  /** How sure its agent is, from 0 to 1; null if it did not say. */
  @Nullable Double confidence() {
    return members.get(CONFIDENCE) instanceof Number number ? (Double) number.doubleValue() : null;
  }

  @Nullable String reason() {
    return (String) members.get("reason");
  }

  /** The workflows that run next, in their order. */
  List<String> workers() {
    return ((List<?>) members.getOrDefault("nextWorkerIds", List.of()))
        .stream().map(String::valueOf).toList();
  }

  /** Whether there are inputs for each of the workers, if there are for any. */
  boolean hasInputsForAll() {
    return inputs().isEmpty() || inputs().size() == workers().size();
  }

  /** What one of the workers is given. */
  Map<String, @Nullable Object> inputs(int worker) {
    return inputs().isEmpty() ? Json.members() : Json.object(inputs().get(worker), "");
  }

  private List<?> inputs() {
    return members.get("nextWorkerInputs") instanceof List<?> inputs ? inputs : List.of();
  }
}
