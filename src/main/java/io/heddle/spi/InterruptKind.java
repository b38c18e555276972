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
  /**
   * Turns of a conversation, until somebody closes it. The data holds the {@code prompt} that opens
   * it and, if its outcome must fit one, the {@code outcomeSchema}; the host adds the id.
   */
  CONVERSATION,
  /** Whatever the workflow's author and whoever answers agreed on. */
  CUSTOM
}
