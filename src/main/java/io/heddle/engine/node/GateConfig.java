package io.heddle.engine.node;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the configurations of nodes that wait for somebody have in common. */
final class GateConfig {

  static final String UNKNOWN = "is not executed by this host";

  private static final long LONGEST_MS = Duration.ofDays(36_525).toMillis();

  private GateConfig() {}

  static @Nullable String text(@Nullable Object value, int longest) {
    return value instanceof String text && !text.isEmpty() && text.length() <= longest
        ? null
        : "must be a string of 1 to %d characters".formatted(longest);
  }

  static @Nullable String timeout(@Nullable Object value) {
    return value instanceof Number number
            && number.doubleValue() == Math.rint(number.doubleValue())
            && number.doubleValue() >= 0
            && number.doubleValue() <= LONGEST_MS
        ? null
        : "must be a whole number of milliseconds from 0, which is none, to " + LONGEST_MS;
  }

  static @Nullable Duration timeout(Map<String, @Nullable Object> config) {
    return config.get("timeoutMs") instanceof Number number && number.longValue() > 0
        ? Duration.ofMillis(number.longValue())
        : null;
  }
}
