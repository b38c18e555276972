package io.heddle.diff;

import io.heddle.diff.RunDiff.EventDiff;
import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.redaction.Redactor;
import io.heddle.run.Ids;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import io.heddle.tenancy.Tenant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Compares runs. The result is a function of the two logs alone, so that every host tells the same
 * of the same pair. Thread-safe.
 */
public final class RunComparison {

  // What tells two executions apart that did the same.
  private static final Set<String> INCIDENTAL =
      Set.of(
          "eventId",
          "runId",
          "causationId",
          "correlationId",
          "timestamp",
          "ts",
          "writtenAt",
          "traceparent",
          "tracestate");

  private static final Set<String> TIMED_ENTRY = Set.of("value", "_ts");

  /** How much is compared and told at most. */
  record Bounds(int eventsPerRead, long events, int diffs, long payloadCharacters) {}

  private static final Bounds BOUNDS = new Bounds(500, 10_000, 1_000, 4 * 1024 * 1024);

  private final RunStore store;

  private final Redactor redactor;

  private final Bounds bounds;

  public RunComparison(RunStore store, Redactor redactor) {
    this(store, redactor, BOUNDS);
  }

  RunComparison(RunStore store, Redactor redactor, Bounds bounds) {
    this.store = store;
    this.redactor = redactor;
    this.bounds = bounds;
  }

  /** Compares two runs as they stand; empty if the tenant does not have both. */
  public Optional<RunDiff> compare(Tenant tenant, String runA, String runB) {
    Optional<Run> a = find(tenant, runA);
    Optional<Run> b = find(tenant, runB);
    return a.isPresent() && b.isPresent() ? compare(a.get(), b.get()) : Optional.empty();
  }

  private Optional<Run> find(Tenant tenant, String runId) {
    return Ids.isWellFormed(runId) ? store.find(tenant, runId) : Optional.empty();
  }

  private Optional<RunDiff> compare(Run a, Run b) {
    // The rows were read before the logs, and a log only grows until it is deleted as a whole.
    EventDiffs diffs = new EventDiffs();
    long end = Math.min(end(a, b), bounds.events());
    for (long from = 0; from < end && !diffs.full; from += bounds.eventsPerRead()) {
      int limit = (int) Math.min(bounds.eventsPerRead(), end - from);
      Optional<List<RunEvent>> pageA = page(a, from, limit);
      Optional<List<RunEvent>> pageB = page(b, from, limit);
      if (pageA.isEmpty() || pageB.isEmpty()) {
        return Optional.empty();
      }
      for (int i = 0; i < limit && !diffs.full; i++) {
        diffs.compare(from + i, at(pageA.get(), i), at(pageB.get(), i));
      }
    }
    boolean underWay = !a.status().isTerminal() || !b.status().isTerminal();
    return Optional.of(
        new RunDiff(
            a,
            b,
            diffs.found.isEmpty() ? null : diffs.found.get(0).sequence(),
            List.copyOf(diffs.found),
            variables(a, b),
            underWay || diffs.full || end < end(a, b)));
  }

  /** Where the comparison ends: what a run under way does not have yet, it may still get. */
  private static long end(Run a, Run b) {
    Run shorter = a.nextSequence() < b.nextSequence() ? a : b;
    return shorter.status().isTerminal()
        ? Math.max(a.nextSequence(), b.nextSequence())
        : shorter.nextSequence();
  }

  private Optional<List<RunEvent>> page(Run run, long from, int limit) {
    return store
        .log(run.tenant(), run.runId(), from - 1, limit)
        .map(LogPage::events)
        .map(
            events ->
                events.stream()
                    // A run under way may have gone on since its row was read.
                    .filter(event -> event.sequence() < run.nextSequence())
                    .toList());
  }

  private static @Nullable RunEvent at(List<RunEvent> page, int index) {
    return index < page.size() ? page.get(index) : null;
  }

  private Map<String, Map<String, @Nullable Object>> variables(Run a, Run b) {
    // Masked before they are compared, or whoever diffs could guess what they hold.
    Map<String, @Nullable Object> ofA = Masking.of(a.state()).named(a.state().variables());
    Map<String, @Nullable Object> ofB = Masking.of(b.state()).named(b.state().variables());
    Set<String> names = new TreeSet<>(ofA.keySet());
    names.addAll(ofB.keySet());
    Map<String, @Nullable Object> changes = new LinkedHashMap<>();
    for (String name : names) {
      if (ofA.containsKey(name) != ofB.containsKey(name)
          || !sameValue(ofA.get(name), ofB.get(name))) {
        Map<String, @Nullable Object> sides = new LinkedHashMap<>();
        if (ofA.containsKey(name)) {
          sides.put("a", ofA.get(name));
        }
        if (ofB.containsKey(name)) {
          sides.put("b", ofB.get(name));
        }
        changes.put(name, sides);
      }
    }
    Map<String, Map<String, @Nullable Object>> told = new LinkedHashMap<>();
    Json.object(redactor.withoutMentions(changes), "")
        .forEach((name, sides) -> told.put(name, Json.object(sides, "")));
    return told;
  }

  private static boolean sameEvent(RunEvent a, RunEvent b) {
    return a.type() == b.type()
        && (a.payload().equals(b.payload())
            || Objects.equals(essence(a.payload()), essence(b.payload())));
  }

  private static @Nullable Object essence(String payload) {
    Map<String, @Nullable Object> members = Json.parseObject(payload);
    members.keySet().removeAll(INCIDENTAL);
    return timeless(Json.normalised(members));
  }

  private static boolean sameValue(@Nullable Object a, @Nullable Object b) {
    return Objects.equals(timeless(Json.normalised(a)), timeless(Json.normalised(b)));
  }

  /** A value without the times that channels keep with their entries. */
  private static @Nullable Object timeless(@Nullable Object value) {
    if (value instanceof Map<?, ?> members) {
      if (members.keySet().equals(TIMED_ENTRY)) {
        return timeless(members.get("value"));
      }
      Map<Object, @Nullable Object> timeless = new LinkedHashMap<>();
      members.forEach((name, member) -> timeless.put(name, timeless(member)));
      return timeless;
    }
    if (value instanceof List<?> items) {
      List<@Nullable Object> timeless = new ArrayList<>(items.size());
      items.forEach(item -> timeless.add(timeless(item)));
      return timeless;
    }
    return value;
  }

  /** The differences so far, until they are too many to tell. */
  private final class EventDiffs {

    private final List<EventDiff> found = new ArrayList<>();

    private long characters;

    private boolean full;

    void compare(long sequence, @Nullable RunEvent a, @Nullable RunEvent b) {
      if (a != null && b != null && sameEvent(a, b)) {
        return;
      }
      characters += length(a) + length(b);
      full =
          found.size() == bounds.diffs()
              || (!found.isEmpty() && characters > bounds.payloadCharacters());
      if (!full) {
        found.add(new EventDiff(sequence, a, b));
      }
    }

    private static long length(@Nullable RunEvent event) {
      return event == null ? 0 : event.payload().length();
    }
  }
}
