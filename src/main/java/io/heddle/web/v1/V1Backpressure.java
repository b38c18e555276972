package io.heddle.web.v1;

import io.heddle.json.Json;
import java.util.Map;

/**
 * How this host behaves at capacity, as a part of its claim to the production profile. Values are
 * those it enforces; without a cap nothing is claimed, the profile included.
 *
 * @param inFlightCap how many requests are served at the same time; 0 for any number
 * @param retryAfterSeconds what a refused caller is told to wait
 */
public record V1Backpressure(int inFlightCap, int retryAfterSeconds) implements V1Capability {

  @Override
  public String family() {
    return "production";
  }

  @Override
  public Map<String, Object> members() {
    return inFlightCap == 0
        ? Map.of()
        : Map.of(
            "supported",
            true,
            "backpressure",
            Json.members(
                "supported",
                true,
                "inflightCap",
                inFlightCap,
                "retryAfterSeconds",
                retryAfterSeconds));
  }
}
