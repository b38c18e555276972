package io.heddle.testkit;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.assertj.core.api.AbstractAssert;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;

/** Speaks of the events of one run. */
public final class LogAssert extends AbstractAssert<LogAssert, List<RunEvent>> {

  LogAssert(List<RunEvent> events) {
    super(events, LogAssert.class);
    describedAs("%s", summary());
  }

  /** What every log must be, whatever happened to the processes that wrote it. */
  public LogAssert isSound() {
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < actual.size(); i++) {
      RunEvent event = actual.get(i);
      if (event.sequence() != i) {
        throw failure("event %d has the sequence %d", i, event.sequence());
      }
      if (!ids.add(event.eventId())) {
        throw failure("the event id %s appears twice", event.eventId());
      }
      if (i > 0 && event.timestamp().isBefore(actual.get(i - 1).timestamp())) {
        throw failure("the time runs backwards at event %d", i);
      }
      if (event.type().isTerminal() && i < actual.size() - 1) {
        throw failure("%s is not the last event", event.type());
      }
    }
    return this;
  }

  /** The nodes start before they end, end once, and the run starts first. */
  public LogAssert tellsAStory() {
    Map<String, EventType> nodes = new HashMap<>();
    for (RunEvent event : actual) {
      if ((event.type() == EventType.RUN_STARTED) != (event.sequence() == 0)) {
        throw failure("run.started belongs at the start, and nowhere else");
      }
      if (event.nodeId() != null
          && event.type() != EventType.CAP_BREACHED
          && event.type() != EventType.CHANNEL_WRITTEN) {
        EventType before = nodes.put(event.nodeId(), event.type());
        if (!mayFollow(event.type(), before)) {
          throw failure("%s: %s after %s", event.nodeId(), event.type(), before);
        }
      }
    }
    return this;
  }

  private static boolean mayFollow(EventType type, @Nullable EventType before) {
    return switch (type) {
      case NODE_STARTED -> before == null || before == EventType.NODE_STARTED;
      case NODE_SKIPPED -> before == null;
      default -> before == EventType.NODE_STARTED;
    };
  }

  public LogAssert hasTypes(EventType... expected) {
    Assertions.assertThat(actual)
        .as(summary())
        .extracting(RunEvent::type)
        .containsExactly(expected);
    return this;
  }

  /** Each event as its type, and its node if it is about one: {@code NODE_STARTED a}. */
  public LogAssert reads(String... expected) {
    Assertions.assertThat(actual).extracting(LogAssert::reading).containsExactly(expected);
    return this;
  }

  /** The events about one node, without its name. */
  public LogAssert readsOf(String nodeId, EventType... expected) {
    Assertions.assertThat(actual.stream().filter(event -> nodeId.equals(event.nodeId())))
        .as(summary())
        .extracting(RunEvent::type)
        .containsExactly(expected);
    return this;
  }

  /** The attempts that the starts of a node name, in their order. */
  public LogAssert hasAttempts(String nodeId, Integer... expected) {
    Assertions.assertThat(
            actual.stream()
                .filter(event -> event.type() == EventType.NODE_STARTED)
                .filter(event -> nodeId.equals(event.nodeId()))
                .map(event -> Json.parseObject(event.payload()).get("attempt")))
        .as(summary())
        .containsExactly((Object[]) expected);
    return this;
  }

  /** The only event of a type, and of a node if one is given. */
  public RunEvent only(EventType type, @Nullable String nodeId) {
    List<RunEvent> found =
        actual.stream()
            .filter(event -> event.type() == type && Objects.equals(nodeId, event.nodeId()))
            .toList();
    if (found.size() != 1) {
      throw failure("there are %d events %s of %s", found.size(), type, nodeId);
    }
    return found.get(0);
  }

  boolean isEmpty() {
    return actual.isEmpty();
  }

  int size() {
    return actual.size();
  }

  RunEvent last() {
    return actual.get(actual.size() - 1);
  }

  String summary() {
    return actual.size() > 50
        ? actual.size() + " events"
        : actual.stream().map(LogAssert::reading).collect(Collectors.joining(", "));
  }

  private static String reading(RunEvent event) {
    return event.nodeId() == null
        ? event.type().name()
        : event.type().name() + " " + event.nodeId();
  }
}
