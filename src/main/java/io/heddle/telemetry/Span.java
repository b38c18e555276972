package io.heddle.telemetry;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A part of a trace.
 *
 * @param traceId 32 hexadecimal digits
 * @param spanId 16 hexadecimal digits
 * @param parentSpanId null for the first span of a trace
 * @param traceState that came with the trace, or null
 * @param attributes texts, booleans and whole numbers
 * @param failed whether it did not succeed
 * @param links to other traces that this one is derived from
 */
public record Span(
    String traceId,
    String spanId,
    @Nullable String parentSpanId,
    @Nullable String traceState,
    String name,
    Instant start,
    Instant end,
    Map<String, Object> attributes,
    boolean failed,
    List<Link> links) {

  /** Another span, of another trace. */
  public record Link(String traceId, String spanId) {}
}
