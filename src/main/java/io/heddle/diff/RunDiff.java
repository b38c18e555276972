package io.heddle.diff;

import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What two runs differ in.
 *
 * @param a the one run as it was compared
 * @param b the other run as it was compared
 * @param divergedAt the first sequence at which their logs differ, or null
 * @param events the differing sequences in their order, the first of them at {@code divergedAt}
 * @param variables the variables that differ, without secrets: the values by side, {@code a} and
 *     {@code b}, where it has one
 * @param truncated whether there may be more: a run was under way, or the logs are too long
 */
public record RunDiff(
    Run a,
    Run b,
    @Nullable Long divergedAt,
    List<EventDiff> events,
    Map<String, Map<String, @Nullable Object>> variables,
    boolean truncated) {

  /**
   * One sequence at which the logs differ.
   *
   * @param a the event of the one log, or null if it ended before
   * @param b the event of the other log, or null if it ended before
   */
  public record EventDiff(long sequence, @Nullable RunEvent a, @Nullable RunEvent b) {}
}
