package io.heddle.engine.node;

import io.heddle.json.Json;
import io.heddle.spi.ChannelException;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.conversationGate}: waits while people and other systems converse, and completes with
 * the outcome once somebody closes the conversation [interrupt.md §Conversation]. All turns go to
 * the channel {@code conversation}, if the workflow has it.
 */
public final class ConversationGateNode implements NodeExecutor {

  /** The type id of this node. */
  public static final String TYPE = "core.conversationGate";

  private static final String CHANNEL = "conversation";

  private static final String LIFECYCLE = "open-exchange-close";

  private static final int MOST_MOCK_TURNS = 100;

  private final boolean mocks;

  /**
   * @param mocks whether a definition may let the host converse with itself, as conformance tests
   *     want it to
   */
  public ConversationGateNode(boolean mocks) {
    this.mocks = mocks;
  }

  @Override
  public String typeId() {
    return TYPE;
  }

  @Override
  public boolean pure() {
    return true;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    config.forEach(
        (member, value) -> {
          String fault =
              switch (member) {
                case "lifecycle" -> LIFECYCLE.equals(value) ? null : "must be " + LIFECYCLE;
                case "prompt" -> GateConfig.text(value, 4_096);
                case "outcomeSchema" -> SchemaFaults.of(value);
                case "timeoutMs" -> GateConfig.timeout(value);
                case "mockAutoResume" -> mockFault(value);
                case "turnCount" ->
                    value instanceof Integer count && count >= 1 && count <= MOST_MOCK_TURNS
                        ? null
                        : "must be an integer from 1 to " + MOST_MOCK_TURNS;
                default -> GateConfig.UNKNOWN;
              };
          if (fault != null) {
            faults.put(Json.pointer("", member), fault);
          }
        });
    boolean mocked = Boolean.TRUE.equals(config.get("mockAutoResume"));
    if (config.containsKey("turnCount") && !mocked) {
      faults.put("/turnCount", "is for conversations with mockAutoResume only");
    }
    if (config.containsKey("outcomeSchema") && mocked) {
      faults.put("/outcomeSchema", "cannot be met by mockAutoResume");
    }
    return faults;
  }

  private @Nullable String mockFault(@Nullable Object value) {
    if (!(value instanceof Boolean wanted)) {
      return "must be a boolean";
    }
    return wanted && !mocks ? "can be true on hosts under test only" : null;
  }

  @Override
  public NodeResult execute(NodeContext context) {
    Resumption resumption = context.resumption();
    if (resumption == null) {
      Map<String, @Nullable Object> data = new LinkedHashMap<>();
      data.put("prompt", context.config().getOrDefault("prompt", "What is there to say?"));
      if (context.config().containsKey("outcomeSchema")) {
        data.put("outcomeSchema", context.config().get("outcomeSchema"));
      }
      return NodeResult.suspended(
          new InterruptRequest(
              InterruptKind.CONVERSATION, data, null, GateConfig.timeout(context.config())));
    }
    if (resumption.timedOut()) {
      return NodeResult.failed("interrupt_timeout", "Nobody closed the conversation in time");
    }
    record(context, resumption.turns());
    Map<String, @Nullable Object> outputs = new LinkedHashMap<>();
    outputs.put("outcome", resumption.value() instanceof Map<?, ?> end ? end.get("outcome") : null);
    // All but the first and the last were exchanged.
    outputs.put("turnCount", Math.max(0, resumption.turns().size() - 2));
    return NodeResult.completed(outputs);
  }

  private static void record(NodeContext context, List<Map<String, @Nullable Object>> turns) {
    try {
      turns.forEach(turn -> context.channels().write(CHANNEL, turn));
    } catch (ChannelException e) {
      if (!e.code().equals("heddle.channel_unknown")) {
        throw e;
      }
    }
  }
}
