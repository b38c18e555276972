package io.heddle.feedback;

import io.heddle.tenancy.Tenant;
import java.util.List;
import java.util.Optional;

/** Annotations of runs. Every method is one transaction or joins the caller's. Thread-safe. */
public interface AnnotationStore {

  /** The most annotations that a run can have. */
  int MOST_PER_RUN = 1_000;

  /** Keeps a remark as it is, if the run exists, has room, and has the event it is about. */
  Outcome add(Tenant tenant, String runId, Remark remark);

  /**
   * The annotations of a run, the oldest first.
   *
   * @param characters no further annotation once those before it have so many
   * @return empty if this tenant has no such run
   */
  Optional<List<Annotation>> list(Tenant tenant, String runId, long characters);

  /** What became of a remark. */
  sealed interface Outcome {

    /** It is kept. */
    record Kept(Annotation annotation) implements Outcome {}

    /** The tenant has no such run. */
    record NoSuchRun() implements Outcome {}

    /** The run has no such event. */
    record NoSuchEvent() implements Outcome {}

    /** The run has no such node. */
    record NoSuchNode() implements Outcome {}

    /** The run has {@link #MOST_PER_RUN} annotations. */
    record Full() implements Outcome {}
  }
}
