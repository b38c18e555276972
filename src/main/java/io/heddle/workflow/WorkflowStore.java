package io.heddle.workflow;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Immutable revisions of workflow definitions. A scope is a tenant's id or {@value #HOST}.
 * Thread-safe.
 */
public interface WorkflowStore {

  /** The scope of definitions that the host itself offers to every tenant. No tenant's name. */
  String HOST = "*";

  /** The newest revision of an id, which may be a deletion; empty if there never was one. */
  Optional<Revision> newest(String scope, String workflowId);

  /** One revision. */
  Optional<Revision> find(String scope, String workflowId, int revision);

  /**
   * The newest revision with this content, or a new one if there is none or, with {@code onTop}, if
   * it is not the newest of all.
   *
   * @param definition JSON text, or null to record a deletion
   */
  Revision put(
      String scope,
      String workflowId,
      @Nullable String definition,
      byte[] digest,
      @Nullable String createdBy,
      boolean onTop);

  /**
   * One revision.
   *
   * @param definition JSON text, or null if the workflow was deleted at this revision
   */
  record Revision(int number, @Nullable String definition) {}
}
