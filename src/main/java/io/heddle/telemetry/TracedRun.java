package io.heddle.telemetry;

import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.TraceContext;
import io.heddle.tenancy.Tenant;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the traces of a run tell, and no more: nothing that nodes or callers gave is in here.
 *
 * @param until its end, or now
 * @param errorCode why it failed, if it did
 * @param parentWorkflowId null if there is no run above, or it is no longer kept
 */
public record TracedRun(
    Tenant tenant,
    String runId,
    Run.WorkflowRef workflow,
    RunStatus status,
    Instant createdAt,
    Instant until,
    @Nullable String errorCode,
    @Nullable TraceContext trace,
    Run.@Nullable Parent parent,
    @Nullable String parentWorkflowId,
    @Nullable Source source,
    List<Event> events) {

  /**
   * The run that this one was forked from.
   *
   * @param isKept whether it is still there
   * @param mode how it was forked
   */
  public record Source(
      String runId, long fromSequence, String mode, boolean isKept, @Nullable TraceContext trace) {}

  /**
   * An event of the log.
   *
   * @param kind of an interrupt or of a limit
   * @param interruptId of an interrupt
   * @param limit that was exceeded
   * @param observed instead of it
   */
  public record Event(
      long sequence,
      EventType type,
      @Nullable String nodeId,
      Instant at,
      @Nullable Integer attempt,
      @Nullable String kind,
      @Nullable String interruptId,
      @Nullable Long limit,
      @Nullable Long observed) {}
}
