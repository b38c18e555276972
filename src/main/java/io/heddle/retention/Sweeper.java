package io.heddle.retention;

import io.heddle.retention.RetentionStore.Batch;
import io.heddle.retention.RetentionStore.Position;
import io.heddle.retention.SweepListener.Kind;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes what is no longer kept, a little at a time. Every node has one; whichever looks first
 * does the work, and another goes on when it dies. Thread-safe.
 */
public final class Sweeper implements AutoCloseable {

  /** How many rows one transaction looks at. */
  static final int BATCH = 100;

  /** They are small, and there may be thousands in a second. */
  private static final int DELIVERIES = 5_000;

  private static final Logger log = LoggerFactory.getLogger(Sweeper.class);

  // A batch under way is let finish, unless that takes longer than anybody waits for a shutdown.
  private static final int PATIENCE_SECONDS = 5;

  private final RetentionStore store;

  private final RetentionSettings settings;

  private final SweepListener listener;

  private volatile boolean stopped;

  private volatile @Nullable Long sweptAt;

  private @Nullable ScheduledExecutorService schedule;

  public Sweeper(RetentionStore store, RetentionSettings settings, SweepListener listener) {
    this.store = store;
    this.settings = settings;
    this.listener = listener;
  }

  /** Sweeps from now on, also after a close. */
  public synchronized void start() {
    stopped = false;
    schedule =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "heddle-sweeper");
              thread.setDaemon(true);
              return thread;
            });
    long interval = settings.interval().toMillis();
    schedule.scheduleWithFixedDelay(this::sweep, interval, interval, TimeUnit.MILLISECONDS);
  }

  /** Deletes all that is no longer kept now. Never throws. */
  public void sweep() {
    try {
      sweepRuns();
      sweep(Kind.IDEMPOTENCY_RECORD, () -> store.deleteIdempotencyRecords(BATCH));
      sweep(Kind.TOMBSTONE, () -> store.deleteTombstones(settings.tombstones(), BATCH));
      sweep(Kind.DELIVERY, () -> store.deleteDeliveries(settings.deliveries(), DELIVERIES));
      sweep(Kind.DELIVERY, () -> store.deleteAbandonedDeliveries(DELIVERIES));
      sweep(Kind.DEAD_LETTER, () -> store.deleteDeadLetters(settings.deadLetters(), BATCH));
      sweptAt = System.nanoTime();
    } catch (RuntimeException e) {
      log.warn("The sweep of what is no longer kept ended early: {}", e.toString());
      listener.failed();
    }
  }

  /** How long ago the last sweep came to its end; empty before the first one did. */
  public Optional<Duration> sinceLastSweep() {
    Long at = sweptAt;
    return at == null ? Optional.empty() : Optional.of(Duration.ofNanos(System.nanoTime() - at));
  }

  private void sweepRuns() {
    int expired = 0;
    Position position = Position.START;
    while (position != null && !stopped) {
      Optional<Batch> batch = store.expireRuns(settings.window(), position, BATCH);
      if (batch.isPresent() && batch.get().expired() > 0) {
        expired += batch.get().expired();
        listener.deleted(Kind.RUN, batch.get().expired());
      }
      position = batch.map(Batch::next).orElse(null);
    }
    if (expired > 0) {
      log.info("{} runs have expired", expired);
    }
  }

  /** Until there is nothing left: the last batch finds none, or not as many as it may. */
  private void sweep(Kind kind, Supplier<OptionalInt> batch) {
    int deleted = BATCH;
    while (deleted >= BATCH && !stopped) {
      deleted = batch.get().orElse(0);
      if (deleted > 0) {
        listener.deleted(kind, deleted);
      }
    }
  }

  /** Sweeps no more once this returns. */
  @Override
  public synchronized void close() {
    stopped = true;
    if (schedule != null) {
      schedule.shutdown();
      try {
        if (!schedule.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          schedule.shutdownNow();
        }
      } catch (InterruptedException e) {
        schedule.shutdownNow();
        Thread.currentThread().interrupt();
      }
    }
  }
}
