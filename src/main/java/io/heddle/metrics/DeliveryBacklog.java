package io.heddle.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * What is still to be delivered.
 *
 * @param sending how many webhooks this node is sending to
 * @param oldestDue for how long the delivery of any node that is due the longest has waited
 */
public record DeliveryBacklog(IntSupplier sending, Supplier<Duration> oldestDue)
    implements MeterBinder {

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("heddle.webhook.sending", sending::getAsInt)
        .description("Webhooks this node is sending to")
        .register(registry);
    TimeGauge.builder(
            "heddle.webhook.oldest.due",
            oldestDue,
            TimeUnit.MILLISECONDS,
            supplier -> supplier.get().toMillis())
        .description("How long the oldest delivery that is due has waited, a few seconds ago")
        .register(registry);
  }
}
