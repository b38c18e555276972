package io.heddle.metrics;

import io.heddle.audit.Refusals;
import io.heddle.audit.Sealer;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/** How far the audit log is behind, and what this node did about it. */
public final class AuditMeters implements MeterBinder {

  private final Sealer sealer;

  private final Refusals refusals;

  public AuditMeters(Sealer sealer, Refusals refusals) {
    this.sealer = sealer;
    this.refusals = refusals;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("heddle.audit.unsealed", sealer, it -> it.backlog().unsealed())
        .description("Recorded audit entries of all nodes that are in no chain yet, 100000 at most")
        .register(registry);
    Gauge.builder(
            "heddle.audit.unanchored.age",
            sealer,
            it -> it.backlog().unanchored().toMillis() / 1_000.0)
        .description("How long the longest waiting audit entry has been without a checkpoint")
        .baseUnit("seconds")
        .register(registry);
    FunctionCounter.builder("heddle.audit.sealed", sealer, Sealer::sealed)
        .description("Audit entries that this node has sealed")
        .register(registry);
    FunctionCounter.builder("heddle.audit.failures", sealer, Sealer::failures)
        .description("How often this node could not seal the audit log")
        .register(registry);
    FunctionCounter.builder("heddle.audit.refusals.uncounted", refusals, Refusals::uncounted)
        .description("Refused requests that are not in the audit log: too many callers in a minute")
        .register(registry);
  }
}
