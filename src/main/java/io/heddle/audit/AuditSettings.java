package io.heddle.audit;

import java.time.Duration;

/**
 * @param interval how often a node seals what was recorded
 * @param checkpointEntries the most entries under one checkpoint
 * @param checkpointInterval how long an entry waits for one at most
 */
public record AuditSettings(Duration interval, int checkpointEntries, Duration checkpointInterval) {

  private static final int MOST_ENTRIES = 100_000;

  public AuditSettings {
    if (interval.toMillis() < 1) {
      throw new IllegalArgumentException("openwop.audit.interval must be at least 1 ms");
    }
    if (checkpointEntries < 1 || checkpointEntries > MOST_ENTRIES) {
      throw new IllegalArgumentException(
          "openwop.audit.checkpoint-entries must be from 1 to " + MOST_ENTRIES);
    }
    if (checkpointInterval.toSeconds() < 1) {
      throw new IllegalArgumentException(
          "openwop.audit.checkpoint-interval must be at least a second");
    }
  }

  /** When a checkpoint is made: early enough for the promise to be kept by a busy host. */
  Duration due() {
    return checkpointInterval.multipliedBy(3).dividedBy(4);
  }
}
