package io.heddle.spi;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The outcome of one execution of a node. */
public sealed interface NodeResult {

  /** A success without outputs. */
  static NodeResult completed() {
    return new Completed(Map.of());
  }

  /** A success. */
  static NodeResult completed(Map<String, ? extends @Nullable Object> outputs) {
    return new Completed(outputs);
  }

  /** A failure that no repetition can cure. */
  static NodeResult failed(String code, String message) {
    return new Failed(code, message, false);
  }

  /** See {@link Parked}. */
  static NodeResult parked(Duration wakeAfter) {
    return new Parked(wakeAfter, Map.of());
  }

  /** See {@link Suspended}. */
  static NodeResult suspended(InterruptRequest request) {
    return new Suspended(request, Map.of());
  }

  /**
   * The node succeeded.
   *
   * @param outputs JSON values by output name; part of the event log
   */
  record Completed(Map<String, ? extends @Nullable Object> outputs) implements NodeResult {}

  /**
   * The node failed.
   *
   * @param code machine-readable, lower snake case or {@code vendor.name}; part of the event log
   * @param message for people, without secrets; part of the event log
   * @param retryable whether a repetition may succeed
   */
  record Failed(String code, String message, boolean retryable) implements NodeResult {}

  /**
   * The node waits for time to pass. It holds no thread and survives a restart; when the time has
   * come, {@link NodeExecutor#execute} is called again with {@link NodeContext#wakeups()} raised.
   *
   * @param wakeAfter at least zero, counted from the moment this result is stored
   * @param memo JSON values handed to the next call; not part of the event log
   */
  record Parked(Duration wakeAfter, Map<String, ? extends @Nullable Object> memo)
      implements NodeResult {}

  /**
   * The node waits for somebody outside. It holds no thread and survives a restart; when it was
   * answered or its time is over, {@link NodeExecutor#execute} is called again with {@link
   * NodeContext#resumption()}. A node may suspend more than once; each time is a question of its
   * own.
   *
   * @param memo JSON values handed to the next call; not part of the event log
   */
  record Suspended(InterruptRequest request, Map<String, ? extends @Nullable Object> memo)
      implements NodeResult {}
}
