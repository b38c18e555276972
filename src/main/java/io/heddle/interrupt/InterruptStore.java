package io.heddle.interrupt;

import io.heddle.tenancy.Tenant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Questions of runs. What a worker changes of them is part of its step. Every method joins the
 * caller's transaction. Thread-safe.
 */
public interface InterruptStore {

  /** The most remarks that a question can have. */
  int MOST_REMARKS = 100;

  /** The newest question of a node; empty if this tenant's run has none there. */
  Optional<Interrupt> newest(Tenant tenant, String runId, String nodeId);

  /**
   * Records an answer. The caller holds the lock of the run's row.
   *
   * @return whether the question was still pending
   */
  boolean resolve(Tenant tenant, String interruptId, @Nullable Object value, String resolvedBy);

  /**
   * Keeps what somebody asked back, which answers nothing.
   *
   * @return whether there was room for it
   */
  boolean remark(Tenant tenant, String interruptId, Map<String, @Nullable Object> remark);
}
