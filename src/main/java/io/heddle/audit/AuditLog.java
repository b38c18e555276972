package io.heddle.audit;

/** Where whatever is worth an audit is recorded. Thread-safe. */
public interface AuditLog {

  /** A log that keeps nothing. */
  AuditLog NONE = event -> {};

  /**
   * Records what happens in the caller's transaction, and stands or falls with it. Waits for
   * nobody: the event gets its place in the chain later.
   */
  void record(AuditEvent event);
}
