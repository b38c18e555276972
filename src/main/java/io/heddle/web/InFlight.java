package io.heddle.web;

import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * The requests this node is serving, open streams and waiting polls among them, and how many it
 * serves at the same time. Thread-safe.
 */
public final class InFlight {

  private final int cap;

  // A client has its answer before its request has left, and may be back by then.
  private static final long PATIENCE_MS = 100;

  private final AtomicInteger current = new AtomicInteger();

  private final Semaphore places;

  private final LongAdder refused = new LongAdder();

  /**
   * @param cap how many requests are served at the same time; 0 for any number
   */
  public InFlight(int cap) {
    if (cap < 0) {
      throw new IllegalArgumentException("The cap on requests in flight must not be negative");
    }
    this.cap = cap;
    this.places = new Semaphore(cap, true);
  }

  /** How many requests are served at the same time; 0 for any number. */
  public int cap() {
    return cap;
  }

  /** How many requests are being served. */
  public int current() {
    return current.get();
  }

  /** How many requests were refused because of the cap. */
  public long refused() {
    return refused.sum();
  }

  /** Counts a request in; empty if there are as many as the cap allows, and none of them leaves. */
  Optional<Place> enter() {
    try {
      if (cap > 0 && !places.tryAcquire(PATIENCE_MS, TimeUnit.MILLISECONDS)) {
        refused.increment();
        return Optional.empty();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
    current.incrementAndGet();
    return Optional.of(new Place());
  }

  /** The place of one request, given back once however the request ends. */
  final class Place implements AsyncListener {

    private final AtomicBoolean left = new AtomicBoolean();

    /** Gives the place back now or, if the request goes on without a thread, when it ends. */
    void leaveWith(HttpServletRequest request) {
      if (!request.isAsyncStarted()) {
        leave();
        return;
      }
      try {
        request.getAsyncContext().addListener(this);
      } catch (IllegalStateException e) {
        // It ended in this very instant, and nobody will tell.
        leave();
      }
    }

    private void leave() {
      if (left.compareAndSet(false, true)) {
        current.decrementAndGet();
        if (cap > 0) {
          places.release();
        }
      }
    }

    @Override
    public void onComplete(AsyncEvent event) {
      leave();
    }

    @Override
    public void onTimeout(AsyncEvent event) {
      // Whoever answers it completes it.
    }

    @Override
    public void onError(AsyncEvent event) {
      // The container completes it if nobody else does.
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
      // The container forgets its listeners when a request goes on a second time.
      event.getAsyncContext().addListener(this);
    }
  }
}
