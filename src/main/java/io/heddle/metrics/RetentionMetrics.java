package io.heddle.metrics;

import io.heddle.retention.SweepListener;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts what this node's sweeper deleted, and how often it could not. Thread-safe. */
public final class RetentionMetrics implements SweepListener, MeterBinder {

  private final Map<Kind, LongAdder> deleted = new EnumMap<>(Kind.class);

  private final LongAdder failures = new LongAdder();

  public RetentionMetrics() {
    for (Kind kind : Kind.values()) {
      deleted.put(kind, new LongAdder());
    }
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    deleted.forEach(
        (kind, count) ->
            FunctionCounter.builder("heddle.retention.deleted", count, LongAdder::doubleValue)
                .description("What this node deleted because its time was over")
                .tag("kind", kind.name().toLowerCase(Locale.ROOT))
                .register(registry));
    FunctionCounter.builder("heddle.retention.failures", failures, LongAdder::doubleValue)
        .description("Sweeps of this node that ended early")
        .register(registry);
  }

  @Override
  public void deleted(Kind kind, int count) {
    LongAdder adder = deleted.get(kind);
    if (adder != null) {
      adder.add(count);
    }
  }

  @Override
  public void failed() {
    failures.increment();
  }
}
