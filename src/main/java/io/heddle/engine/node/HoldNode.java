package io.heddle.engine.node;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.time.Duration;

/**
 * {@code core.conformance.hold}: waits as long as its input {@code delayMs} says, up to a minute.
 * Unlike {@code core.delay} it has no side effect, so a replay waits again if its source did not
 * see the end. For conformance suites; no production host offers it.
 */
public final class HoldNode implements NodeExecutor {

  private static final long LONGEST = 60_000;

  @Override
  public String typeId() {
    return "core.conformance.hold";
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public NodeResult execute(NodeContext context) {
    if (context.wakeups() > 0) {
      return NodeResult.completed();
    }
    return context.inputs().get("delayMs") instanceof Number millis
            && millis.doubleValue() >= 0
            && millis.doubleValue() <= LONGEST
        ? NodeResult.parked(Duration.ofMillis(millis.longValue()))
        : NodeResult.failed("node_config_invalid", "delayMs must be from 0 to " + LONGEST);
  }
}
