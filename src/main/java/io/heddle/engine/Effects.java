package io.heddle.engine;

import io.heddle.effect.EffectStore;
import io.heddle.effect.Execution;
import java.time.Duration;

/** Performs the side effects of nodes. Thread-safe. */
public final class Effects {

  private final EffectStore store;

  private final Duration patience;

  /**
   * @param patience how long an executor waits for another one that performs the same effect
   */
  public Effects(EffectStore store, Duration patience) {
    this.store = store;
    this.patience = patience;
  }

  /** The effects of one call of an executor. */
  public NodeEffects of(Execution execution) {
    return new NodeEffects(store, patience, execution);
  }
}
