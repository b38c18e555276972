package io.heddle.stream;

import io.heddle.run.CommitListener;
import io.heddle.run.RunStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the readers of this node which logs may have grown: at once for what this node commits, as
 * soon as it is heard of for what others commit, and by a periodic look at the lengths of all logs
 * that are being read for what nobody told of. News carry no events; a reader reads the log from
 * its own cursor. Thread-safe.
 */
public final class CommitNews implements CommitListener {

  private static final Logger log = LoggerFactory.getLogger(CommitNews.class);

  private static final int RUNS_PER_LOOK = 1_000;

  private static final long UNKNOWN = -1;

  private final Map<String, Set<Reader>> readers = new ConcurrentHashMap<>();

  private final CommitListener others;

  private volatile boolean blind;

  /**
   * @param others hears of what this node commits, to tell the other nodes
   */
  public CommitNews(CommitListener others) {
    this.others = others;
  }

  /** A reader's interest in a run. Closing it is idempotent. */
  public interface Subscription extends AutoCloseable {

    /** The reader has read the log when it was so long, and need not be told of that. */
    void knows(long length);

    @Override
    void close();
  }

  /**
   * Asks for news of a run. Subscribe before reading the log: whatever is committed after the
   * subscription is told, possibly more than once.
   *
   * @param told is called on the committing thread and must return at once
   */
  public Subscription subscribe(String runId, Runnable told) {
    Reader reader = new Reader(runId, told);
    readers.compute(
        runId,
        (id, known) -> {
          Set<Reader> all = known == null ? ConcurrentHashMap.newKeySet() : known;
          all.add(reader);
          return all;
        });
    return reader;
  }

  @Override
  public void committed(String runId) {
    heard(runId);
    others.committed(runId);
  }

  /** Another node committed something. */
  public void heard(String runId) {
    readers.getOrDefault(runId, Set.of()).forEach(Reader::tell);
  }

  /** Looks for growth that nobody told of. */
  public void lookFor(RunStore store) {
    List<String> runs = new ArrayList<>(readers.keySet());
    try {
      for (int from = 0; from < runs.size(); from += RUNS_PER_LOOK) {
        look(store, runs.subList(from, Math.min(runs.size(), from + RUNS_PER_LOOK)));
      }
      blind = false;
    } catch (RuntimeException e) {
      blind = true;
      throw e;
    }
  }

  private void look(RunStore store, List<String> runs) {
    Map<String, Long> lengths = new HashMap<>();
    store.lengths(runs, lengths::put);
    for (String runId : runs) {
      // A run that is gone has a length that no reader knows, so they all hear of it.
      long length = lengths.getOrDefault(runId, UNKNOWN - 1);
      for (Reader reader : readers.getOrDefault(runId, Set.of())) {
        if (reader.length != length) {
          reader.tell();
        }
      }
    }
  }

  /** Whether this node cannot see at present what others commit. */
  public boolean isBlind() {
    return blind;
  }

  private final class Reader implements Subscription {

    private final String runId;

    private final Runnable told;

    private volatile long length = UNKNOWN;

    Reader(String runId, Runnable told) {
      this.runId = runId;
      this.told = told;
    }

    void tell() {
      try {
        told.run();
      } catch (RuntimeException e) {
        log.warn("A reader could not be told", e);
      }
    }

    @Override
    public void knows(long length) {
      this.length = length;
    }

    @Override
    public void close() {
      readers.computeIfPresent(
          runId,
          (id, all) -> {
            all.remove(this);
            return all.isEmpty() ? null : all;
          });
    }
  }
}
