package io.heddle.run;

import org.jspecify.annotations.Nullable;

/**
 * How a run is to be paused.
 *
 * @param policy what happens to the nodes in progress
 * @param reason for the log, or null
 */
public record PauseRequest(DrainPolicy policy, @Nullable String reason) {

  /** What a pause does with the nodes in progress. */
  public enum DrainPolicy {
    /** They are cut off and start again when the run is resumed. */
    IMMEDIATE,
    /** They come to their ends first. */
    DRAIN_CURRENT_NODE
  }
}
