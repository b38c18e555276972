package io.heddle.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * The runs of this node, and the queue of all nodes.
 *
 * @param executing how many runs this node executes
 * @param claimed how many runs this node has claimed
 * @param refused how many runs this node has refused because too many wait
 * @param waiting how many runs wait for a slot of any node, counted up to a limit
 */
public record RunMeters(
    IntSupplier executing, LongSupplier claimed, LongSupplier refused, IntSupplier waiting)
    implements MeterBinder {

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("heddle.runs.executing", executing::getAsInt)
        .description("Runs this node executes")
        .register(registry);
    Gauge.builder("heddle.runs.waiting", waiting::getAsInt)
        .description("Runs that wait for a slot of any node, at most a second ago")
        .register(registry);
    FunctionCounter.builder("heddle.runs.claimed", claimed, LongSupplier::getAsLong)
        .description("Runs this node has claimed, without those it accepted and executed itself")
        .register(registry);
    FunctionCounter.builder("heddle.runs.refused", refused, LongSupplier::getAsLong)
        .description("Runs this node has refused because too many wait")
        .register(registry);
  }
}
