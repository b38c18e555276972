package io.heddle.testkit;

import io.heddle.run.LocalExecution;
import io.heddle.tenancy.Tenant;
import java.util.Optional;

/** A node without slots: what is created here waits for whoever claims it. */
public final class NoSlots implements LocalExecution {

  @Override
  public Optional<Seat> reserve(Tenant tenant) {
    return Optional.empty();
  }

  @Override
  public void lost(String runId) {
    // Nothing is executed here.
  }

  @Override
  public void due() {
    // Nothing is executed here.
  }
}
