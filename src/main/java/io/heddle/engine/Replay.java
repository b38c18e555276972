package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.ConversationEvents;
import io.heddle.run.EventType;
import io.heddle.run.NewArtifact;
import io.heddle.run.NewEvent;
import io.heddle.run.NewInterrupt;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunState.Repetition;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One run as the repetition of another one. Of what the engine could do next, it does what the
 * source did first; what came from outside, and what nodes with side effects came to, is told as it
 * is on record; everything else is executed and compared. What was told of the source says when a
 * replay does something else, and is otherwise no reason to do anything. Used by one thread.
 */
final class Replay implements Draft.Answers {

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

  /** The run failed at this point, and so does its replay. */
  record Failure(RunError error, @Nullable String failedNodeId) {}

  /** How far this came, to come back to. */
  record Mark(Repetition reached, int seen) {}

  static final long NEVER = Long.MAX_VALUE;

  private static final String HOST_LOST = "heddle.host_lost";

  // Ids, and what follows from the time; two runs never agree on these.
  private static final Map<EventType, Set<String>> ENTROPY = new EnumMap<>(EventType.class);

  static {
    ENTROPY.put(
        EventType.INTERRUPT_REQUESTED, Set.of("runId", "interruptId", "key", "requestedAt"));
    ENTROPY.put(EventType.APPROVAL_REQUESTED, Set.of("interruptId"));
    ENTROPY.put(EventType.CLARIFICATION_REQUESTED, Set.of("interruptId"));
    ENTROPY.put(EventType.CONVERSATION_OPENED, Set.of("conversationId", "initialTurn"));
    ENTROPY.put(EventType.NODE_SUSPENDED, Set.of("interruptId", "key"));
    ENTROPY.put(EventType.INTERRUPT_RESOLVED, Set.of("interruptId"));
    ENTROPY.put(EventType.CHANNEL_WRITTEN, Set.of("writtenAt"));
    ENTROPY.put(EventType.NODE_RETRIED, Set.of("delayMs"));
    ENTROPY.put(EventType.CAP_BREACHED, Set.of("observed"));
  }

  private final Run run;

  private final Run.Fork fork;

  private final WorkflowDefinition definition;

  private final NodeExecutors executors;

  private final Draft draft;

  private final RunRecord record;

  private final Source source;

  // What the source's events are called in this run, as far as something may follow from them.
  private final Map<String, String> ids = new HashMap<>();

  // The last event that was told of a node, once the places in both logs differ.
  private final Map<String, Long> told = new HashMap<>();

  private long next;

  private boolean astray;

  // How many events of the draft have been compared.
  private int seen;

  Replay(
      Run run,
      WorkflowDefinition definition,
      NodeExecutors executors,
      Draft draft,
      RunRecord record,
      Source source) {
    this.run = run;
    this.fork = Objects.requireNonNull(run.fork());
    this.definition = definition;
    this.executors = executors;
    this.draft = draft;
    this.record = record;
    this.source = source;
    Repetition reached = run.state().repetition();
    long begun = reached == null ? fork.fromSequence() : reached.next();
    // Whoever pauses a run that has not started appends the start for it.
    this.next = begun == 0 && run.startedAt() != null ? 1 : begun;
    this.astray = reached != null && reached.astray();
  }

  /** How far this has come. */
  Repetition reached() {
    return new Repetition(next, astray);
  }

  Mark mark() {
    return new Mark(reached(), seen);
  }

  /** Goes back to where events that turned out to be premature had not been appended. */
  void reset(Mark mark) {
    next = mark.reached().next();
    astray = mark.reached().astray();
    seen = mark.seen();
  }

  /** The draft begins anew. */
  void stored() {
    seen = 0;
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
    RunRecord.Attempt attempt = reached == null ? null : attempt(node, reached.attempt());
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
      Long skip = record.skip(node.id(), next);
      first = earlier(first, new Choice(Deed.SKIP, node, skip == null ? NEVER : skip));
    }
    for (NodeDefinition node : readiness.ready()) {
      first = earlier(first, new Choice(Deed.START, node, start(node, 0)));
    }
    for (NodeDefinition node : readiness.broken()) {
      first = earlier(first, new Choice(Deed.BREAK_OFF, node, start(node, 0)));
    }
    return earlier(first, overtaken());
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
            hasForgotten(node, reached) ? Deed.MISS : Deed.START, node, pending(node, reached));
      }
      case PARKED -> {
        long pending = pending(node, reached);
        yield pending == NEVER && !due ? null : new Choice(Deed.START, node, pending);
      }
      case RETRYING -> {
        long again = start(node, reached.attempt() + 1);
        yield draining || again == NEVER && !due ? null : new Choice(Deed.START, node, again);
      }
      case SUSPENDED -> {
        List<RunRecord.Entry> answer = draining ? List.of() : answer(node, reached);
        yield !answer.isEmpty()
            ? new Choice(Deed.ANSWER, node, answer.get(0).sequence())
            : due && !draining ? new Choice(Deed.START, node, NEVER) : null;
      }
      case WAITING, COMPLETED, FAILED, SKIPPED, CANCELLED -> null;
    };
  }

  private Choice telling(NodeDefinition node, NodeState reached) {
    long pending = pending(node, reached);
    if (pending != NEVER) {
      return new Choice(Deed.TELL, node, pending);
    }
    // A process was lost that executed it, and another one began anew.
    long again = start(node, reached.attempt() + 1);
    return new Choice(again == NEVER ? Deed.MISS : Deed.START, node, again);
  }

  /** Node code that remembers what no log tells. */
  private static boolean hasForgotten(NodeDefinition node, NodeState reached) {
    return reached.question() != null
        && reached.memo().isEmpty()
        && PastState.remembers(node.typeId());
  }

  /** When the source started an attempt. */
  private long start(NodeDefinition node, int number) {
    RunRecord.Attempt attempt = attempt(node, number);
    return attempt == null ? NEVER : attempt.first().sequence();
  }

  /** When the source went on with an attempt. */
  private long pending(NodeDefinition node, NodeState reached) {
    RunRecord.Attempt attempt = attempt(node, reached.attempt());
    RunRecord.Entry entry = attempt == null ? null : attempt.from(from(node));
    return entry == null ? NEVER : entry.sequence();
  }

  private long from(NodeDefinition node) {
    return Math.max(next, told.getOrDefault(node.id(), -1L) + 1);
  }

  private RunRecord.@Nullable Attempt attempt(NodeDefinition node, int number) {
    return record.attempt(node.id(), draft.state().visit(node.id()), number);
  }

  private List<RunRecord.Entry> answer(NodeDefinition node, NodeState reached) {
    RunRecord.Question asked =
        record.question(node.id(), draft.state().suspensions().getOrDefault(node.id(), 0) - 1);
    RunState.Question here = Objects.requireNonNull(reached.question());
    if (asked == null
        || asked.answer().isEmpty()
        || !here.interruptId().equals(asked.put().interruptId())) {
      return List.of();
    }
    // Others may have done something between two turns.
    return here.turns().size() < asked.turns().size()
        ? List.of(asked.turns().get(here.turns().size()))
        : asked.answer();
  }

  /**
   * A start that the source had decided on before a loop took back what the node waited for: it is
   * neither ready by now, nor will it never be.
   */
  private @Nullable Choice overtaken() {
    RunRecord.Entry entry = entry();
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
    return takenBack ? new Choice(Deed.START, node, next) : null;
  }

  /** What happened to the source rather than in it, if that is what comes next. */
  private @Nullable Choice happening() throws InterruptedException {
    RunRecord.Entry entry = entry();
    if (entry == null) {
      return null;
    }
    boolean happened =
        switch (entry.type()) {
          case RUN_PAUSED, RUN_RESUMED, REPLAY_DIVERGED -> true;
          case CAP_BREACHED -> "run-duration".equals(record.members(next).get("kind"));
          case LOOPBACK_LIMIT -> next == fork.fromSequence();
          case NODE_CANCELLED, RUN_FAILED ->
              record.hasFailed()
                  && (next == fork.fromSequence()
                      || HOST_LOST.equals(code(record.at(record.end() - 1))));
          default -> false;
        };
    return happened ? new Choice(Deed.HAPPEN, null, next) : null;
  }

  private RunRecord.@Nullable Entry entry() {
    return astray || next >= record.end() ? null : record.at(next);
  }

  /** Tells what happened to the source; returns the failure if that was its end. */
  Optional<Failure> happen() throws InterruptedException {
    RunRecord.Entry entry = record.at(next);
    boolean fails =
        entry.type() == EventType.NODE_CANCELLED || entry.type() == EventType.RUN_FAILED;
    if (!fails) {
      draft.retell(copy(entry, record.payload(next)), draft.state());
    }
    return fails || entry.type() == EventType.CAP_BREACHED ? failure() : Optional.empty();
  }

  /** How the source failed. */
  private Optional<Failure> failure() throws InterruptedException {
    if (!record.hasFailed()) {
      return Optional.empty();
    }
    Map<String, @Nullable Object> payload = record.members(record.end() - 1);
    return Optional.of(new Failure(RunRecord.error(payload), (String) payload.get("failedNodeId")));
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

  /** Fails a node whose outcome is not known and must not be found out. */
  Optional<RunError> miss(NodeDefinition node) {
    return miss(node, "The source run has no recorded outcome for this execution of the node");
  }

  private Optional<RunError> miss(NodeDefinition node, String message) {
    return draft.end(node, NodeResult.failed(SOURCE_MISSING, message));
  }

  /** Tells the next of what a node did; returns how the run fails, if it does. */
  Optional<Failure> tell(NodeDefinition node) throws InterruptedException {
    while (true) {
      NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
      RunRecord.Attempt attempt = Objects.requireNonNull(attempt(node, reached.attempt()));
      RunRecord.Entry entry = Objects.requireNonNull(attempt.from(from(node)));
      told.put(node.id(), entry.sequence());
      Optional<Failure> failure = tell(node, reached, entry);
      // Nobody knows the place of the rest once both logs differ, so it is told at once.
      if (failure.isPresent() || !astray || attempt.from(from(node)) == null) {
        return failure;
      }
    }
  }

  private Optional<Failure> tell(NodeDefinition node, NodeState reached, RunRecord.Entry entry)
      throws InterruptedException {
    String payload = record.payload(entry.sequence());
    Map<String, @Nullable Object> known = inClear(node, entry, payload);
    if (known == null) {
      return miss(node, "The log of the source run hides what this node came to")
          .map(error -> new Failure(error, node.id()));
    }
    NewEvent event = copy(entry, payload);
    switch (entry.type()) {
      case NODE_COMPLETED -> {
        return draft
            .retellEnd(node, event, Progress.COMPLETED, Json.object(known.get("outputs"), ""))
            .map(error -> new Failure(error, node.id()));
      }
      case NODE_FAILED -> {
        Optional<RunError> broken = draft.retellEnd(node, event, Progress.FAILED, Map.of());
        if (broken.isEmpty() && !Readiness.isFailureHandled(definition, node.id())) {
          return Optional.of(new Failure(RunRecord.error(known), node.id()));
        }
        return broken.map(error -> new Failure(error, node.id()));
      }
      case NODE_RETRIED -> draft.retell(event, draft.state().with(node.id(), retrying(reached)));
      case CAP_BREACHED -> {
        draft.retell(event, draft.state());
        return failure();
      }
      case ARTIFACT_CREATED -> {
        Optional<NewArtifact> artifact = source.artifact(String.valueOf(known.get("artifactId")));
        if (artifact.isEmpty()) {
          return miss(node, "The source run no longer has what this node produced")
              .map(error -> new Failure(error, node.id()));
        }
        draft.artifacts().add(artifact.get());
        draft.retell(event, draft.state());
      }
      default ->
          draft.retell(
              event,
              RecordedFacts.after(
                  draft.state(), definition, entry.type(), node, known, event.eventId()));
    }
    return Optional.empty();
  }

  // The time it waited is over.
  private static NodeState retrying(NodeState reached) {
    return reached.retrying(Instant.EPOCH);
  }

  /** Tells how a question ended, and lets the node go on with that. */
  Optional<RunError> answer(NodeDefinition node) throws InterruptedException {
    NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
    for (RunRecord.Entry entry : answer(node, reached)) {
      String payload = record.payload(entry.sequence());
      if (hides(node, payload)) {
        return miss(node, "The log of the source run hides how this node was answered");
      }
      NewEvent event = copy(entry, payload);
      Map<String, @Nullable Object> members = Json.storedObject(payload);
      RunState after =
          RecordedFacts.after(
              draft.state(), definition, entry.type(), node, members, event.eventId());
      if (entry.type() == EventType.INTERRUPT_RESOLVED) {
        NodeState asked = Objects.requireNonNull(after.nodes().get(node.id()));
        after = after.with(node.id(), asked.answered(RecordedFacts.answer(members)));
      }
      draft.retell(event, after);
      told.put(node.id(), entry.sequence());
    }
    return Optional.empty();
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

  /** When the source wrote to a channel at this point; null if it did not. */
  @Nullable Instant writtenAt(NodeDefinition node) throws InterruptedException {
    NodeState reached = draft.state().nodes().get(node.id());
    RunRecord.Attempt attempt = reached == null ? null : attempt(node, reached.attempt());
    RunRecord.Entry entry = attempt == null ? null : attempt.from(from(node));
    while (entry != null && entry.type() != EventType.CHANNEL_WRITTEN) {
      entry = Objects.requireNonNull(attempt).from(entry.sequence() + 1);
    }
    return entry == null
        ? null
        : Instant.parse(String.valueOf(record.members(entry.sequence()).get("writtenAt")));
  }

  private NewEvent copy(RunRecord.Entry entry, String payload) {
    NewEvent event = NewEvent.of(entry.type(), entry.nodeId(), payload);
    ids.put(entry.eventId(), event.eventId());
    String cause = entry.causationId();
    if (cause == null) {
      return event;
    }
    RunState.Orchestration decided = draft.state().orchestration();
    return event.causedBy(
        record.isDecision(cause) && decided != null ? decided.eventId() : ids.get(cause));
  }

  private boolean hides(NodeDefinition node, String payload) {
    return Tokens.isMarked(payload);
  }

  /** What an event tells, with what only the source knows; null if nobody knows it any more. */
  private @Nullable Map<String, @Nullable Object> inClear(
      NodeDefinition node, RunRecord.Entry entry, String payload) throws InterruptedException {
    Map<String, @Nullable Object> members = Json.storedObject(payload);
    if (!hides(node, payload)) {
      return members;
    }
    return switch (entry.type()) {
      case NODE_COMPLETED, VARIABLE_CHANGED -> {
        Optional<Run> known = source.run();
        if (known.isEmpty()) {
          yield null;
        }
        yield entry.type() == EventType.NODE_COMPLETED
            ? outputs(node, known.get(), members)
            : change(known.get(), entry, members);
      }
      case CHANNEL_WRITTEN, ORCHESTRATOR_DECIDED -> null;
      // Told to people only.
      default -> members;
    };
  }

  private @Nullable Map<String, @Nullable Object> outputs(
      NodeDefinition node, Run known, Map<String, @Nullable Object> members) {
    NodeState there = known.state().nodes().get(node.id());
    if (there == null
        || there.progress() != Progress.COMPLETED
        || known.state().visit(node.id()) != draft.state().visit(node.id())) {
      return null;
    }
    members.put("outputs", there.outputs());
    return members;
  }

  private @Nullable Map<String, @Nullable Object> change(
      Run known, RunRecord.Entry entry, Map<String, @Nullable Object> members) {
    String name = String.valueOf(members.get("name"));
    if (!record.isLastChange(name, entry.sequence())
        || known.nextSequence() != fork.sourceLength()
        || definition.channels().containsKey(name)) {
      return null;
    }
    members.put("next", known.state().variables().get(name));
    return members;
  }

  /** Compares what was appended to what the source did at that place. */
  void compare() throws InterruptedException {
    List<NewEvent> events = draft.events();
    while (seen < events.size()) {
      NewEvent event = events.get(seen);
      seen++;
      if (astray) {
        continue;
      }
      if (next >= record.end()) {
        if (record.isComplete()) {
          diverge(event, null, "extra");
          astray = true;
        }
        continue;
      }
      RunRecord.Entry original = record.at(next);
      ids.put(original.eventId(), event.eventId());
      if (original.type() == event.type() && Objects.equals(original.nodeId(), event.nodeId())) {
        if (!agrees(event, record.payload(next))) {
          diverge(event, original, "output");
        }
        next++;
      } else {
        diverge(event, original, difference(event, original));
        astray = true;
      }
    }
  }

  private String difference(NewEvent event, RunRecord.Entry original) {
    if (Objects.equals(original.nodeId(), event.nodeId())) {
      return "type-mismatch";
    }
    return record.hasLater(next, event.type(), event.nodeId()) ? "missing" : "extra";
  }

  /** Whether an event says the same; if it does in all but entropy, it takes over that, too. */
  private boolean agrees(NewEvent event, String payload) {
    // As it will be stored.
    String stored = Tokens.redactedJson(event.payload());
    if (stored.equals(payload)) {
      return true;
    }
    Map<String, @Nullable Object> here = Json.storedObject(stored);
    Map<String, @Nullable Object> there = Json.storedObject(payload);
    Object question = here.get("interruptId");
    // A conversation that is on record to its end is told; this one is not.
    boolean asksItself =
        event.type() == EventType.CONVERSATION_OPENED
            || question != null && !question.equals(there.get("interruptId"));
    if (asksItself && here.get("data") instanceof Map<?, ?> asked) {
      Object conversation = Json.object(there.get("data"), "/data").get(ConversationEvents.ID);
      if (conversation != null && asked.containsKey(ConversationEvents.ID)) {
        Json.object(asked, "/data").put(ConversationEvents.ID, conversation);
      }
    }
    for (String member : ENTROPY.getOrDefault(event.type(), Set.of())) {
      here.remove(member);
      there.remove(member);
    }
    if (!Json.same(here, there)) {
      return false;
    }
    if (!asksItself) {
      draft
          .events()
          .set(
              seen - 1,
              new NewEvent(
                  event.eventId(), event.type(), event.nodeId(), event.causationId(), payload));
    }
    return true;
  }

  private void diverge(NewEvent event, RunRecord.@Nullable Entry original, String kind) {
    NewEvent diverged =
        NewEvent.of(
                EventType.REPLAY_DIVERGED,
                null,
                Payloads.replayDiverged(
                    fork.sourceRunId(),
                    next,
                    original == null ? null : original.eventId(),
                    event.eventId(),
                    kind,
                    event.type(),
                    event.nodeId()))
            .causedBy(event.type().isTerminal() ? null : event.eventId());
    // Nothing comes after the end of a log.
    draft.events().add(event.type().isTerminal() ? seen - 1 : seen, diverged);
    seen++;
  }

  @Override
  public String toString() {
    return "Replay[%s of %s]".formatted(run.runId(), fork.sourceRunId());
  }
}
