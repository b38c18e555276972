package io.heddle.engine;

import io.heddle.run.EventType;
import io.heddle.run.NewArtifact;
import io.heddle.run.NewInterrupt;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.spi.NodeExecutor;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One run as the repetition of another one. Of what the engine could do next, it does what the
 * source did first; what came from outside, and what nodes with side effects came to, is told as it
 * is on record; everything else is executed and compared. What was told of the source says when a
 * replay does something else, and is otherwise no reason to do anything. This chooses; {@link
 * Retelling} serves the record and {@link ReplayComparison} compares. Used by one thread.
 */
final class Replay implements Questions.Answers {

  /** The code of a node that cannot be repeated without its source. */
  static final String SOURCE_MISSING = "replay_source_missing";

  /** What a replay looks up. */
  interface Source {

    /** An artifact of the source; empty if it is gone. */
    Optional<NewArtifact> artifact(String artifactId) throws InterruptedException;

    /** The source as it stands; empty if it is gone. */
    Optional<Run> run() throws InterruptedException;
  }

  enum Deed {
    /** Starts a node, wakes it or lets it go on: what the engine would do. */
    START,
    SKIP,
    BREAK_OFF,
    /** Tells what a node did that is not executed. */
    TELL,
    /** Gives a node the answer that its source got. */
    ANSWER,
    /** Tells what happened to the source. */
    HAPPEN,
    /** Fails a node that neither is executed nor on record. */
    MISS
  }

  /**
   * Something that can be done now.
   *
   * @param sequence when the source did it; {@link #NEVER} if it did not
   */
  record Choice(Deed deed, @Nullable NodeDefinition node, long sequence) {

    NodeDefinition onlyNode() {
      return Objects.requireNonNull(node);
    }
  }

  /** The sequence of what the source did not do. */
  static final long NEVER = Long.MAX_VALUE;

  private static final String HOST_LOST = "heddle.host_lost";

  private final Run run;

  private final Run.Fork fork;

  private final WorkflowDefinition definition;

  private final NodeExecutors executors;

  private final Draft draft;

  private final RunRecord record;

  private final RecordedClock clock;

  private final ReplayComparison place;

  private final Retelling retelling;

  /**
   * @param clock what the draft and the executors tell the time by
   */
  Replay(
      Run run,
      WorkflowDefinition definition,
      NodeExecutors executors,
      Draft draft,
      RunRecord record,
      RecordedClock clock,
      Source source) {
    this.run = run;
    this.fork = Objects.requireNonNull(run.fork());
    this.definition = definition;
    this.executors = executors;
    this.draft = draft;
    this.record = record;
    this.clock = clock;
    this.place = new ReplayComparison(run, draft, record);
    this.retelling = new Retelling(fork, definition, draft, record, place, source);
  }

  /** How far this has come, and whether it still does what its source did. */
  ReplayComparison place() {
    return place;
  }

  /** The version of a change that the source followed, or else the one that is offered. */
  int version(String changeId, int offered) {
    Integer recorded = record.version(changeId);
    return recorded == null ? offered : recorded;
  }

  /** Whether an orchestrator has decided and its node is yet to be told to have ended. */
  boolean isDeciding() {
    return definition.nodes().stream()
        .filter(node -> node.typeId().equals(SupervisorNode.TYPE))
        .map(node -> draft.state().nodes().get(node.id()))
        .anyMatch(reached -> reached != null && reached.progress() == Progress.RESUMED);
  }

  /** Whether what a node does is told rather than done. */
  boolean tells(NodeDefinition node) throws InterruptedException {
    if (!node.typeId().equals(SupervisorNode.TYPE)) {
      NodeExecutor executor = executors.byTypeId().get(node.typeId());
      if (executor == null || !executor.pure() || executor.sideEffecting()) {
        return true;
      }
    }
    NodeState reached = draft.state().nodes().get(node.id());
    RunRecord.Attempt attempt = reached == null ? null : retelling.attempt(node, reached.attempt());
    if (attempt == null || !attempt.hasEnded()) {
      return false;
    }
    RunRecord.Entry second = attempt.from(attempt.first().sequence() + 1);
    // Some of it stands in the copied part of the log, so it cannot be done from its beginning.
    return attempt.first().sequence() < fork.fromSequence()
            && second != null
            && second.sequence() < fork.fromSequence()
        || HOST_LOST.equals(code(attempt.last()));
  }

  /** Of what can be done now, what the source did first; null if there is nothing but to wait. */
  @Nullable Choice choose(Readiness readiness, boolean draining, Instant now)
      throws InterruptedException {
    Choice first = draining ? null : happening();
    for (NodeDefinition node : definition.nodes()) {
      NodeState reached = draft.state().nodes().get(node.id());
      if (reached != null) {
        first = earlier(first, underWay(node, reached, draining, now));
      }
    }
    if (draining) {
      return first;
    }
    for (NodeDefinition node : readiness.unreachable()) {
      Long skip = record.skip(node.id(), place.next());
      first = earlier(first, new Choice(Deed.SKIP, node, skip == null ? NEVER : skip));
    }
    for (NodeDefinition node : readiness.ready()) {
      first = earlier(first, new Choice(Deed.START, node, retelling.start(node, 0)));
    }
    for (NodeDefinition node : readiness.broken()) {
      first = earlier(first, new Choice(Deed.BREAK_OFF, node, retelling.start(node, 0)));
    }
    return earlier(first, overtaken());
  }

  /** Does what was chosen, unless that is to start a node. */
  Optional<Stop> perform(Choice choice) throws InterruptedException {
    return switch (choice.deed()) {
      case START -> throw new IllegalArgumentException("The engine starts nodes");
      case SKIP -> {
        draft.leaveOut(choice.onlyNode());
        yield Optional.empty();
      }
      case BREAK_OFF -> Stop.of(choice.onlyNode(), draft.breakOff(choice.onlyNode()));
      case ANSWER -> retelling.answer(choice.onlyNode());
      case MISS -> retelling.miss(choice.onlyNode());
      case TELL -> retelling.tell(choice.onlyNode());
      case HAPPEN -> retelling.happen();
    };
  }

  /** Executes a node by the time at which the source did; returns the error that ends the run. */
  Optional<RunError> execute(NodeDefinition node, NodeCalls calls) throws InterruptedException {
    clock.set(retelling.writtenAt(node));
    try {
      return draft.end(node, calls.call(node, draft.state()));
    } finally {
      clock.set(null);
    }
  }

  private static @Nullable Choice earlier(@Nullable Choice a, @Nullable Choice b) {
    return a == null || b != null && b.sequence() < a.sequence() ? b : a;
  }

  private @Nullable Choice underWay(
      NodeDefinition node, NodeState reached, boolean draining, Instant now)
      throws InterruptedException {
    boolean due = reached.until() != null && !reached.until().isAfter(now);
    return switch (reached.progress()) {
      case STARTED -> tells(node) ? telling(node, reached) : null;
      case RESUMED -> {
        if (tells(node)) {
          yield telling(node, reached);
        }
        if (draining) {
          yield null;
        }
        yield new Choice(
            hasForgotten(node, reached) ? Deed.MISS : Deed.START,
            node,
            retelling.pending(node, reached));
      }
      case PARKED -> {
        long pending = retelling.pending(node, reached);
        yield pending == NEVER && !due ? null : new Choice(Deed.START, node, pending);
      }
      case RETRYING -> {
        long again = retelling.start(node, reached.attempt() + 1);
        yield draining || again == NEVER && !due ? null : new Choice(Deed.START, node, again);
      }
      case SUSPENDED -> {
        List<RunRecord.Entry> answer = draining ? List.of() : retelling.answer(node, reached);
        yield !answer.isEmpty()
            ? new Choice(Deed.ANSWER, node, answer.get(0).sequence())
            : due && !draining ? new Choice(Deed.START, node, NEVER) : null;
      }
      case WAITING, COMPLETED, FAILED, SKIPPED, CANCELLED -> null;
    };
  }

  private Choice telling(NodeDefinition node, NodeState reached) {
    long pending = retelling.pending(node, reached);
    if (pending != NEVER) {
      return new Choice(Deed.TELL, node, pending);
    }
    // A process was lost that executed it, and another one began anew.
    long again = retelling.start(node, reached.attempt() + 1);
    return new Choice(again == NEVER ? Deed.MISS : Deed.START, node, again);
  }

  /** Node code that remembers what no log tells. */
  private static boolean hasForgotten(NodeDefinition node, NodeState reached) {
    return reached.question() != null
        && reached.memo().isEmpty()
        && PastState.remembers(node.typeId());
  }

  /**
   * A start that the source had decided on before a loop took back what the node waited for: it is
   * neither ready by now, nor will it never be.
   */
  private @Nullable Choice overtaken() {
    RunRecord.Entry entry = place.entry();
    if (entry == null || entry.type() != EventType.NODE_STARTED || entry.nodeId() == null) {
      return null;
    }
    NodeDefinition node = definition.node(entry.nodeId()).orElse(null);
    if (node == null || node.disabled() || draft.state().nodes().containsKey(node.id())) {
      return null;
    }
    boolean takenBack =
        definition.incoming(node.id()).stream()
            .map(edge -> edge.sourceNodeId())
            .anyMatch(
                before ->
                    !draft.state().nodes().containsKey(before) && draft.state().visit(before) > 0);
    return takenBack ? new Choice(Deed.START, node, entry.sequence()) : null;
  }

  /** What happened to the source rather than in it, if that is what comes next. */
  private @Nullable Choice happening() throws InterruptedException {
    RunRecord.Entry entry = place.entry();
    if (entry == null) {
      return null;
    }
    boolean happened =
        switch (entry.type()) {
          case RUN_PAUSED, RUN_RESUMED, REPLAY_DIVERGED, AUTHORIZATION_DECIDED -> true;
          case CAP_BREACHED -> "run-duration".equals(record.members(entry.sequence()).get("kind"));
          case LOOPBACK_LIMIT -> entry.sequence() == fork.fromSequence();
          case NODE_CANCELLED, RUN_FAILED ->
              record.hasFailed()
                  && (entry.sequence() == fork.fromSequence()
                      || HOST_LOST.equals(code(record.at(record.end() - 1))));
          default -> false;
        };
    return happened ? new Choice(Deed.HAPPEN, null, entry.sequence()) : null;
  }

  private @Nullable String code(RunRecord.Entry entry) throws InterruptedException {
    Map<String, @Nullable Object> payload =
        switch (entry.type()) {
          case NODE_FAILED, RUN_FAILED, NODE_RETRIED -> record.members(entry.sequence());
          default -> Map.of();
        };
    Object error = payload.get(entry.type() == EventType.NODE_RETRIED ? "lastError" : "error");
    return error instanceof Map<?, ?> members ? String.valueOf(members.get("code")) : null;
  }

  /** The id of the question in whose place this one would be asked, if it was answered. */
  @Override
  public @Nullable String known(NewInterrupt question) {
    RunRecord.Question asked = record.question(question.nodeId(), question.ordinal());
    if (asked == null || asked.answer().isEmpty()) {
      return null;
    }
    return asked.put().kind() == question.kind() ? asked.put().interruptId() : null;
  }

  @Override
  public String toString() {
    return "Replay[%s of %s]".formatted(run.runId(), fork.sourceRunId());
  }
}
