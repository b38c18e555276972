package io.heddle.web;

import io.heddle.redaction.Printable;
import io.heddle.stream.CommitNews;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Server-sent events of run logs. An open stream holds no thread: a short task reads what is new
 * and hands it to the container, which tells when the reader has taken it. A reader that takes
 * nothing costs one piece of memory until the container's write timeout ends it; it comes back with
 * its last event id. Thread-safe.
 */
public final class EventStreams implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(EventStreams.class);

  // What a socket takes whether or not its reader does.
  private static final int AT_ONCE = 8_192;

  private static final byte[] KEEPALIVE = ":keepalive\n\n".getBytes(StandardCharsets.UTF_8);

  private final CommitNews news;

  private final ExecutorService readers;

  private final ScheduledExecutorService timer;

  private final Set<Stream> open = ConcurrentHashMap.newKeySet();

  private volatile boolean closed;

  /** What one stream carries. Used by one thread at a time; not shared between streams. */
  public interface Source {

    /**
     * The next piece of the stream, as far as it can be told now.
     *
     * @param closing whether nobody will ask again, so that nothing may be held back
     */
    Piece next(boolean closing);
  }

  /**
   * A piece of a stream.
   *
   * @param frames whole frames, no more than fits into memory once for each open stream
   * @param again when to ask again even if there are no news; null for not
   * @param length of the log when this piece was made from it
   */
  public record Piece(byte[] frames, Then then, @Nullable Duration again, long length) {}

  /** What comes after a piece. */
  public enum Then {
    /** Another piece at once. */
    MORE,
    /** Nothing before there are news of the run. */
    NEWS,
    /** The end of the stream. */
    END,
    /** Nothing, for there is no such run. */
    GONE
  }

  /**
   * @param readers runs short tasks, which wait for the database and for nothing else
   * @param timer used for keepalives and to ask sources again
   */
  public EventStreams(
      CommitNews news,
      ExecutorService readers,
      ScheduledExecutorService timer,
      Duration keepalive) {
    this.news = news;
    this.readers = readers;
    this.timer = timer;
    timer.scheduleWithFixedDelay(
        () -> open.forEach(Stream::keepAlive),
        keepalive.toMillis(),
        keepalive.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  /**
   * Answers a request with what a source tells of a run, until the source ends.
   *
   * @return false, and nothing is answered, if there is no such run
   */
  public boolean stream(
      HttpServletRequest request, HttpServletResponse response, String runId, Source source)
      throws IOException {
    Stream stream = new Stream(runId, source);
    boolean begun = false;
    try {
      stream.subscribe();
      Piece first = source.next(false);
      if (first.then() == Then.GONE) {
        return false;
      }
      begin(response);
      if (request.getMethod().equals("HEAD")) {
        response.flushBuffer();
        return true;
      }
      if (first.then() == Then.END && first.frames().length <= AT_ONCE) {
        response.getOutputStream().write(first.frames());
        return true;
      }
      response.flushBuffer();
      AsyncContext async = request.startAsync();
      async.setTimeout(0);
      async.addListener(stream);
      begun = true;
      // Before anybody else knows the stream: without a listener a write would wait for the reader.
      response.getOutputStream().setWriteListener(stream);
      open.add(stream);
      stream.begin(async, first);
      if (closed) {
        stream.end();
      }
      return true;
    } finally {
      if (!begun) {
        stream.forget();
      }
    }
  }

  private static void begin(HttpServletResponse response) {
    response.setStatus(HttpServletResponse.SC_OK);
    response.setContentType("text/event-stream;charset=UTF-8");
    response.setHeader("Cache-Control", "no-store");
    // Asks reverse proxies that know it not to hold frames back.
    response.setHeader("X-Accel-Buffering", "no");
  }

  /** How many streams are open. */
  public int openStreams() {
    return open.size();
  }

  /** Ends every stream, so that clients reconnect elsewhere and the server can stop. */
  @Override
  public void close() {
    closed = true;
    open.forEach(Stream::end);
  }

  private final class Stream implements AsyncListener, WriteListener {

    private final String runId;

    private final Source source;

    // One from the start: until the stream begins, whoever has news need not begin a task.
    private final AtomicInteger signals = new AtomicInteger(1);

    private final AtomicBoolean untold = new AtomicBoolean();

    // Held whenever the response is touched. The container learns of a failed write before the
    // writer does, cleans up on a thread of its own and gives the response to another request; its
    // calls to this listener are where it can be made to wait.
    private final ReentrantLock writing = new ReentrantLock();

    private volatile boolean closing;

    private volatile boolean silent;

    private volatile boolean ended;

    private boolean completed;

    private @Nullable AsyncContext async;

    private @Nullable Piece first;

    private Then then = Then.NEWS;

    private boolean unflushed;

    private volatile CommitNews.@Nullable Subscription subscription;

    Stream(String runId, Source source) {
      this.runId = runId;
      this.source = source;
    }

    /** Hears of what is committed from now on. */
    void subscribe() {
      subscription = news.subscribe(runId, this::tell);
    }

    /** Starts with what the source said first. */
    void begin(AsyncContext async, Piece first) {
      writing.lock();
      try {
        this.async = async;
        this.first = first;
      } finally {
        writing.unlock();
      }
      hand(this::work);
    }

    /** Makes sure that the source is asked after this call. */
    private void tell() {
      untold.set(true);
      signal();
    }

    void keepAlive() {
      // What cannot be served here ends, so that its reader finds another node.
      if (news.isBlind()) {
        ended = true;
      } else if (silent) {
        // As at the tick before: the reader takes nothing, so nothing is due.
        return;
      }
      silent = true;
      signal();
    }

    /** Ends the stream with what its source still has to say. */
    void end() {
      closing = true;
      signal();
    }

    /** Makes sure that a task goes on with this stream after this call. */
    private void signal() {
      if (signals.getAndIncrement() == 0) {
        hand(this::work);
      }
    }

    private void hand(Runnable task) {
      try {
        readers.execute(task);
      } catch (RejectedExecutionException e) {
        log.debug("A stream of {} is left to the end of the server", runId);
      }
    }

    private void work() {
      int seen;
      do {
        seen = signals.get();
        writing.lock();
        try {
          if (!ended) {
            // Many that wait for a database that is away would hold each other up.
            // What was just read may be told whatever is the matter with the database now.
            ended = first == null && news.isBlind() || goOn();
          }
        } catch (IOException e) {
          log.debug("A reader of {} is gone: {}", runId, e.toString());
          ended = true;
        } catch (RuntimeException e) {
          // The client comes back with its last event id and finds another node or a healed one.
          log.warn("A stream of {} ends early: {}", runId, Printable.line(e));
          ended = true;
        } finally {
          if (ended) {
            complete();
          }
          writing.unlock();
        }
      } while (signals.addAndGet(-seen) > 0);
    }

    /** Does what can be done without waiting for the reader; returns whether that was all. */
    private boolean goOn() throws IOException {
      ServletOutputStream out = Objects.requireNonNull(async).getResponse().getOutputStream();
      // What is not ready now makes the container call when it is.
      while (out.isReady()) {
        if (first != null) {
          take(out, first);
          first = null;
        } else if (then != Then.END && closing) {
          then = Then.END;
          write(out, source.next(true).frames());
        } else if (then == Then.MORE || (then == Then.NEWS && untold.getAndSet(false))) {
          take(out, source.next(false));
        } else if (unflushed) {
          unflushed = false;
          out.flush();
        } else if (then == Then.END) {
          return true;
        } else if (silent) {
          silent = false;
          write(out, KEEPALIVE);
        } else {
          return false;
        }
      }
      // Whoever takes nothing cannot hold up the end of the server.
      return closing;
    }

    private void take(ServletOutputStream out, Piece piece) throws IOException {
      then = piece.then() == Then.GONE ? Then.END : piece.then();
      write(out, piece.frames());
      await(piece);
    }

    private void write(ServletOutputStream out, byte[] frames) throws IOException {
      if (frames.length > 0) {
        out.write(frames);
        unflushed = true;
        silent = false;
      }
    }

    private void await(Piece piece) {
      CommitNews.Subscription current = subscription;
      if (current != null) {
        current.knows(piece.length());
      }
      if (piece.again() != null) {
        again(piece.again(), this::tell);
      }
    }

    private void again(Duration after, Runnable task) {
      try {
        timer.schedule(task, after.toMillis(), TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException e) {
        log.debug("A stream of {} is left to the end of the server", runId);
      }
    }

    private void complete() {
      forget();
      if (!completed) {
        try {
          Objects.requireNonNull(async).complete();
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
    public void onWritePossible() {
      signal();
    }

    @Override
    public void onError(Throwable cause) {
      log.debug("A reader of {} is gone: {}", runId, cause.toString());
      ended = true;
      forget();
      // Some containers have more to do with the response after this call and then say so to the
      // other listener; others have not.
      again(Duration.ofSeconds(1), this::signal);
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
