package io.heddle.workflow;

/** What must have become of an edge's source before its target may start. */
public enum TriggerRule {
  /** Every source succeeded. */
  ALL_SUCCESS,
  /** At least one source succeeded. */
  ANY_SUCCESS,
  /** Every source came to an end, whichever it was. */
  ALL_COMPLETE,
  /** No source failed. */
  NONE_FAILED,
  /** At least one source failed. */
  ANY_FAILED
}
