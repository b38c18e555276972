package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.ConversationEvents;
import io.heddle.run.EventType;
import io.heddle.run.HandoffEvents;
import io.heddle.run.NewEvent;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunState.Repetition;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How far a replay has come in the log of its source, and whether it says the same. Each event of
 * the replay has its counterpart at the same place of that log until the two do something else;
 * from then on the replay is astray, and no place of the source's log has a counterpart any more.
 * Used by one thread.
 */
final class ReplayComparison {

  /** How far this came, to come back to. */
  record Mark(Repetition reached, int seen) {}

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
    ENTROPY.put(EventType.CONFIDENCE_ESCALATED, Set.of(HandoffEvents.PARENT));
    ENTROPY.put(EventType.CHANNEL_WRITTEN, Set.of("writtenAt"));
    ENTROPY.put(EventType.NODE_RETRIED, Set.of("delayMs"));
    ENTROPY.put(EventType.CAP_BREACHED, Set.of("observed"));
  }

  private final Run.Fork fork;

  private final Draft draft;

  private final RunRecord record;

  // What the source's events are called in this run, as far as something may follow from them.
  private final Map<String, String> ids = new HashMap<>();

  private long next;

  private boolean astray;

  // How many events of the draft have been compared.
  private int seen;

  ReplayComparison(Run run, Draft draft, RunRecord record) {
    this.fork = Objects.requireNonNull(run.fork());
    this.draft = draft;
    this.record = record;
    Repetition reached = run.state().repetition();
    long begun = reached == null ? fork.fromSequence() : reached.next();
    // Whoever pauses a run that has not started appends the start for it.
    this.next = begun == 0 && run.startedAt() != null ? 1 : begun;
    this.astray = reached != null && reached.astray();
  }

  /** The sequence of the source's event that comes next. */
  long next() {
    return next;
  }

  boolean isAstray() {
    return astray;
  }

  /** The source's event that comes next; null if there is none, or none that can be told. */
  RunRecord.@Nullable Entry entry() {
    return astray || next >= record.end() ? null : record.at(next);
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

  /** What an event of the source is called in this run; null if that was not told here. */
  @Nullable String counterpart(String eventId) {
    return ids.get(eventId);
  }

  /** From now on an event of the source is known by its counterpart. */
  void pair(RunRecord.Entry original, NewEvent event) {
    ids.put(original.eventId(), event.eventId());
  }

  /** Compares what was appended to what the source did at that place. */
  void compare() throws InterruptedException {
    while (seen < draft.events().size()) {
      NewEvent event = draft.events().get(seen);
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
      if (original.type() == EventType.AUTHORIZATION_DECIDED && event.type() != original.type()) {
        // Whoever was denied something came between what the run itself did at once.
        next++;
        seen--;
        continue;
      }
      pair(original, event);
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
}
