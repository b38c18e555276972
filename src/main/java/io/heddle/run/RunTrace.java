package io.heddle.run;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The names of what a run does in its trace. They follow from what is stored, so that every host
 * node gives the same ones, whenever it is asked.
 */
public final class RunTrace {

  private static final int TRACE_BYTES = 16;

  private static final int SPAN_BYTES = 8;

  private RunTrace() {}

  /**
   * The trace of a run: 32 hexadecimal digits.
   *
   * @param trace that the run was created in, or null
   */
  public static String traceId(String runId, @Nullable TraceContext trace) {
    return trace == null ? hash(TRACE_BYTES, "trace", runId) : trace.traceId();
  }

  /** The whole run: 16 hexadecimal digits. */
  public static String runSpan(String runId) {
    return span("run", runId);
  }

  /**
   * All attempts of a node.
   *
   * @param visit how often the run had reached the node before
   */
  public static String nodeSpan(String runId, String nodeId, int visit) {
    return span("node", runId, nodeId, Integer.toString(visit));
  }

  /** Something else that these names tell from all others. */
  public static String span(String... names) {
    return hash(SPAN_BYTES, names);
  }

  /** Where a run stands that a node starts. */
  public static TraceContext below(Run parent, String nodeId, int visit) {
    String spanId = nodeSpan(parent.runId(), nodeId, visit);
    return parent.trace() == null
        ? TraceContext.begun(traceId(parent.runId(), null), spanId)
        : parent.trace().at(spanId);
  }

  /** Where a run stands for a system that the host tells of it. */
  public static TraceContext outward(String runId, @Nullable TraceContext trace) {
    String spanId = runSpan(runId);
    return trace == null || trace.isOwn()
        // That the host began it concerns only hosts of the same database.
        ? new TraceContext(TraceContext.begun(traceId(runId, trace), spanId).traceparent(), null)
        : trace.at(spanId);
  }

  private static String hash(int bytes, String... names) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String name : names) {
        digest.update(name.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      byte[] hash = digest.digest();
      // All zeros would be no id at all.
      hash[bytes - 1] |= 1;
      return HexFormat.of().formatHex(hash, 0, bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
