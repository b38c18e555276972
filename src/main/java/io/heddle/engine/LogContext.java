package io.heddle.engine;

import io.heddle.run.Run;
import java.util.Map;
import org.slf4j.MDC;

/** What every log line that is written for a run can be found by, whichever node writes it. */
final class LogContext {

  private static final String RUN_ID = "runId";

  // The name that log formats know.
  private static final String TRACE_ID = "traceId";

  private LogContext() {}

  /** From now on this thread writes for a run; returns what to give to {@link #leave}. */
  static Map<String, String> enter(Run run) {
    Map<String, String> before = MDC.getCopyOfContextMap();
    MDC.put(RUN_ID, run.runId());
    if (run.trace() != null) {
      MDC.put(TRACE_ID, run.trace().traceId());
    }
    return before == null ? Map.of() : before;
  }

  static void leave(Map<String, String> before) {
    MDC.setContextMap(before);
  }
}
