package io.heddle.interrupt;

import io.heddle.tenancy.Tenant;
import java.util.List;
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

  /** The pending questions of a run, in the order in which they were asked. */
  List<Interrupt> pending(Tenant tenant, String runId);

  /**
   * The tenant of a question. The one look-up without a tenant: for the bearer of a token that the
   * host itself has signed.
   */
  Optional<Tenant> tenantOf(String runId, String interruptId);

  /**
   * Records an answer. The caller holds the lock of the run's row.
   *
   * @return whether the question was still pending
   */
  boolean resolve(Tenant tenant, String interruptId, @Nullable Object value, String resolvedBy);

  /**
   * Keeps a vote. The caller holds the lock of the run's row.
   *
   * @return whether it is the voter's first; a second changes nothing
   */
  boolean vote(Tenant tenant, String interruptId, Vote vote);

  /** How often each action was voted for. */
  Map<String, Integer> tally(Tenant tenant, String interruptId);

  /**
   * One voice of several.
   *
   * @param voter who speaks
   * @param principal the opaque id of the credential's holder
   * @param eligibleBy what made them one of those who decide; empty if anybody may
   */
  record Vote(
      String voter, String principal, String eligibleBy, String action, @Nullable String reason) {}

  /**
   * Keeps what somebody asked back, which answers nothing.
   *
   * @return whether there was room for it
   */
  boolean remark(Tenant tenant, String interruptId, Map<String, @Nullable Object> remark);
}
