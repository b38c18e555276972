package io.heddle.feedback;

import io.heddle.feedback.AnnotationStore.Outcome;
import io.heddle.redaction.Redactor;
import io.heddle.run.Ids;
import io.heddle.run.Run;
import io.heddle.run.RunStore;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.WorkflowRegistry;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Takes feedback on runs. Thread-safe. */
public final class Feedback {

  private final AnnotationStore store;

  private final RunStore runs;

  private final WorkflowRegistry workflows;

  private final Redactor redactor;

  public Feedback(
      AnnotationStore store, RunStore runs, WorkflowRegistry workflows, Redactor redactor) {
    this.store = store;
    this.runs = runs;
    this.workflows = workflows;
    this.redactor = redactor;
  }

  /**
   * Keeps a remark without what looks like a secret in it. The run may have ended; neither the run
   * nor its log changes.
   */
  public Outcome record(Tenant tenant, String runId, Remark remark) {
    if (!Ids.isWellFormed(runId)) {
      return new Outcome.NoSuchRun();
    }
    if (remark.nodeId() != null) {
      Optional<Run> run = runs.find(tenant, runId);
      if (run.isEmpty()) {
        return new Outcome.NoSuchRun();
      }
      if (!hasNode(run.get().workflow(), remark.nodeId())) {
        return new Outcome.NoSuchNode();
      }
    }
    return store.add(tenant, runId, redacted(remark));
  }

  /** The annotations of a run, the oldest first; empty if this tenant has no such run. */
  public Optional<List<Annotation>> list(Tenant tenant, String runId) {
    return list(tenant, runId, Long.MAX_VALUE);
  }

  /** {@link #list(Tenant, String)}, and no further annotation once there are so many characters. */
  public Optional<List<Annotation>> list(Tenant tenant, String runId, long characters) {
    return Ids.isWellFormed(runId) ? store.list(tenant, runId, characters) : Optional.empty();
  }

  /** Whether or not the run has reached it. */
  private boolean hasNode(Run.WorkflowRef workflow, String nodeId) {
    return workflows
        .definition(workflow.scope(), workflow.workflowId(), workflow.revision())
        .node(nodeId)
        .isPresent();
  }

  private Remark redacted(Remark remark) {
    Signal signal = remark.signal();
    return new Remark(
        remark.eventId(),
        remark.nodeId(),
        new Signal(
            signal.kind(),
            signal.rating(),
            redacted(signal.label()),
            redacted(signal.correction())),
        redacted(remark.note()),
        remark.principal());
  }

  private @Nullable String redacted(@Nullable String text) {
    return text == null ? null : redactor.redact(text);
  }
}
