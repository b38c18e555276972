package io.heddle.run;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where something stands in a trace, as W3C Trace Context writes it.
 *
 * @param traceparent version, trace id, parent id and flags: 55 characters
 * @param traceState what others keep with the trace, at most 512 characters; opaque to this host
 */
public record TraceContext(String traceparent, @Nullable String traceState) {

  /** The state of a trace that this host began itself. */
  private static final String OWN = "heddle=own";

  private static final int LENGTH = 55;

  private static final int LONGEST_STATE = 512;

  private static final int MOST_MEMBERS = 32;

  private static final Pattern WELL_FORMED =
      Pattern.compile(
          "(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");

  private static final Pattern MEMBER =
      Pattern.compile(
          "[a-z0-9][a-z0-9_*/@-]{0,255}=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}"
              + "[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]");

  /**
   * Reads the headers of a request.
   *
   * @param parents values of {@code traceparent}
   * @param states values of {@code tracestate}; malformed ones are dropped, and the trace is kept
   * @return empty if there is no parent, more than one, or a malformed one: then there is no trace
   */
  public static Optional<TraceContext> of(List<String> parents, List<String> states) {
    if (parents.size() != 1) {
      return Optional.empty();
    }
    String value = parents.get(0).strip();
    // Only versions to come may be longer.
    boolean wellFormed =
        WELL_FORMED.matcher(value).matches()
            && (value.length() == LENGTH || !value.startsWith("00"));
    return wellFormed
        ? Optional.of(new TraceContext(value.substring(0, LENGTH), state(states)))
        : Optional.empty();
  }

  /** The first place of a new trace of this host's own. */
  public static TraceContext begun(String traceId, String spanId) {
    return new TraceContext("00-%s-%s-01".formatted(traceId, spanId), OWN);
  }

  /** Another place in the same trace. */
  public TraceContext at(String spanId) {
    return new TraceContext(
        "00-%s-%s-%s".formatted(traceId(), spanId, traceparent.substring(LENGTH - 2)), traceState);
  }

  private static @Nullable String state(List<String> states) {
    StringBuilder state = new StringBuilder();
    int members = 0;
    for (String member : String.join(",", states).split(",", -1)) {
      String stripped = member.strip();
      if (stripped.isEmpty()) {
        continue;
      }
      if (!MEMBER.matcher(stripped).matches() || ++members > MOST_MEMBERS) {
        return null;
      }
      state.append(state.isEmpty() ? "" : ",").append(stripped);
    }
    return state.isEmpty() || state.length() > LONGEST_STATE ? null : state.toString();
  }

  /** 32 hexadecimal digits. */
  public String traceId() {
    return traceparent.substring(3, 35);
  }

  /** 16 hexadecimal digits. */
  public String spanId() {
    return traceparent.substring(36, 52);
  }

  /** Whether whoever began the trace records it. */
  public boolean isSampled() {
    return (Integer.parseInt(traceparent.substring(LENGTH - 2), 16) & 1) == 1;
  }

  /** Whether this host began the trace, for nobody gave it one. */
  public boolean isOwn() {
    return OWN.equals(traceState);
  }
}
