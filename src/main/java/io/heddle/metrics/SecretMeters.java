package io.heddle.metrics;

import io.heddle.secret.Resealing;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/** How far a rotation of the master key is. */
public record SecretMeters(Resealing resealing) implements MeterBinder {

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("heddle.secrets.outdated", resealing, Resealing::outdated)
        .description("Secrets in the database that a former master key seals, or none")
        .register(registry);
    Gauge.builder("heddle.secrets.unreadable", resealing, Resealing::unreadable)
        .description("Secrets in the database that no master key of this node opens")
        .register(registry);
    FunctionCounter.builder("heddle.secrets.resealed", resealing, Resealing::resealed)
        .description("Secrets that this node has sealed anew")
        .register(registry);
  }
}
