package io.heddle.testkit;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What all tests of logs rely on: that an unsound one does not pass. */
class LogAssertTest {

  private final List<RunEvent> log = new ArrayList<>();

  @Test
  void aWholeStoryPasses() {
    append(EventType.RUN_STARTED, null);
    append(EventType.NODE_STARTED, "a");
    append(EventType.NODE_STARTED, "a");
    append(EventType.NODE_COMPLETED, "a");
    append(EventType.NODE_SKIPPED, "b");
    append(EventType.RUN_COMPLETED, null);

    new LogAssert(log).isSound().tellsAStory();
  }

  @Test
  void aGapIsNoticed() {
    append(EventType.RUN_STARTED, null);
    log.add(event(2, "later", EventType.RUN_COMPLETED, null, 2));

    refuses("event 1 has the sequence 2");
  }

  @Test
  void aMissingStartIsNoticed() {
    log.add(event(1, "first", EventType.RUN_COMPLETED, null, 1));

    refuses("event 0 has the sequence 1");
  }

  @Test
  void aDoubleIdIsNoticed() {
    append(EventType.RUN_STARTED, null);
    log.add(event(1, log.get(0).eventId(), EventType.RUN_COMPLETED, null, 1));

    refuses("appears twice");
  }

  @Test
  void timeThatRunsBackwardsIsNoticed() {
    append(EventType.RUN_STARTED, null);
    log.add(event(1, "earlier", EventType.RUN_COMPLETED, null, -1));

    refuses("the time runs backwards at event 1");
  }

  @Test
  void aSecondEndIsNoticed() {
    append(EventType.RUN_COMPLETED, null);
    append(EventType.RUN_CANCELLED, null);

    refuses("RUN_COMPLETED is not the last event");
  }

  @Test
  void whatComesAfterTheEndIsNoticed() {
    append(EventType.RUN_FAILED, null);
    append(EventType.NODE_STARTED, "a");

    refuses("RUN_FAILED is not the last event");
  }

  @Test
  void aNodeThatEndsTwiceIsNoticed() {
    append(EventType.RUN_STARTED, null);
    append(EventType.NODE_STARTED, "a");
    append(EventType.NODE_COMPLETED, "a");
    append(EventType.NODE_CANCELLED, "a");

    refuses("a: NODE_CANCELLED after NODE_COMPLETED");
  }

  @Test
  void aNodeThatEndsWithoutAStartIsNoticed() {
    append(EventType.RUN_STARTED, null);
    append(EventType.NODE_COMPLETED, "a");

    refuses("a: NODE_COMPLETED after null");
  }

  @Test
  void aRunThatStartsTwiceIsNoticed() {
    append(EventType.RUN_STARTED, null);
    append(EventType.RUN_STARTED, null);

    refuses("run.started belongs at the start");
  }

  private void refuses(String message) {
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(() -> new LogAssert(log).isSound().tellsAStory())
        .withMessageContaining(message);
  }

  private void append(EventType type, @Nullable String nodeId) {
    int sequence = log.size();
    log.add(event(sequence, "evt-" + sequence, type, nodeId, sequence));
  }

  private static RunEvent event(
      long sequence, String eventId, EventType type, @Nullable String nodeId, long second) {
    return new RunEvent(
        "run-1", sequence, eventId, type, nodeId, null, "{}", Instant.ofEpochSecond(second), 1, 1);
  }
}
