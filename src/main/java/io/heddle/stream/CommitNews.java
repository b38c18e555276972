package io.heddle.stream;

import io.heddle.run.CommitListener;
import io.heddle.run.RunStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the readers of this node which logs may have grown: at once for what this node commits, and
 * by a periodic look at the lengths of all logs that are being read for what others commit. News
 * carry no events; a reader reads the log from its own cursor. Thread-safe.
 */
public final class CommitNews implements CommitListener {

  private static final Logger log = LoggerFactory.getLogger(CommitNews.class);

  private static final int RUNS_PER_LOOK = 1_000;

  private static final class Topic {

    final List<Runnable> readers = new CopyOnWriteArrayList<>();

    final AtomicLong length = new AtomicLong(-1);
  }

  private final Map<String, Topic> topics = new ConcurrentHashMap<>();

  /** A reader's interest in a run. Closing it is idempotent. */
  public interface Subscription extends AutoCloseable {

    @Override
    void close();
  }

  /**
   * Asks for news of a run. Subscribe before reading the log: whatever is committed after the
   * subscription is told, possibly more than once.
   *
   * @param reader is called on the committing thread and must return at once
   */
  public Subscription subscribe(String runId, Runnable reader) {
    topics.compute(
        runId,
        (id, known) -> {
          Topic topic = known == null ? new Topic() : known;
          topic.readers.add(reader);
          return topic;
        });
    return () ->
        topics.computeIfPresent(
            runId,
            (id, topic) -> {
              topic.readers.remove(reader);
              return topic.readers.isEmpty() ? null : topic;
            });
  }

  @Override
  public void committed(String runId) {
    Topic topic = topics.get(runId);
    if (topic != null) {
      tell(topic);
    }
  }

  /** Looks for growth that nobody told of. */
  public void lookFor(RunStore store) {
    List<String> runs = new ArrayList<>(topics.keySet());
    for (int from = 0; from < runs.size(); from += RUNS_PER_LOOK) {
      Map<String, Long> lengths = new HashMap<>();
      store.lengths(runs.subList(from, Math.min(runs.size(), from + RUNS_PER_LOOK)), lengths::put);
      lengths.forEach(
          (runId, length) -> {
            Topic topic = topics.get(runId);
            if (topic != null && topic.length.getAndSet(length) != length) {
              tell(topic);
            }
          });
    }
  }

  private static void tell(Topic topic) {
    for (Runnable reader : topic.readers) {
      try {
        reader.run();
      } catch (RuntimeException e) {
        log.warn("A reader could not be told", e);
      }
    }
  }
}
