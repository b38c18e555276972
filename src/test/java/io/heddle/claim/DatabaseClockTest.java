package io.heddle.claim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The time is that of the database, however far off this machine's clock is. */
class DatabaseClockTest {

  private final DatabaseClock clock = new DatabaseClock();

  @ParameterizedTest
  @ValueSource(longs = {-120, 0, 120, -1_000_000_000})
  void goesOnFromWhatTheDatabaseToldAtThePaceOfTheMonotonicClock(long ahead) {
    Instant told = Instant.now().plusSeconds(ahead);
    long before = System.nanoTime();
    clock.set(told);
    long after = System.nanoTime();

    // What passes between two calls lies between what passes inside and outside of both.
    long atLeast = System.nanoTime() - after;
    Instant now = clock.instant();
    long atMost = System.nanoTime() - before;

    assertThat(Duration.between(told, now))
        .isBetween(Duration.ofNanos(atLeast), Duration.ofNanos(atMost));
  }
}
