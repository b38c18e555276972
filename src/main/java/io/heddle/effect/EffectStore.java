package io.heddle.effect;

import java.time.Duration;

/**
 * Claims of effects and what they came to. Nothing is written for an executor that does not hold
 * the run under the epoch it names, or whose run has ended. Every method is one transaction, can be
 * repeated when its answer was lost, and is thread-safe.
 */
public interface EffectStore {

  /**
   * Claims an effect unless somebody performs it or has performed it. The claim of an executor that
   * has lost the run since does not count.
   *
   * @param claimId names this claim and no other
   */
  Standing claim(Execution execution, LogicalEffect effect, String claimId);

  /** How an executor without a claim stands. Never {@link Standing.Claimed}. */
  Standing look(Execution execution, LogicalEffect effect);

  /**
   * Stores what a claimed effect came to.
   *
   * @return false if the claim or the run is lost
   */
  boolean settle(Execution execution, LogicalEffect effect, String claimId, Outcome outcome);

  /** Gives a claim up without knowing what the effect came to. */
  void release(Execution execution, LogicalEffect effect, String claimId);

  /** How many effects the node has asked for before this call, and its repetitions. */
  int countBefore(Execution execution);

  /** How long a settled effect is kept at least. */
  Duration retention();
}
