package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.ChildStanding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How far a node has carried out a decision. Written into the node's memo, so that it survives the
 * process. Used by one thread.
 */
final class FanOut {

  private static final String DECISION = "decision";

  /** The member of a waiting node's memo that names the runs it waits for. */
  static final String CHILDREN = "childRunIds";

  private static final String CAUSE = "cause";

  private static final String RUNS = "runs";

  private static final String ID = "id";

  private static final String STATUS = "status";

  private static final String ERROR = "error";

  private static final String ORDER = "order";

  private static final String OUTCOME = "outcome";

  private static final String LOSERS = "losers";

  private static final String REFUSAL = "refusal";

  private static final String TOLD = "told";

  final Decision decision;

  /** The event that tells of the decision. */
  final String cause;

  /** The runs that ended, in the order in which they did. */
  final List<String> order;

  /** The runs that were under way when the outcome was clear. */
  final List<String> losers;

  // By the worker's place in the decision; a worker without a run has no entry yet.
  private final List<Map<String, @Nullable Object>> runs;

  /** What became of it; null until that is clear. */
  @Nullable JoinOutcome outcome;

  /** Why a worker could not be started, or null. */
  @Nullable String refusal;

  FanOut(Decision decision, String cause) {
    this(decision, cause, List.of(), List.of(), List.of());
  }

  private FanOut(
      Decision decision,
      String cause,
      List<Map<String, @Nullable Object>> runs,
      List<String> order,
      List<String> losers) {
    this.decision = decision;
    this.cause = cause;
    this.runs = new ArrayList<>(runs);
    this.order = new ArrayList<>(order);
    this.losers = new ArrayList<>(losers);
  }

  static FanOut of(Map<String, @Nullable Object> memo) {
    FanOut fanOut =
        new FanOut(
            new Decision(Json.object(memo.get(DECISION), "")),
            String.valueOf(memo.get(CAUSE)),
            list(memo, RUNS).stream().map(run -> Json.object(run, "")).toList(),
            list(memo, ORDER).stream().map(String::valueOf).toList(),
            list(memo, LOSERS).stream().map(String::valueOf).toList());
    if (memo.get(OUTCOME) instanceof String outcome) {
      fanOut.outcome = JoinOutcome.valueOf(outcome);
    }
    fanOut.refusal = (String) memo.get(REFUSAL);
    return fanOut;
  }

  Map<String, @Nullable Object> memo() {
    Map<String, @Nullable Object> memo =
        Json.members(
            CHILDREN,
            inFlight(),
            DECISION,
            decision.members(),
            CAUSE,
            cause,
            RUNS,
            List.copyOf(runs),
            ORDER,
            List.copyOf(order),
            LOSERS,
            List.copyOf(losers));
    if (outcome != null) {
      memo.put(OUTCOME, outcome.name());
    }
    if (refusal != null) {
      memo.put(REFUSAL, refusal);
    }
    return memo;
  }

  /** How many of the workers were started. */
  int started() {
    return runs.size();
  }

  /**
   * The next worker is a run now.
   *
   * @param eventId of the event that tells it
   */
  void start(String runId, String eventId) {
    runs.add(Json.members(ID, runId, TOLD, eventId));
  }

  /** The last event that tells of a run; null if none does. */
  @Nullable String told(String runId) {
    return (String) runs.get(index(runId)).get(TOLD);
  }

  /** Something more is told of a run. */
  void tell(String runId, @Nullable String eventId) {
    int index = index(runId);
    Map<String, @Nullable Object> run = new LinkedHashMap<>(runs.get(index));
    run.put(TOLD, eventId);
    runs.set(index, run);
  }

  /** A run has ended; returns its worker. */
  String ended(ChildStanding child) {
    int index = index(child.runId());
    Map<String, @Nullable Object> run = new LinkedHashMap<>(runs.get(index));
    run.put(STATUS, child.status().name());
    if (child.error() != null) {
      run.put(ERROR, child.error().code());
    }
    runs.set(index, run);
    order.add(child.runId());
    return decision.workers().get(index);
  }

  String worker(String runId) {
    return decision.workers().get(index(runId));
  }

  List<String> inFlight() {
    return runs.stream()
        .filter(run -> !run.containsKey(STATUS))
        .map(run -> String.valueOf(run.get(ID)))
        .toList();
  }

  int count(RunStatus status) {
    return (int) runs.stream().filter(run -> status.name().equals(run.get(STATUS))).count();
  }

  /** The runs as the node's outputs tell of them, in the order of the decision. */
  List<Map<String, @Nullable Object>> children() {
    List<Map<String, @Nullable Object>> children = new ArrayList<>();
    for (Map<String, @Nullable Object> run : runs) {
      Map<String, @Nullable Object> child =
          Json.members(
              "workflowId",
              decision.workers().get(children.size()),
              "childRunId",
              run.get(ID),
              "childStatus",
              Children.spelled(
                  RunStatus.valueOf(String.valueOf(Objects.requireNonNull(run.get(STATUS))))));
      if (run.containsKey(ERROR)) {
        child.put("error", Json.members("code", run.get(ERROR)));
      }
      children.add(child);
    }
    return children;
  }

  private int index(String runId) {
    for (int i = 0; i < runs.size(); i++) {
      if (runId.equals(runs.get(i).get(ID))) {
        return i;
      }
    }
    throw new IllegalArgumentException(runId + " was not started here");
  }

  private static List<?> list(Map<String, @Nullable Object> memo, String member) {
    return memo.get(member) instanceof List<?> list ? list : List.of();
  }
}
