package io.heddle.metrics;

import io.heddle.webhook.DeliveryListener;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts what this node's attempts to deliver came to. Thread-safe. */
public final class DeliveryMeters implements DeliveryListener, MeterBinder {

  private final Map<Outcome, LongAdder> attempts = new EnumMap<>(Outcome.class);

  public DeliveryMeters() {
    for (Outcome outcome : Outcome.values()) {
      attempts.put(outcome, new LongAdder());
    }
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    attempts.forEach(
        (outcome, count) ->
            FunctionCounter.builder("heddle.webhook.attempts", count, LongAdder::doubleValue)
                .description("Attempts of this node to deliver events to webhooks")
                .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                .register(registry));
  }

  @Override
  public void attempted(Outcome outcome) {
    LongAdder count = attempts.get(outcome);
    if (count != null) {
      count.increment();
    }
  }
}
