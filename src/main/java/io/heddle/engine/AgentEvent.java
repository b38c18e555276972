package io.heddle.engine;

import io.heddle.run.EventType;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something an agent did.
 *
 * @param callId of the tool call it is about, or null
 */
record AgentEvent(EventType type, Map<String, @Nullable Object> payload, @Nullable String callId) {

  // Holds whatever the agent works on.
  @Override
  public String toString() {
    return "AgentEvent[" + type + "]";
  }
}
