package io.heddle.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * The requests of this node.
 *
 * @param inFlight how many are being served, open streams and waiting polls among them
 * @param refusedAtCap how many were refused because too many were in flight
 * @param refusedByRate how many were refused because they came too often
 */
public record RequestMeters(
    IntSupplier inFlight, LongSupplier refusedAtCap, LongSupplier refusedByRate)
    implements MeterBinder {

  private static final String REFUSED = "heddle.requests.refused";

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("heddle.requests.in.flight", inFlight::getAsInt)
        .description("Requests being served, open streams and waiting polls among them")
        .register(registry);
    refused(registry, "in-flight", refusedAtCap);
    refused(registry, "rate", refusedByRate);
  }

  private static void refused(MeterRegistry registry, String reason, LongSupplier count) {
    FunctionCounter.builder(REFUSED, count, LongSupplier::getAsLong)
        .tag("reason", reason)
        .description("Requests refused because of the load")
        .register(registry);
  }
}
