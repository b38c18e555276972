package io.heddle.engine.node;

import io.heddle.channel.Reducer;
import io.heddle.json.Json;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.channelWrite}: writes the input {@code value}, or else {@code value} of the
 * configuration, to the channel {@code channelName}. If the workflow does not declare that channel,
 * {@code reducer} ({@code replace} by default) and {@code ttlMs} say what it is.
 */
public final class ChannelWriteNode implements NodeExecutor {

  private static final String CHANNEL_NAME = "channelName";

  private static final String REDUCER = "reducer";

  private static final String TTL_MS = "ttlMs";

  private static final String VALUE = "value";

  private static final Set<String> KNOWN = Set.of(CHANNEL_NAME, REDUCER, TTL_MS, VALUE);

  private static final int LONGEST_NAME = 256;

  private static final long LONGEST_TTL_MS = 31_536_000_000L;

  @Override
  public String typeId() {
    return "core.channelWrite";
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    if (!(config.get(CHANNEL_NAME) instanceof String name)
        || name.isEmpty()
        || name.codePointCount(0, name.length()) > LONGEST_NAME) {
      faults.put(
          "/" + CHANNEL_NAME, "must be a string of 1 to %d characters".formatted(LONGEST_NAME));
    }
    if (config.containsKey(REDUCER) && Reducer.named(config.get(REDUCER)).isEmpty()) {
      faults.put("/" + REDUCER, "must be a reducer of this host");
    }
    if (config.containsKey(TTL_MS) && !isTtl(config.get(TTL_MS))) {
      faults.put("/" + TTL_MS, "must be an integer from 0 to " + LONGEST_TTL_MS);
    }
    for (String member : config.keySet()) {
      if (!KNOWN.contains(member)) {
        faults.put(Json.pointer("", member), "is not executed by this host");
      }
    }
    return faults;
  }

  @Override
  public NodeResult execute(NodeContext context) {
    Map<String, @Nullable Object> from =
        context.inputs().containsKey(VALUE) ? context.inputs() : context.config();
    if (!from.containsKey(VALUE)) {
      return NodeResult.failed(
          "node_config_invalid", "The node has neither an input nor a configured value to write");
    }
    context.channels().write(String.valueOf(context.config().get(CHANNEL_NAME)), from.get(VALUE));
    return NodeResult.completed();
  }

  private static boolean isTtl(@Nullable Object value) {
    if (!(value instanceof Number number)) {
      return false;
    }
    BigDecimal millis = new BigDecimal(number.toString()).stripTrailingZeros();
    return millis.scale() <= 0
        && millis.signum() >= 0
        && millis.compareTo(BigDecimal.valueOf(LONGEST_TTL_MS)) <= 0;
  }
}
