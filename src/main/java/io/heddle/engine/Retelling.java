package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.EventType;
import io.heddle.run.NewArtifact;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells in a replay what stands in the log of its source: what nodes with side effects came to, how
 * people answered, and what happened to the source. Each of these is told once, in the order of
 * that log, and as what the source knew even where its log hides it; what nobody knows any more
 * fails its node. Used by one thread.
 */
final class Retelling {

  private final Run.Fork fork;

  private final WorkflowDefinition definition;

  private final Draft draft;

  private final RunRecord record;

  private final ReplayComparison place;

  private final Replay.Source source;

  // The last event that was told of a node, once the places in both logs differ.
  private final Map<String, Long> told = new HashMap<>();

  Retelling(
      Run.Fork fork,
      WorkflowDefinition definition,
      Draft draft,
      RunRecord record,
      ReplayComparison place,
      Replay.Source source) {
    this.fork = fork;
    this.definition = definition;
    this.draft = draft;
    this.record = record;
    this.place = place;
    this.source = source;
  }

  /** When the source started an attempt; {@link Replay#NEVER} if it did not. */
  long start(NodeDefinition node, int number) {
    RunRecord.Attempt attempt = attempt(node, number);
    return attempt == null ? Replay.NEVER : attempt.first().sequence();
  }

  /** When the source went on with what was not told yet of an attempt. */
  long pending(NodeDefinition node, NodeState reached) {
    RunRecord.Attempt attempt = attempt(node, reached.attempt());
    RunRecord.Entry entry = attempt == null ? null : attempt.from(from(node));
    return entry == null ? Replay.NEVER : entry.sequence();
  }

  private long from(NodeDefinition node) {
    return Math.max(place.next(), told.getOrDefault(node.id(), -1L) + 1);
  }

  /** What the source did in an attempt of a node at its present visit; null if it made none. */
  RunRecord.@Nullable Attempt attempt(NodeDefinition node, int number) {
    return record.attempt(node.id(), draft.state().visit(node.id()), number);
  }

  /** What the source was told next in reply to the question a node waits with, if anything. */
  List<RunRecord.Entry> answer(NodeDefinition node, NodeState reached) {
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

  /** Tells the next of what a node did; returns how the run fails, if it does. */
  Optional<Stop> tell(NodeDefinition node) throws InterruptedException {
    while (true) {
      NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
      RunRecord.Attempt attempt = Objects.requireNonNull(attempt(node, reached.attempt()));
      RunRecord.Entry entry = Objects.requireNonNull(attempt.from(from(node)));
      told.put(node.id(), entry.sequence());
      Optional<Stop> failure = tell(node, reached, entry);
      // Nobody knows the place of the rest once both logs differ, so it is told at once.
      if (failure.isPresent() || !place.isAstray() || attempt.from(from(node)) == null) {
        return failure;
      }
    }
  }

  private Optional<Stop> tell(NodeDefinition node, NodeState reached, RunRecord.Entry entry)
      throws InterruptedException {
    String payload = record.payload(entry.sequence());
    Map<String, @Nullable Object> known = inClear(node, entry, payload);
    if (known == null) {
      return miss(node, "The log of the source run hides what this node came to");
    }
    NewEvent event = copy(entry, payload);
    if (entry.type() == EventType.WORKFLOW_CHAIN && entry.causationId() != null) {
      event = event.causedBy(Handoffs.cause(draft.state(), node, known));
    }
    switch (entry.type()) {
      case NODE_COMPLETED -> {
        return Stop.of(
            node,
            draft.retellEnd(
                node, event, Progress.COMPLETED, Json.object(known.get("outputs"), "")));
      }
      case NODE_FAILED -> {
        Optional<RunError> broken = draft.retellEnd(node, event, Progress.FAILED, Map.of());
        if (broken.isEmpty() && !Readiness.isFailureHandled(definition, node.id())) {
          return Optional.of(new Stop.Failed(RunRecord.error(known), node.id()));
        }
        return Stop.of(node, broken);
      }
      case NODE_RETRIED -> retell(event, draft.state().with(node.id(), retrying(reached)));
      case CAP_BREACHED -> {
        retell(event, draft.state());
        return failure();
      }
      case ARTIFACT_CREATED -> {
        Optional<NewArtifact> artifact = source.artifact(String.valueOf(known.get("artifactId")));
        if (artifact.isEmpty()) {
          return miss(node, "The source run no longer has what this node produced");
        }
        draft.artifacts().add(artifact.get());
        retell(event, draft.state());
      }
      default ->
          retell(
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
  Optional<Stop> answer(NodeDefinition node) throws InterruptedException {
    NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
    for (RunRecord.Entry entry : answer(node, reached)) {
      String payload = record.payload(entry.sequence());
      if (Tokens.isMarked(payload)) {
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
      retell(event, after);
      told.put(node.id(), entry.sequence());
    }
    return Optional.empty();
  }

  /** Tells what happened to the source; returns the failure if that was its end. */
  Optional<Stop> happen() throws InterruptedException {
    RunRecord.Entry entry = record.at(place.next());
    boolean fails =
        entry.type() == EventType.NODE_CANCELLED || entry.type() == EventType.RUN_FAILED;
    if (!fails) {
      retell(copy(entry, record.payload(entry.sequence())), draft.state());
    }
    return fails || entry.type() == EventType.CAP_BREACHED ? failure() : Optional.empty();
  }

  /** How the source failed. */
  private Optional<Stop> failure() throws InterruptedException {
    if (!record.hasFailed()) {
      return Optional.empty();
    }
    Map<String, @Nullable Object> payload = record.members(record.end() - 1);
    return Optional.of(
        new Stop.Failed(RunRecord.error(payload), (String) payload.get("failedNodeId")));
  }

  /** Fails a node whose outcome is not known and must not be found out. */
  Optional<Stop> miss(NodeDefinition node) {
    return miss(node, "The source run has no recorded outcome for this execution of the node");
  }

  private Optional<Stop> miss(NodeDefinition node, String message) {
    return Stop.of(node, draft.end(node, NodeResult.failed(Replay.SOURCE_MISSING, message)));
  }

  private void retell(NewEvent event, RunState after) {
    draft.change(after, List.of(event));
  }

  private NewEvent copy(RunRecord.Entry entry, String payload) {
    NewEvent event = NewEvent.of(entry.type(), entry.nodeId(), payload);
    place.pair(entry, event);
    String cause = entry.causationId();
    if (cause == null) {
      return event;
    }
    RunState.Orchestration decided = draft.state().orchestration();
    return event.causedBy(
        record.isDecision(cause) && decided != null ? decided.eventId() : place.counterpart(cause));
  }

  /** What an event tells, with what only the source knows; null if nobody knows it any more. */
  private @Nullable Map<String, @Nullable Object> inClear(
      NodeDefinition node, RunRecord.Entry entry, String payload) throws InterruptedException {
    Map<String, @Nullable Object> members = Json.storedObject(payload);
    if (!Tokens.isMarked(payload)) {
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
}
