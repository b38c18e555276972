package io.heddle.web.v1;

import io.heddle.web.EventStreams;
import io.heddle.web.EventStreams.Piece;
import io.heddle.web.EventStreams.Then;
import io.heddle.web.v1.Tellings.Part;
import io.heddle.web.v1.Tellings.Telling;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.LongSupplier;

/** One frame for what is told within some time [stream-modes §Aggregation hint]. */
final class BatchFrames implements EventStreams.Source {

  // What an open stream may hold back, however much happens in its time.
  private static final int FULL = 64_000;

  private final Tellings tellings;

  private final Duration window;

  private final LongSupplier nanoTime;

  private final StringBuilder held = new StringBuilder();

  private long lastHeld;

  private long heldSince;

  /**
   * @param window how long something may be held back
   * @param nanoTime a clock like {@link System#nanoTime}
   */
  BatchFrames(Tellings tellings, Duration window, LongSupplier nanoTime) {
    this.tellings = tellings;
    this.window = window;
    this.nanoTime = nanoTime;
  }

  @Override
  public Piece next(boolean closing) {
    Part part = tellings.next();
    StringBuilder frames = new StringBuilder();
    boolean began = false;
    for (Telling telling : part.tellings()) {
      began |= hold(telling);
      if (telling.urgent() || held.length() > FULL) {
        release(frames);
        began = false;
      }
    }
    if (closing
        || part.then() == Then.END
        || part.then() == Then.GONE
        || window.minusNanos(age()).toNanos() <= 0) {
      release(frames);
    }
    return new Piece(
        frames.toString().getBytes(StandardCharsets.UTF_8),
        part.then(),
        began && !held.isEmpty() ? window : null,
        part.length());
  }

  /** Returns whether this is the first that is held, from which the time counts. */
  private boolean hold(Telling telling) {
    boolean first = held.isEmpty();
    if (first) {
      heldSince = nanoTime.getAsLong();
    }
    held.append(first ? '[' : ',').append(telling.data());
    lastHeld = telling.id();
    return first;
  }

  private long age() {
    return held.isEmpty() ? 0 : nanoTime.getAsLong() - heldSince;
  }

  private void release(StringBuilder frames) {
    if (!held.isEmpty()) {
      Frames.append(frames, lastHeld, "batch", held.append(']'));
      held.setLength(0);
    }
  }
}
