package io.heddle.web;

import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import io.heddle.stream.CommitNews;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.springframework.http.ResponseEntity;
import org.springframework.web.context.request.async.DeferredResult;

/** Requests that wait for a log to grow. A waiting request holds no thread. Thread-safe. */
public final class LongPolls implements AutoCloseable {

  /** How many events one answer holds at most. */
  public static final int EVENTS_PER_ANSWER = 1_000;

  private static final long CHARACTERS_PER_ANSWER = 4_000_000;

  private final RunStore store;

  private final CommitNews news;

  private final ExecutorService readers;

  private final Set<Poll> waiting = ConcurrentHashMap.newKeySet();

  private volatile boolean closed;

  public LongPolls(RunStore store, CommitNews news, ExecutorService readers) {
    this.store = store;
    this.news = news;
    this.readers = readers;
  }

  /**
   * Answers as soon as there is an event after a sequence, or the log is closed, or the time is up.
   *
   * @param answer makes the answer from a page of the log
   * @throws Problem if the tenant has no such run
   */
  public DeferredResult<ResponseEntity<byte[]>> poll(
      Tenant tenant,
      String runId,
      long after,
      Duration timeout,
      Function<LogPage, ResponseEntity<byte[]>> answer) {
    // A timeout of 0 would mean "never" to the container; such a request is answered at once below.
    DeferredResult<ResponseEntity<byte[]>> result =
        new DeferredResult<>(Math.max(1, timeout.toMillis()));
    Poll poll = new Poll(tenant, runId, after, answer, result);
    CommitNews.Subscription subscription = news.subscribe(runId, poll::signal);
    result.onCompletion(
        () -> {
          subscription.close();
          waiting.remove(poll);
        });
    try {
      LogPage page = page(tenant, runId, after);
      if (!page.events().isEmpty() || page.isComplete(after) || timeout.isZero()) {
        subscription.close();
        result.setResult(answer.apply(page));
      } else {
        subscription.knows(page.nextSequence());
        result.onTimeout(poll::readLast);
        waiting.add(poll);
        if (closed) {
          close();
        }
      }
    } catch (RuntimeException e) {
      subscription.close();
      throw e;
    }
    return result;
  }

  /** Answers every waiting request with what there is, so that the server can stop. */
  @Override
  public void close() {
    closed = true;
    waiting.forEach(Poll::readLast);
  }

  private LogPage page(Tenant tenant, String runId, long after) {
    return store
        .log(tenant, runId, after, EVENTS_PER_ANSWER, CHARACTERS_PER_ANSWER)
        .orElseThrow(() -> Problem.notFound("run"));
  }

  private final class Poll {

    private final Tenant tenant;

    private final String runId;

    private final long after;

    private final Function<LogPage, ResponseEntity<byte[]>> answer;

    private final DeferredResult<ResponseEntity<byte[]>> result;

    private final AtomicBoolean reading = new AtomicBoolean();

    Poll(
        Tenant tenant,
        String runId,
        long after,
        Function<LogPage, ResponseEntity<byte[]>> answer,
        DeferredResult<ResponseEntity<byte[]>> result) {
      this.tenant = tenant;
      this.runId = runId;
      this.after = after;
      this.answer = answer;
      this.result = result;
    }

    void signal() {
      if (reading.compareAndSet(false, true)) {
        try {
          readers.execute(this::read);
        } catch (RejectedExecutionException e) {
          result.setErrorResult(e);
        }
      }
    }

    private void read() {
      // Before the read, so that news during it cause another one.
      reading.set(false);
      try {
        LogPage page = page(tenant, runId, after);
        if (!page.events().isEmpty() || page.isComplete(after)) {
          result.setResult(answer.apply(page));
        }
      } catch (RuntimeException e) {
        result.setErrorResult(e);
      }
    }

    private void readLast() {
      try {
        result.setResult(answer.apply(page(tenant, runId, after)));
      } catch (RuntimeException e) {
        result.setErrorResult(e);
      }
    }
  }
}
