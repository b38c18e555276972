package io.heddle.engine;

import java.util.Locale;

/** What became of the runs that a decision started at the same time. */
enum JoinOutcome {
  /** Enough of them completed, and none that ended by then did otherwise. */
  SATISFIED,
  /** Enough of them ended, but not all of those completed. */
  PARTIAL,
  /** There are not enough any more. */
  FAILED;

  String spelled() {
    return name().toLowerCase(Locale.ROOT);
  }
}
