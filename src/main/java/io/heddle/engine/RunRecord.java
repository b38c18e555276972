package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunError;
import io.heddle.run.RunEvent;
import io.heddle.run.RunState;
import io.heddle.run.RunStore.LogPage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a run did, as its log tells: what each execution of a node came to, and in which order. How
 * somebody stopped the run is left out, for that says nothing of what it does. Read once; the
 * payloads of a log that is too large to be kept are read again when they are needed. Used by one
 * thread.
 */
final class RunRecord {

  /** Reads the log, however long that takes. */
  interface Log {

    /** Events with a greater sequence; empty if there is no such run. */
    Optional<LogPage> after(long sequence) throws InterruptedException;
  }

  /**
   * An event without its payload.
   *
   * @param causationId the event of the same log that it is the consequence of, or null
   */
  record Entry(
      long sequence,
      EventType type,
      @Nullable String nodeId,
      String eventId,
      @Nullable String causationId) {}

  /** One execution of a node, from its start to what it came to. */
  static final class Attempt {

    private final Entry first;

    private final List<Entry> later = new ArrayList<>();

    private boolean ended;

    private Attempt(Entry first) {
      this.first = first;
    }

    /** Its start; or its end, if it was refused before it started. */
    Entry first() {
      return first;
    }

    /** Whether it is told what the execution came to. */
    boolean hasEnded() {
      return ended;
    }

    /** The first event after its start that is not before a sequence; null if there is none. */
    @Nullable Entry from(long sequence) {
      for (Entry entry : later) {
        if (entry.sequence() >= sequence) {
          return entry;
        }
      }
      return null;
    }

    /** The last event that is told of it. */
    Entry last() {
      return later.isEmpty() ? first : later.get(later.size() - 1);
    }
  }

  /** A question that a node asked. */
  static final class Question {

    private final RunState.Question put;

    private final List<Entry> turns = new ArrayList<>();

    private final List<Entry> answer = new ArrayList<>();

    private boolean answered;

    private Question(RunState.Question put) {
      this.put = put;
    }

    /** The question without its answer. */
    RunState.Question put() {
      return put;
    }

    /** What is told of the turns before its end, if it is a conversation. */
    List<Entry> turns() {
      return turns;
    }

    /** What is told of its end; empty as long as it stands. */
    List<Entry> answer() {
      return answered ? answer : List.of();
    }
  }

  private record Key(int visit, int attempt) {}

  private static final class Node {

    final Map<Key, Attempt> attempts = new HashMap<>();

    final List<Question> questions = new ArrayList<>();

    final List<Long> skips = new ArrayList<>();

    int visit;

    int next;

    @Nullable Attempt open;
  }

  // Together with what a run works on, this is what the host holds for each replay.
  private static final long MOST_KEPT = 4_000_000;

  private static final Set<EventType> ENDS =
      Set.of(EventType.NODE_COMPLETED, EventType.NODE_FAILED, EventType.NODE_RETRIED);

  private final Log log;

  private final List<Entry> entries = new ArrayList<>();

  private final List<String> payloads = new ArrayList<>();

  private final Map<String, Node> nodes = new HashMap<>();

  private final Map<String, Integer> versions = new HashMap<>();

  private final Map<String, Long> changes = new HashMap<>();

  private final Set<String> decisions = new HashSet<>();

  private long kept;

  private long end;

  // What was read again, from a sequence on.
  private long windowFrom;

  private List<RunEvent> window = List.of();

  private RunRecord(Log log) {
    this.log = log;
  }

  /**
   * Reads a log.
   *
   * @param length how many of its events there are to this reader
   */
  static RunRecord read(Log log, long length) throws InterruptedException {
    RunRecord record = new RunRecord(log);
    long last = -1;
    while (last < length - 1) {
      List<RunEvent> events = log.after(last).map(LogPage::events).orElse(List.of());
      if (events.isEmpty()) {
        break;
      }
      for (RunEvent event : events) {
        if (event.sequence() < length && event.sequence() == record.entries.size()) {
          record.add(event);
        }
      }
      last = events.get(events.size() - 1).sequence();
    }
    record.end = record.unstopped();
    return record;
  }

  /** The sequence behind the last event that says what the run does. */
  long end() {
    return end;
  }

  /** Whether the run came to its end by itself. */
  boolean isComplete() {
    return end > 0 && end == entries.size() && at(end - 1).type().isTerminal();
  }

  /** Whether the run failed, and nobody stopped it. */
  boolean hasFailed() {
    return isComplete() && at(end - 1).type() == EventType.RUN_FAILED;
  }

  /** An event before the end. */
  Entry at(long sequence) {
    return entries.get((int) sequence);
  }

  /** An execution of a node; null if it is told of none. */
  @Nullable Attempt attempt(String nodeId, int visit, int attempt) {
    Node node = nodes.get(nodeId);
    return node == null ? null : node.attempts.get(new Key(visit, attempt));
  }

  /**
   * A question of a node; null if it is told of none.
   *
   * @param ordinal how many questions the node had asked before
   */
  @Nullable Question question(String nodeId, int ordinal) {
    Node node = nodes.get(nodeId);
    return node == null || ordinal >= node.questions.size() ? null : node.questions.get(ordinal);
  }

  /** When a node was left out, at or after a sequence; null if it was not. */
  @Nullable Long skip(String nodeId, long from) {
    Node node = nodes.get(nodeId);
    return node == null
        ? null
        : node.skips.stream().filter(skip -> skip >= from).findFirst().orElse(null);
  }

  /** How a node failed last. */
  RunError failure(String nodeId) throws InterruptedException {
    for (int i = entries.size() - 1; i >= 0; i--) {
      if (entries.get(i).type() == EventType.NODE_FAILED
          && nodeId.equals(entries.get(i).nodeId())) {
        return error(members(i));
      }
    }
    throw new IllegalStateException("No failure is told of " + nodeId);
  }

  /** The error that an event tells. */
  static RunError error(Map<String, @Nullable Object> payload) {
    Map<String, @Nullable Object> error = Json.object(payload.get("error"), "/error");
    return new RunError(String.valueOf(error.get("code")), String.valueOf(error.get("message")));
  }

  /** Whether something of this kind happened behind a sequence. */
  boolean hasLater(long sequence, EventType type, @Nullable String nodeId) {
    for (long i = sequence + 1; i < end; i++) {
      if (at(i).type() == type && Objects.equals(at(i).nodeId(), nodeId)) {
        return true;
      }
    }
    return false;
  }

  /** The version of a change that the run followed; null if it never came to it. */
  @Nullable Integer version(String changeId) {
    return versions.get(changeId);
  }

  /** Whether an event tells the last change of a variable. */
  boolean isLastChange(String variable, long sequence) {
    return Objects.equals(changes.get(variable), sequence);
  }

  /** Whether an event tells what an orchestrator decided. */
  boolean isDecision(String eventId) {
    return decisions.contains(eventId);
  }

  /** The payload of an event before the end. */
  String payload(long sequence) throws InterruptedException {
    if (sequence < payloads.size()) {
      return payloads.get((int) sequence);
    }
    if (sequence < windowFrom || sequence >= windowFrom + window.size()) {
      window = log.after(sequence - 1).map(LogPage::events).orElse(List.of());
      windowFrom = sequence;
      if (window.isEmpty()) {
        throw new IllegalStateException("A log that is being replayed has lost its events");
      }
    }
    return window.get((int) (sequence - windowFrom)).payload();
  }

  /** See {@link #payload}. */
  Map<String, @Nullable Object> members(long sequence) throws InterruptedException {
    return Json.storedObject(payload(sequence));
  }

  private void add(RunEvent event) {
    Entry entry =
        new Entry(
            event.sequence(), event.type(), event.nodeId(), event.eventId(), event.causationId());
    entries.add(entry);
    kept += event.payload().length();
    if (kept <= MOST_KEPT) {
      payloads.add(event.payload());
    } else {
      // Nothing behind a gap, for the place in the list is the sequence.
      kept = Long.MAX_VALUE / 2;
    }
    switch (event.type()) {
      case VERSION_PINNED -> {
        Map<String, @Nullable Object> pin = Json.storedObject(event.payload());
        if (pin.get("version") instanceof Number version) {
          versions.put(String.valueOf(pin.get("changeId")), version.intValue());
        }
      }
      case VARIABLE_CHANGED ->
          changes.put(
              String.valueOf(Json.storedObject(event.payload()).get("name")), event.sequence());
      case ORCHESTRATOR_DECIDED -> decisions.add(event.eventId());
      default -> {
        // Nothing that is asked for by another name than its place.
      }
    }
    if (event.nodeId() != null) {
      Node node = nodes.computeIfAbsent(event.nodeId(), it -> new Node());
      if (event.type() == EventType.INTERRUPT_REQUESTED) {
        node.questions.add(
            new Question(RecordedFacts.question(Json.storedObject(event.payload()))));
      }
      add(node, entry);
    }
  }

  private static void add(Node node, Entry entry) {
    switch (entry.type()) {
      case NODE_STARTED -> open(node, entry);
      case NODE_SKIPPED -> node.skips.add(entry.sequence());
      // Told of a node, but no part of what it does.
      case LOOPBACK_LIMIT -> {}
      case NODE_CANCELLED -> end(node, entry.type());
      default -> {
        if (node.open == null && entry.type() == EventType.NODE_FAILED) {
          open(node, entry).ended = true;
          end(node, entry.type());
        } else if (node.open != null) {
          ask(node, entry);
          node.open.later.add(entry);
          if (ENDS.contains(entry.type())) {
            node.open.ended = true;
            end(node, entry.type());
          }
        }
      }
    }
  }

  private static Attempt open(Node node, Entry first) {
    Attempt attempt = new Attempt(first);
    node.attempts.put(new Key(node.visit, node.next++), attempt);
    node.open = attempt;
    return attempt;
  }

  private static void end(Node node, EventType type) {
    node.open = null;
    if (type != EventType.NODE_RETRIED) {
      node.visit++;
      node.next = 0;
    }
  }

  private static void ask(Node node, Entry entry) {
    if (!node.questions.isEmpty()) {
      Question asked = node.questions.get(node.questions.size() - 1);
      switch (entry.type()) {
        case CONVERSATION_OPENED,
            CONVERSATION_EXCHANGED,
            APPROVAL_GRANTED,
            APPROVAL_REJECTED,
            APPROVAL_OVERRIDDEN ->
            asked.turns.add(entry);
        case APPROVAL_RECEIVED, CLARIFICATION_RESOLVED, CONVERSATION_CLOSED, NODE_RESUMED ->
            asked.answer.add(entry);
        case INTERRUPT_RESOLVED -> {
          // The word that decided was stored together with the decision.
          if (asked.answer.isEmpty() && endsWith(asked.turns, entry)) {
            asked.answer.add(asked.turns.remove(asked.turns.size() - 1));
          }
          asked.answer.add(entry);
          asked.answered = true;
        }
        default -> {
          // Something else that the node did.
        }
      }
    }
  }

  private static boolean endsWith(List<Entry> turns, Entry next) {
    return !turns.isEmpty()
        && turns.get(turns.size() - 1).sequence() == next.sequence() - 1
        && turns.get(turns.size() - 1).type() != EventType.CONVERSATION_EXCHANGED
        && turns.get(turns.size() - 1).type() != EventType.CONVERSATION_OPENED;
  }

  /** Where the log ends if the run had neither been cancelled nor paused for good. */
  private long unstopped() {
    int last = entries.size();
    if (last > 0 && entries.get(last - 1).type() == EventType.RUN_CANCELLED) {
      last--;
      while (last > 0 && entries.get(last - 1).type() == EventType.NODE_CANCELLED) {
        last--;
      }
    }
    int paused = -1;
    for (int i = 0; i < last; i++) {
      if (entries.get(i).type() == EventType.RUN_PAUSED) {
        paused = i;
      } else if (entries.get(i).type() == EventType.RUN_RESUMED) {
        paused = -1;
      }
    }
    return paused < 0 ? last : paused;
  }
}
