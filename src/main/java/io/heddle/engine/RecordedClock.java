package io.heddle.engine;

import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** Tells the time at which something happened while it is done again. Used by one thread. */
final class RecordedClock implements InstantSource {

  private final InstantSource clock;

  private @Nullable Instant recorded;

  RecordedClock(InstantSource clock) {
    this.clock = clock;
  }

  /** From now on it is this time; the present one if that is null. */
  void set(@Nullable Instant instant) {
    recorded = instant;
  }

  @Override
  public Instant instant() {
    return recorded == null ? clock.instant() : recorded;
  }
}
