package io.heddle.web.v1;

import io.heddle.run.EventType;
import io.heddle.web.ErrorCode;
import io.heddle.web.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which events a stream carries [stream-modes §Mode-to-event mapping]. The lists are the protocol's
 * and closed: whatever is not on them, a type that is added one day included, is for {@link #DEBUG}
 * alone.
 */
enum StreamMode {
  /** The run as it stands after each event, in place of the event. Not with other modes. */
  VALUES,
  UPDATES,
  MESSAGES,
  DEBUG;

  private static final Set<String> TRANSITIONS =
      Set.of(
          "run.started",
          "run.completed",
          "run.failed",
          "run.cancelled",
          "run.paused",
          "run.resumed",
          "run.annotated",
          "workspace.updated",
          "node.completed",
          "node.failed",
          "node.skipped",
          "node.suspended",
          "node.dispatched",
          "approval.requested",
          "approval.received",
          "clarification.requested",
          "clarification.resolved",
          "interrupt.requested",
          "interrupt.resolved",
          "artifact.created",
          "eval.started",
          "eval.scored",
          "eval.completed",
          "deployment.promoted",
          "deployment.rolledBack",
          "deployment.canaryAdjusted",
          "deployment.stateChanged");

  boolean admits(EventType type) {
    String name = V1Mapping.spell(type);
    return switch (this) {
      case VALUES -> TRANSITIONS.contains(name) || name.equals("node.started");
      case UPDATES -> TRANSITIONS.contains(name);
      case MESSAGES -> name.equals("ai.message.chunk");
      case DEBUG -> true;
    };
  }

  String spelling() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads the parameter: absent means {@link #UPDATES}, a list means the union of its modes.
   *
   * @throws Problem if it names anything else, or {@link #VALUES} and another one
   */
  static Set<StreamMode> parse(@Nullable String parameter) {
    if (parameter == null) {
      return EnumSet.of(UPDATES);
    }
    List<StreamMode> named = new ArrayList<>();
    for (String name : parameter.split(",", -1)) {
      named.add(
          Arrays.stream(values())
              .filter(mode -> mode.spelling().equals(name))
              .findFirst()
              .orElseThrow(() -> unsupported("The streamMode is not one that this host serves")));
    }
    Set<StreamMode> modes = EnumSet.copyOf(named);
    if (modes.contains(VALUES) && modes.size() > 1) {
      throw unsupported("The streamMode values cannot be combined with others");
    }
    return modes;
  }

  private static Problem unsupported(String message) {
    return new Problem(
        ErrorCode.UNSUPPORTED_STREAM_MODE,
        message,
        Map.of("supported", Arrays.stream(values()).map(StreamMode::spelling).toList()));
  }
}
