package io.heddle.run;

import io.heddle.json.Json;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.Resumption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the engine knows of a run between two steps: its variables, its channels and how far each
 * node came. Committed with the events that tell of it, so that any host node can go on from here
 * without reading the log. Immutable.
 *
 * @param channels the values of the channels that the workflow declares: the fold of all writes to
 *     them
 * @param nodes the nodes that were reached, in the order they were reached; a node that a loop will
 *     reach again is not among them
 * @param visits how often a node was reached before, for the nodes that a loop went back over
 * @param loops how often a loop went back to a node
 * @param edges what became of the edges with a condition whose source has ended
 * @param suspensions how often a node asked somebody outside, for the nodes that did
 * @param versions which version of a change node code follows, by the change's id
 * @param starts how many nodes were started, counting every attempt
 * @param orchestration what orchestrators decided; null until the first decision
 * @param secrets what of this is not shown
 * @param agent who acted last, as the definition describes it; null if it names nobody
 * @param repetition how far a replay has come in the log of its source; null in any other run
 */
public record RunState(
    Map<String, @Nullable Object> variables,
    Map<String, @Nullable Object> channels,
    Map<String, NodeState> nodes,
    Map<String, Integer> visits,
    Map<String, Integer> loops,
    Map<String, EdgeOutcome> edges,
    Map<String, Integer> suspensions,
    Map<String, Integer> versions,
    int starts,
    @Nullable Orchestration orchestration,
    Secrets secrets,
    @Nullable Map<String, @Nullable Object> agent,
    @Nullable Repetition repetition) {

  /**
   * How far a replay has come.
   *
   * @param next the sequence of the source's event that it comes to next
   * @param astray whether it does something else by now, so that no event of it has its counterpart
   *     at that place any more
   */
  public record Repetition(long next, boolean astray) {}

  /**
   * What orchestrators decided.
   *
   * @param agent who decides, as the definition tells; the same for the whole life of a run
   * @param decisions how many decisions there were
   * @param decision the latest one
   * @param eventId of the event that tells of it
   * @param dispatched how many runs all decisions together started
   */
  public record Orchestration(
      Map<String, @Nullable Object> agent,
      int decisions,
      Map<String, @Nullable Object> decision,
      String eventId,
      int dispatched) {

    /** This account after another decision. */
    public Orchestration decided(Map<String, @Nullable Object> next, String nextEventId) {
      return new Orchestration(agent, decisions + 1, next, nextEventId, dispatched);
    }

    /** This account with one more run started. */
    public Orchestration withDispatch() {
      return new Orchestration(agent, decisions, decision, eventId, dispatched + 1);
    }
  }

  /** What the condition of an edge came to. Evaluated once, for what it looks at may change. */
  public enum EdgeOutcome {
    TAKEN,
    NOT_TAKEN,
    /** Its source has rejected what waits behind it, which counts like a failure. */
    REJECTED,
    /** The condition could not be evaluated. */
    BROKEN
  }

  /** How far a node came. */
  public enum Progress {
    /** Its start is recorded and its outcome is not. */
    STARTED,
    /** Started, and waiting for {@link NodeState#until()}. */
    PARKED,
    /** Failed, and waiting for {@link NodeState#until()} to be started again. */
    RETRYING,
    /** Started, and waiting for the runs it started. */
    WAITING,
    /** Started, and waiting for somebody outside, at most until {@link NodeState#until()}. */
    SUSPENDED,
    /** Answered, and due to go on. */
    RESUMED,
    COMPLETED,
    FAILED,
    SKIPPED,
    CANCELLED;

    /** Whether the node has an outcome. */
    public boolean isFinal() {
      return switch (this) {
        case STARTED, PARKED, RETRYING, WAITING, SUSPENDED, RESUMED -> false;
        case COMPLETED, FAILED, SKIPPED, CANCELLED -> true;
      };
    }
  }

  /**
   * A question that a node asked.
   *
   * @param answer how it ended, or null as long as it stands
   * @param turns what was said so far, if it is a conversation; empty otherwise
   * @param latest the id of the event that tells the last turn; null without turns
   */
  public record Question(
      String interruptId,
      InterruptKind kind,
      @Nullable Resumption answer,
      List<Map<String, @Nullable Object>> turns,
      @Nullable String latest) {

    public Question {
      turns = List.copyOf(turns);
    }

    /** A question in which nothing was said yet. */
    public Question(String interruptId, InterruptKind kind, @Nullable Resumption answer) {
      this(interruptId, kind, answer, List.of(), null);
    }

    private Question answered(Resumption end) {
      return new Question(
          interruptId,
          kind,
          new Resumption(end.value(), end.resolvedBy(), end.timedOut(), turns),
          turns,
          latest);
    }

    private Question said(Map<String, @Nullable Object> turn, String eventId) {
      List<Map<String, @Nullable Object>> more = new ArrayList<>(turns);
      more.add(turn);
      return new Question(interruptId, kind, answer, more, eventId);
    }

    // Holds what was said.
    @Override
    public String toString() {
      return "Question[%s, %s, turns=%d]".formatted(interruptId, kind, turns.size());
    }
  }

  /**
   * One node.
   *
   * @param attempt 0 for the first start of this visit
   * @param outputs of a completed node; empty otherwise
   * @param until when a node that waits is due, by the database's clock; null otherwise
   * @param wakeups how often this attempt was woken
   * @param memo what the parked executor asked to remember
   * @param question the last one it asked in this visit, or null
   * @param losses how often in this visit a process was lost while it executed the node
   */
  public record NodeState(
      Progress progress,
      int attempt,
      Map<String, @Nullable Object> outputs,
      @Nullable Instant until,
      int wakeups,
      Map<String, @Nullable Object> memo,
      @Nullable Question question,
      int losses) {

    // Holds what the node gave.
    @Override
    public String toString() {
      return "NodeState[progress=%s, attempt=%d]".formatted(progress, attempt);
    }

    /** A node whose start is being recorded. */
    public static NodeState started(int attempt) {
      return new NodeState(
          Progress.STARTED, attempt, Json.members(), null, 0, Json.members(), null, 0);
    }

    /** This node, starting once more; a question that was answered is not asked again. */
    public NodeState restarted() {
      return new NodeState(
          Progress.STARTED, attempt + 1, Json.members(), null, 0, Json.members(), question, losses);
    }

    /** This node, waiting for an answer. */
    public NodeState suspended(
        Question asked, @Nullable Instant until, Map<String, @Nullable Object> memo) {
      return new NodeState(
          Progress.SUSPENDED, attempt, outputs, until, wakeups, memo, asked, losses);
    }

    /** This node with the end of its question. */
    public NodeState answered(Resumption answer) {
      Question asked = Objects.requireNonNull(question);
      return new NodeState(
          Progress.RESUMED, attempt, outputs, null, wakeups, memo, asked.answered(answer), losses);
    }

    /**
     * This node, in whose conversation something was said.
     *
     * @param eventId of the event that tells it
     */
    public NodeState said(Map<String, @Nullable Object> turn, String eventId) {
      Question asked = Objects.requireNonNull(question).said(turn, eventId);
      return new NodeState(progress, attempt, outputs, until, wakeups, memo, asked, losses);
    }

    /** This node, executing again after its question was answered. */
    public NodeState resumed() {
      return new NodeState(
          Progress.STARTED, attempt, outputs, null, wakeups, memo, question, losses);
    }

    /** This node, waiting. */
    public NodeState parked(Instant until, Map<String, @Nullable Object> memo) {
      return new NodeState(
          Progress.PARKED, attempt, outputs, until, wakeups, memo, question, losses);
    }

    /** This node, waiting for the runs it started. */
    public NodeState waiting(Map<String, @Nullable Object> memo) {
      return new NodeState(
          Progress.WAITING, attempt, outputs, null, wakeups, memo, question, losses);
    }

    /** This node, which remembers one thing more. */
    public NodeState remembering(String name, @Nullable Object value) {
      Map<String, @Nullable Object> more = new LinkedHashMap<>(memo);
      more.put(name, value);
      return new NodeState(progress, attempt, outputs, until, wakeups, more, question, losses);
    }

    /** This node, waiting for its next attempt. */
    public NodeState retrying(Instant until) {
      return new NodeState(
          Progress.RETRYING, attempt, outputs, until, 0, Json.members(), question, losses);
    }

    /** This node, woken because its time has come. */
    public NodeState woken() {
      return new NodeState(
          Progress.STARTED, attempt, outputs, null, wakeups + 1, memo, question, losses);
    }

    /** This node after a process was lost that executed it. */
    public NodeState lost() {
      return new NodeState(progress, attempt, outputs, until, wakeups, memo, question, losses + 1);
    }

    /** This node with its outcome. */
    public NodeState ended(Progress outcome, Map<String, @Nullable Object> outputs) {
      return new NodeState(outcome, attempt, outputs, null, 0, Json.members(), null, 0);
    }
  }

  /** The state of a run that has not started. */
  public static RunState initial(
      Map<String, @Nullable Object> variables, Map<String, @Nullable Object> channels) {
    return new RunState(
        variables,
        channels,
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        0,
        null,
        Secrets.NONE,
        null,
        null);
  }

  /** This state of a replay that has come to another place. */
  public RunState with(Repetition reached) {
    Copy copy = new Copy(this);
    copy.repetition = reached;
    return copy.state();
  }

  /** How often orchestrators decided. */
  public int turns() {
    return orchestration == null ? 0 : orchestration.decisions();
  }

  /** How often a node was reached before the present time. */
  public int visit(String nodeId) {
    return visits.getOrDefault(nodeId, 0);
  }

  /** Whether a node is between its start and its outcome. */
  public boolean isInProgress() {
    return nodes.values().stream()
        .anyMatch(
            node ->
                node.progress() == Progress.STARTED
                    || node.progress() == Progress.PARKED
                    || node.progress() == Progress.WAITING);
  }

  /**
   * What is awaited from outside: a decision before an answer, an answer before an event; null if
   * no node is suspended.
   */
  public @Nullable RunStatus awaited() {
    return nodes.values().stream()
        .filter(node -> node.progress() == Progress.SUSPENDED)
        .map(node -> awaited(Objects.requireNonNull(node.question()).kind()))
        .min(Comparator.naturalOrder())
        .orElse(null);
  }

  private static RunStatus awaited(InterruptKind kind) {
    return switch (kind) {
      case APPROVAL, LOW_CONFIDENCE, CONVERSATION -> RunStatus.WAITING_APPROVAL;
      case CLARIFICATION, CUSTOM -> RunStatus.WAITING_INPUT;
      case EXTERNAL_EVENT -> RunStatus.WAITING_EXTERNAL;
    };
  }

  /** This state with one node changed. */
  public RunState with(String nodeId, NodeState node) {
    Copy copy = new Copy(this);
    copy.nodes = new LinkedHashMap<>(nodes);
    copy.nodes.put(nodeId, node);
    return copy.state();
  }

  /** This state with one variable changed. A secret that it held remains one. */
  public RunState withVariable(String name, @Nullable Object value) {
    Copy copy = new Copy(this);
    copy.variables = new LinkedHashMap<>(variables);
    copy.variables.put(name, value);
    if (secrets.variables().contains(name) && variables.containsKey(name)) {
      copy.secrets = secrets.withValue(variables.get(name));
    }
    return copy.state();
  }

  /** This state with other secrets. */
  public RunState with(Secrets secrets) {
    Copy copy = new Copy(this);
    copy.secrets = secrets;
    return copy.state();
  }

  /** This state with one channel changed. */
  public RunState withChannel(String name, @Nullable Object value) {
    Copy copy = new Copy(this);
    copy.channels = new LinkedHashMap<>(channels);
    copy.channels.put(name, value);
    return copy.state();
  }

  /** This state with one more question of a node counted. */
  public RunState withSuspension(String nodeId) {
    Copy copy = new Copy(this);
    copy.suspensions = new LinkedHashMap<>(suspensions);
    copy.suspensions.merge(nodeId, 1, Integer::sum);
    return copy.state();
  }

  /** This state with the version of a change that was not pinned before. */
  public RunState withVersion(String changeId, int version) {
    Copy copy = new Copy(this);
    copy.versions = new LinkedHashMap<>(versions);
    copy.versions.put(changeId, version);
    return copy.state();
  }

  /** This state with who acts now. */
  public RunState withAgent(Map<String, @Nullable Object> acting) {
    Copy copy = new Copy(this);
    copy.agent = acting;
    return copy.state();
  }

  /** This state with one more start counted. */
  public RunState withStart() {
    Copy copy = new Copy(this);
    copy.starts++;
    return copy.state();
  }

  /** This state with what orchestrators decided. */
  public RunState withOrchestration(Orchestration changed) {
    Copy copy = new Copy(this);
    copy.orchestration = changed;
    return copy.state();
  }

  /** This state with what became of an edge. */
  public RunState withEdge(String edgeId, EdgeOutcome outcome) {
    Copy copy = new Copy(this);
    copy.edges = new LinkedHashMap<>(edges);
    copy.edges.put(edgeId, outcome);
    return copy.state();
  }

  /**
   * This state after a loop went back: the nodes of its body have not been reached yet, and the
   * loops within it begin anew.
   *
   * @param target the node the loop leads back to
   * @param iteration how often it has done so now
   * @param bodyEdges the edges that leave the nodes of the body
   */
  public RunState loopedBack(
      String target, int iteration, Collection<String> body, Collection<String> bodyEdges) {
    Copy copy = new Copy(this);
    copy.nodes = new LinkedHashMap<>(nodes);
    copy.visits = new LinkedHashMap<>(visits);
    copy.loops = new LinkedHashMap<>(loops);
    for (String nodeId : body) {
      NodeState node = copy.nodes.get(nodeId);
      if (node != null && node.progress().isFinal()) {
        copy.nodes.remove(nodeId);
        if (node.progress() != Progress.SKIPPED) {
          copy.visits.merge(nodeId, 1, Integer::sum);
        }
      }
      copy.loops.remove(nodeId);
    }
    copy.loops.put(target, iteration);
    copy.edges = new LinkedHashMap<>(edges);
    copy.edges.keySet().removeAll(bodyEdges);
    return copy.state();
  }

  /** The text that {@link #fromJson} reads back. */
  public String toJson() {
    return RunStateJson.write(this);
  }

  /** Reads what {@link #toJson} wrote. */
  public static RunState fromJson(String json) {
    return RunStateJson.read(json);
  }

  // Holds whatever the run works on.
  @Override
  public String toString() {
    return "RunState[nodes=%s, starts=%d]".formatted(nodes.keySet(), starts);
  }

  /** The members of a state while one of them changes. */
  private static final class Copy {

    Map<String, @Nullable Object> variables;

    Map<String, @Nullable Object> channels;

    Map<String, NodeState> nodes;

    Map<String, Integer> visits;

    Map<String, Integer> loops;

    Map<String, EdgeOutcome> edges;

    Map<String, Integer> suspensions;

    Map<String, Integer> versions;

    int starts;

    @Nullable Orchestration orchestration;

    Secrets secrets;

    @Nullable Map<String, @Nullable Object> agent;

    @Nullable Repetition repetition;

    Copy(RunState state) {
      variables = state.variables;
      channels = state.channels;
      nodes = state.nodes;
      visits = state.visits;
      loops = state.loops;
      edges = state.edges;
      suspensions = state.suspensions;
      versions = state.versions;
      starts = state.starts;
      orchestration = state.orchestration;
      secrets = state.secrets;
      agent = state.agent;
      repetition = state.repetition;
    }

    RunState state() {
      return new RunState(
          variables,
          channels,
          nodes,
          visits,
          loops,
          edges,
          suspensions,
          versions,
          starts,
          orchestration,
          secrets,
          agent,
          repetition);
    }
  }
}
