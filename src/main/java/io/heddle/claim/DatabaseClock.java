package io.heddle.claim;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * The database's time, told without asking it each time: the last reading plus the time that passed
 * since by this process's monotonic clock. The wall clock of the machine plays no part.
 * Thread-safe.
 */
public final class DatabaseClock implements InstantSource {

  private record Reading(Instant instant, long nanoTime) {}

  private volatile Reading reading = new Reading(Instant.now(), System.nanoTime());

  /** Takes over a time that the database told just now. */
  public void set(Instant databaseTime) {
    reading = new Reading(databaseTime, System.nanoTime());
  }

  @Override
  public Instant instant() {
    Reading last = reading;
    return last.instant().plus(Duration.ofNanos(System.nanoTime() - last.nanoTime()));
  }
}
