package io.heddle.web.v1;

import io.heddle.json.Json;
import java.time.Duration;
import java.util.Map;

/**
 * The claim to the production profile, which stands only as a whole: a host that serves any number
 * of requests at once, or that is for development and may forget its runs early, claims nothing.
 * Every value is the one that is enforced.
 *
 * @param inFlightCap how many requests are served at the same time; 0 for any number
 * @param retryAfterSeconds what a refused caller is told to wait
 * @param window how long a run is kept after its end
 * @param development whether the host is for development only
 * @param testForceExpire whether a conformance suite can end the retention of its runs
 */
public record V1Production(
    int inFlightCap,
    int retryAfterSeconds,
    Duration window,
    boolean development,
    boolean testForceExpire)
    implements V1Capability {

  @Override
  public String family() {
    return "production";
  }

  @Override
  public Map<String, Object> members() {
    if (inFlightCap == 0 || development) {
      return Map.of();
    }
    return Map.of(
        "supported",
        true,
        "backpressure",
        Json.members(
            "supported", true, "inflightCap", inFlightCap, "retryAfterSeconds", retryAfterSeconds),
        "retention",
        Json.members(
            "supported",
            true,
            "minWindowSeconds",
            window.toSeconds(),
            "testForceExpire",
            testForceExpire),
        "debugBundle",
        Json.members("supported", true, "truncationMetadata", true));
  }
}
