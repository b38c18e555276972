package io.heddle.autoconfigure;

import io.heddle.auth.StoredKeys;
import io.heddle.claim.Claimer;
import io.heddle.run.RunStore;
import io.heddle.stream.CommitNews;
import io.heddle.stream.NewsRelay;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.SmartLifecycle;

/**
 * Joins the cluster before the web server accepts a request and leaves it after the last one, so
 * that a run this node accepts always has a live node behind it. Can be started again: Spring stops
 * and restarts the cached contexts of an embedding application's tests.
 */
final class HostLifecycle implements SmartLifecycle, NewsRelay.Ear {

  private static final Logger log = LoggerFactory.getLogger(HostLifecycle.class);

  private final Claimer claimer;

  private final RunStore store;

  private final CommitNews news;

  private final NewsRelay relay;

  private final ObjectProvider<StoredKeys> keys;

  private final ScheduledExecutorService timer;

  private final Duration lookout;

  private final Duration grace;

  private @Nullable Long leavingSince;

  private @Nullable ScheduledFuture<?> looking;

  private volatile boolean running;

  HostLifecycle(
      Claimer claimer,
      RunStore store,
      CommitNews news,
      NewsRelay relay,
      ObjectProvider<StoredKeys> keys,
      ScheduledExecutorService timer,
      Duration lookout,
      Duration grace) {
    this.claimer = claimer;
    this.store = store;
    this.news = news;
    this.relay = relay;
    this.keys = keys;
    this.timer = timer;
    this.lookout = lookout;
    this.grace = grace;
  }

  @Override
  public void start() {
    leavingSince = null;
    claimer.start();
    relay.start(this);
    looking =
        timer.scheduleWithFixedDelay(
            this::look, lookout.toMillis(), lookout.toMillis(), TimeUnit.MILLISECONDS);
    running = true;
  }

  /**
   * Begins nothing new from now on, while the web server still ends what it has begun. The grace of
   * what is being executed counts from here.
   */
  void leave() {
    if (leavingSince == null) {
      leavingSince = System.nanoTime();
      claimer.leave();
    }
  }

  @Override
  public void stop() {
    leave();
    running = false;
    if (looking != null) {
      looking.cancel(false);
    }
    awaitIdle();
    relay.close();
    claimer.close();
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return 0;
  }

  @Override
  public void heard(String runId) {
    news.heard(runId);
  }

  @Override
  public void missedSome() {
    look();
  }

  @Override
  public void due() {
    claimer.claimSoon();
  }

  @Override
  public void keyChanged(String keyId) {
    keys.ifAvailable(known -> known.forget(keyId));
  }

  @Override
  public void listening() {
    keys.ifAvailable(StoredKeys::forgetAll);
  }

  private void awaitIdle() {
    long since = Objects.requireNonNull(leavingSince);
    try {
      if (!claimer.awaitIdle(grace.minusNanos(System.nanoTime() - since))) {
        log.warn(
            "{} runs are still executed at the end of the grace and are interrupted",
            claimer.executing());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    try {
      news.lookFor(store);
    } catch (RuntimeException e) {
      log.warn("Could not look for events of other nodes: {}", e.toString());
    }
  }
}
