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

/** Which events a stream carries [stream-modes §Mode-to-event mapping]. */
enum StreamMode {
  UPDATES,
  DEBUG;

  boolean admits(EventType type) {
    return this == DEBUG
        || switch (type) {
          case RUN_STARTED,
              RUN_COMPLETED,
              RUN_FAILED,
              RUN_CANCELLED,
              RUN_PAUSED,
              RUN_RESUMED,
              NODE_COMPLETED,
              NODE_FAILED,
              NODE_SKIPPED,
              ARTIFACT_CREATED,
              NODE_SUSPENDED,
              INTERRUPT_REQUESTED,
              INTERRUPT_RESOLVED,
              APPROVAL_REQUESTED,
              APPROVAL_RECEIVED,
              CLARIFICATION_REQUESTED,
              CLARIFICATION_RESOLVED,
              NODE_DISPATCHED ->
              true;
          case NODE_STARTED,
              NODE_RESUMED,
              NODE_RETRIED,
              NODE_CANCELLED,
              CAP_BREACHED,
              LOOPBACK_LIMIT,
              ORCHESTRATOR_DECIDED,
              FAN_OUT_BEGUN,
              FAN_OUT_JOINED,
              VERSION_PINNED,
              VARIABLE_CHANGED,
              CHANNEL_WRITTEN ->
              false;
        };
  }

  String spelling() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads the parameter: absent means {@link #UPDATES}, a list means the union of its modes.
   *
   * @throws Problem if it names anything else
   */
  static Set<StreamMode> parse(@Nullable String parameter) {
    if (parameter == null) {
      return EnumSet.of(UPDATES);
    }
    List<StreamMode> modes = new ArrayList<>();
    for (String name : parameter.split(",", -1)) {
      modes.add(
          Arrays.stream(values())
              .filter(mode -> mode.spelling().equals(name))
              .findFirst()
              .orElseThrow(StreamMode::unsupported));
    }
    return EnumSet.copyOf(modes);
  }

  private static Problem unsupported() {
    return new Problem(
        ErrorCode.UNSUPPORTED_STREAM_MODE,
        "The streamMode is not one that this host serves",
        Map.of("supported", Arrays.stream(values()).map(StreamMode::spelling).toList()));
  }
}
