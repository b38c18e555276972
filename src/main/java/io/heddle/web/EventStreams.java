package io.heddle.web;

import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import io.heddle.stream.CommitNews;
import io.heddle.tenancy.Tenant;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Server-sent events of run logs. An open stream holds no thread: it is written by a short task
 * whenever there is news, one task at a time per stream. Thread-safe.
 */
public final class EventStreams implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(EventStreams.class);

  private static final int EVENTS_PER_READ = 500;

  private static final byte[] KEEPALIVE = ":keepalive\n\n".getBytes(StandardCharsets.UTF_8);

  private final RunStore store;

  private final CommitNews news;

  private final ExecutorService writers;

  private final Set<Stream> open = ConcurrentHashMap.newKeySet();

  /** Turns a page of the log into frames. Not shared between streams. */
  public interface FrameWriter {

    /** Writes what the mode admits of the page; nothing is a valid answer. */
    void write(LogPage page, OutputStream out) throws IOException;
  }

  /**
   * @param writers runs short writing tasks
   * @param timer used for keepalives only
   */
  public EventStreams(
      RunStore store,
      CommitNews news,
      ExecutorService writers,
      ScheduledExecutorService timer,
      Duration keepalive) {
    this.store = store;
    this.news = news;
    this.writers = writers;
    timer.scheduleWithFixedDelay(
        () -> open.forEach(Stream::keepAlive),
        keepalive.toMillis(),
        keepalive.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  /**
   * Answers a request with the log after a sequence, then with what is appended to it, and ends the
   * answer with the log.
   *
   * @throws Problem if the tenant has no such run
   */
  public void stream(
      HttpServletRequest request,
      HttpServletResponse response,
      Tenant tenant,
      String runId,
      long after,
      FrameWriter frames)
      throws IOException {
    if (store.log(tenant, runId, Long.MAX_VALUE - 1, 1).isEmpty()) {
      throw Problem.notFound("run");
    }
    response.setStatus(HttpServletResponse.SC_OK);
    response.setContentType("text/event-stream;charset=UTF-8");
    response.setHeader("Cache-Control", "no-store");
    // Asks reverse proxies that know it not to hold frames back.
    response.setHeader("X-Accel-Buffering", "no");
    response.flushBuffer();
    if (request.getMethod().equals("HEAD")) {
      return;
    }
    AsyncContext async = request.startAsync();
    async.setTimeout(0);
    Stream stream = new Stream(async, tenant, runId, after, frames);
    async.addListener(stream);
    open.add(stream);
    stream.subscribe();
  }

  /** How many streams are open. */
  public int openStreams() {
    return open.size();
  }

  /** Ends every stream, so that clients reconnect elsewhere and the server can stop. */
  @Override
  public void close() {
    open.forEach(Stream::end);
  }

  private final class Stream implements AsyncListener {

    private final AsyncContext async;

    private final Tenant tenant;

    private final String runId;

    private final FrameWriter frames;

    private final AtomicInteger signals = new AtomicInteger();

    // Held whenever the response is touched. The container learns of a failed write before the
    // writer does, cleans up on a thread of its own and gives the response to another request; its
    // calls to this listener are where it can be made to wait.
    private final ReentrantLock writing = new ReentrantLock();

    private volatile boolean ended;

    private boolean completed;

    private volatile boolean silent;

    private long cursor;

    private volatile CommitNews.@Nullable Subscription subscription;

    Stream(AsyncContext async, Tenant tenant, String runId, long after, FrameWriter frames) {
      this.async = async;
      this.tenant = tenant;
      this.runId = runId;
      this.cursor = after;
      this.frames = frames;
    }

    void subscribe() {
      subscription = news.subscribe(runId, this::signal);
      if (ended) {
        forget();
      }
      signal();
    }

    void keepAlive() {
      silent = true;
      try {
        signal();
      } catch (RuntimeException e) {
        // Thrown on, it would end the keepalives of all streams.
        log.warn("A stream of {} could not be kept alive", runId, e);
      }
    }

    /** Makes sure that a writing task looks at the log after this call. */
    void signal() {
      if (signals.getAndIncrement() == 0) {
        try {
          writers.execute(this::write);
        } catch (RejectedExecutionException e) {
          log.debug("A stream of {} is left to the end of the server", runId);
        }
      }
    }

    private void write() {
      int seen;
      do {
        seen = signals.get();
        writing.lock();
        try {
          if (!ended) {
            ended = writeNews();
          }
        } catch (IOException e) {
          log.debug("A reader of {} is gone: {}", runId, e.toString());
          ended = true;
        } catch (RuntimeException e) {
          // The client comes back with its last event id and finds another node or a healed one.
          log.warn("A stream of {} ends early: {}", runId, e.toString());
          ended = true;
        } finally {
          if (ended) {
            complete();
          }
          writing.unlock();
        }
      } while (signals.addAndGet(-seen) > 0);
    }

    /** Writes what is new; returns whether that was the end of the log. */
    private boolean writeNews() throws IOException {
      OutputStream out = async.getResponse().getOutputStream();
      boolean wrote = false;
      while (true) {
        LogPage page = store.log(tenant, runId, cursor, EVENTS_PER_READ).orElse(null);
        if (page == null) {
          return true;
        }
        frames.write(page, out);
        wrote |= !page.events().isEmpty();
        boolean complete = page.isComplete(cursor);
        if (!page.events().isEmpty()) {
          cursor = page.events().get(page.events().size() - 1).sequence();
        }
        if (complete || page.events().size() < EVENTS_PER_READ) {
          if (silent && !wrote && !complete) {
            out.write(KEEPALIVE);
            wrote = true;
          }
          silent = false;
          if (wrote) {
            async.getResponse().flushBuffer();
          }
          return complete;
        }
      }
    }

    /** Ends the stream as soon as nothing is being written to it. */
    void end() {
      ended = true;
      signal();
    }

    private void complete() {
      forget();
      if (!completed) {
        try {
          async.complete();
          completed = true;
        } catch (IllegalStateException e) {
          log.debug("A stream of {} is being ended by the container", runId);
        }
      }
    }

    private void forget() {
      open.remove(this);
      CommitNews.Subscription current = subscription;
      if (current != null) {
        current.close();
      }
    }

    @Override
    public void onComplete(AsyncEvent event) {
      writing.lock();
      try {
        ended = true;
        completed = true;
        forget();
      } finally {
        writing.unlock();
      }
    }

    @Override
    public void onTimeout(AsyncEvent event) {
      onError(event);
    }

    @Override
    public void onError(AsyncEvent event) {
      writing.lock();
      try {
        ended = true;
        complete();
      } finally {
        writing.unlock();
      }
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
      // A stream starts once.
    }
  }
}
