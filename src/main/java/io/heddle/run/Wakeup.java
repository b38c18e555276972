package io.heddle.run;

import java.time.Instant;

/** Who looks at a run next, and when. */
public sealed interface Wakeup {

  /** The worker that commits the step goes on and keeps the lease. */
  record KeepLease() implements Wakeup {}

  /** The lease is given up; any host node may take the run from this instant on. */
  record At(Instant instant) implements Wakeup {}

  /** The lease is given up; any host node may take the run at once. */
  record Now() implements Wakeup {}

  /** Whoever would have looked at the run next still does. */
  record AsBefore() implements Wakeup {}

  /** The lease is given up and nothing but an outside event moves the run again. */
  record Never() implements Wakeup {}
}
