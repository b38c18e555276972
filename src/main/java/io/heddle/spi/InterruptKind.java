package io.heddle.spi;

/** What a suspended node waits for [interrupt.md §Kinds]. */
public enum InterruptKind {
  /** A decision of one or more people about an artifact. */
  APPROVAL,
  /** Answers to questions. */
  CLARIFICATION,
  /** An event of another system that carries the expected correlation. */
  EXTERNAL_EVENT,
  /** A decision that its agent was not confident enough to take. */
  LOW_CONFIDENCE,
  /** Whatever the workflow's author and whoever answers agreed on. */
  CUSTOM
}
