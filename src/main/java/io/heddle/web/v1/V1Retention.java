package io.heddle.web.v1;

import java.time.Duration;
import java.util.Map;

/**
 * What a host claims of its retention [production-profile §Event retention], as a part of the claim
 * of the whole profile.
 *
 * @param window how long a run is kept after its end
 * @param development whether the host is for development only, which claims nothing
 * @param testForceExpire whether a conformance suite can end the retention of its runs
 */
public record V1Retention(Duration window, boolean development, boolean testForceExpire)
    implements V1Capability {

  @Override
  public String family() {
    return "production";
  }

  @Override
  public Map<String, Object> members() {
    return development
        ? Map.of()
        : Map.of(
            "retention",
            Map.of(
                "supported",
                true,
                "minWindowSeconds",
                window.toSeconds(),
                "testForceExpire",
                testForceExpire));
  }
}
