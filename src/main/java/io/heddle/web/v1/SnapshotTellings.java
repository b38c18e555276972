package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunFold;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import io.heddle.tenancy.Tenant;
import io.heddle.web.EventStreams.Then;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Tells the run as it stood after each transition. The row is read before the log, which only
 * grows: all events up to the row's are there, so the row is how the run stands after the last of
 * them, and how it stood before is folded from the log.
 */
final class SnapshotTellings implements Tellings {

  private static final int EVENTS_PER_READ = 100;

  private static final long CHARACTERS = 128_000;

  private static final int MOST_CHILDREN = 1_000;

  private final RunStore store;

  private final Tenant tenant;

  private final String runId;

  private final boolean resumes;

  private final Deque<RunEvent> ahead = new ArrayDeque<>();

  private long cursor;

  private @Nullable RunFold fold;

  /**
   * @param after the sequence of the last event seen, whose snapshot is then told as a baseline; -1
   *     for none
   */
  SnapshotTellings(RunStore store, Tenant tenant, String runId, long after) {
    this.store = store;
    this.tenant = tenant;
    this.runId = runId;
    this.resumes = after >= 0;
    this.cursor = after;
  }

  @Override
  public Part next() {
    Run head = store.find(tenant, runId).orElse(null);
    if (head == null) {
      return Part.NONE;
    }
    List<Telling> tellings = new ArrayList<>();
    if (fold == null) {
      cursor = Math.min(cursor, head.nextSequence() - 1);
      fold = RunFold.at(store, head, cursor);
      if (resumes) {
        tellings.add(new Telling(cursor, "state.snapshot", snapshot(head), true));
      }
    }
    read(head);
    int characters = 0;
    while (characters < CHARACTERS && !ahead.isEmpty()) {
      RunEvent event = ahead.remove();
      cursor = event.sequence();
      fold.apply(event);
      if (StreamMode.VALUES.admits(event.type())) {
        Telling telling =
            Telling.of(event.type(), event.sequence(), "state.snapshot", snapshot(head));
        tellings.add(telling);
        characters += telling.data().length();
      }
    }
    return new Part(tellings, then(head), head.nextSequence());
  }

  private void read(Run head) {
    if (ahead.isEmpty() && cursor < head.nextSequence() - 1) {
      store
          .log(tenant, runId, cursor, EVENTS_PER_READ, CHARACTERS)
          .map(LogPage::events)
          .orElse(List.of())
          .stream()
          .filter(event -> event.sequence() < head.nextSequence())
          .forEach(ahead::add);
    }
  }

  private Then then(Run head) {
    if (cursor < head.nextSequence() - 1) {
      return Then.MORE;
    }
    return head.status().isTerminal() ? Then.END : Then.NEWS;
  }

  /** The snapshot at the cursor. */
  private String snapshot(Run head) {
    if (cursor < head.nextSequence() - 1) {
      Run then = Objects.requireNonNull(fold).of(head);
      return Json.write(V1Documents.snapshot(then, List.of()));
    }
    boolean waits =
        head.state().nodes().values().stream()
            .anyMatch(node -> node.progress() == Progress.WAITING);
    return Json.write(
        V1Documents.snapshot(
            head, waits ? store.children(tenant, runId, MOST_CHILDREN) : List.of()));
  }
}
