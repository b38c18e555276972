package io.heddle.run;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where a request stands in a trace of its caller's, as W3C Trace Context writes it.
 *
 * @param traceparent version, trace id, parent id and flags: 55 characters
 */
public record TraceContext(String traceparent) {

  private static final int LENGTH = 55;

  private static final Pattern WELL_FORMED =
      Pattern.compile(
          "(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");

  /**
   * Reads a header.
   *
   * @param values of the header in a request
   * @return empty if there is no header, more than one, or a malformed one: then there is no trace
   */
  public static Optional<TraceContext> of(List<String> values) {
    if (values.size() != 1) {
      return Optional.empty();
    }
    String value = values.get(0).strip();
    // Only versions to come may be longer.
    boolean wellFormed =
        WELL_FORMED.matcher(value).matches()
            && (value.length() == LENGTH || !value.startsWith("00"));
    return wellFormed
        ? Optional.of(new TraceContext(value.substring(0, LENGTH)))
        : Optional.empty();
  }

  /** 32 hexadecimal digits. */
  public String traceId() {
    return traceparent.substring(3, 35);
  }
}
