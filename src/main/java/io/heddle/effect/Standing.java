package io.heddle.effect;

/** How an executor stands towards an effect. */
public sealed interface Standing {

  /** The executor is the one to perform the effect. */
  record Claimed() implements Standing {}

  /** Another executor of the same lease is performing the effect. */
  record UnderWay() implements Standing {}

  /** The executor that performed the effect could not tell what it came to. */
  record Unknown() implements Standing {}

  /** The effect has been performed. */
  record Settled(Outcome outcome) implements Standing {}

  /** The executor no longer holds the run and must do nothing for it. */
  record Fenced() implements Standing {}
}
