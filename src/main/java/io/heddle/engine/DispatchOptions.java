package io.heddle.engine;

import java.util.List;

/**
 * What definitions may choose in the configuration of {@code core.dispatch}. What is advertised is
 * read from here, and what is refused too.
 */
public final class DispatchOptions {

  /** How a worker is executed. */
  public static final List<String> MODELS = List.of("child-run");

  /** What becomes of a decision for several workers. */
  public static final List<String> FAN_OUT_POLICIES = List.of("sequential", "reject", "parallel");

  /** When enough of the workers executed at the same time have ended. */
  public static final List<String> JOIN_MODES = List.of("wait-all", "quorum", "first", "race");

  /** What a worker that did not complete means for the others. */
  public static final List<String> ON_CHILD_FAILURE = List.of("collect", "fail-fast", "absorb");

  /** How a person is asked. */
  public static final List<String> ASK_USER_ROUTINGS =
      List.of("conversation", "clarification", "auto");

  private DispatchOptions() {}
}
