package io.heddle.engine.node;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.delay}: succeeds after a time. The time is the input {@code delayMs}, or else {@code
 * ms} or {@code durationMs} of the configuration, in milliseconds from 0 to 365 days; without any
 * of them the node succeeds at once.
 */
public final class DelayNode implements NodeExecutor {

  private static final String INPUT = "delayMs";

  private static final List<String> CONFIG = List.of("ms", "durationMs");

  private static final long MAX_MILLIS = Duration.ofDays(365).toMillis();

  private static final String RANGE = "must be a number of milliseconds from 0 to " + MAX_MILLIS;

  @Override
  public String typeId() {
    return "core.delay";
  }

  @Override
  public boolean pure() {
    return true;
  }

  // Its manifest in the public registry says so; a replay has waited before.
  @Override
  public boolean sideEffecting() {
    return true;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    for (String member : CONFIG) {
      if (config.containsKey(member) && millis(config.get(member)).isEmpty()) {
        faults.put("/" + member, RANGE);
      }
    }
    return faults;
  }

  @Override
  public NodeResult execute(NodeContext context) {
    if (context.wakeups() > 0) {
      return NodeResult.completed();
    }
    Optional<Long> millis = millis(delay(context));
    if (millis.isEmpty()) {
      return NodeResult.failed("node_config_invalid", "The delay " + RANGE);
    }
    return millis.get() == 0
        ? NodeResult.completed()
        : NodeResult.parked(Duration.ofMillis(millis.get()));
  }

  private static @Nullable Object delay(NodeContext context) {
    if (context.inputs().get(INPUT) != null) {
      return context.inputs().get(INPUT);
    }
    for (String member : CONFIG) {
      if (context.config().get(member) != null) {
        return context.config().get(member);
      }
    }
    return 0;
  }

  private static Optional<Long> millis(@Nullable Object value) {
    if (!(value instanceof Number number)) {
      return Optional.empty();
    }
    double millis = new BigDecimal(number.toString()).doubleValue();
    return millis >= 0 && millis <= MAX_MILLIS
        ? Optional.of((long) Math.ceil(millis))
        : Optional.empty();
  }
}
