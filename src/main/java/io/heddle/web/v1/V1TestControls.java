package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.spi.Principal;
import io.heddle.web.ErrorCode;
import io.heddle.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What only test credentials may ask of a new run [version-negotiation §Conformance via
 * X-Force-Engine-Version, run-options §Mock provider]. Refused rather than ignored: a production
 * caller that sends one of these believes in something that would not happen.
 *
 * @param forcible which engine versions a test may force; null where no tests are run
 */
public record V1TestControls(@Nullable Range forcible) implements V1Capability {

  private static final String RANGE = "forceEngineVersionRange";

  /** Engine versions from {@code min} to {@code max}. */
  public record Range(int min, int max) {

    private boolean holds(String version) {
      try {
        int number = Integer.parseInt(version);
        return number >= min && number <= max;
      } catch (NumberFormatException e) {
        return false;
      }
    }

    private Map<String, @Nullable Object> document() {
      return Json.members("min", min, "max", max);
    }
  }

  @Override
  public String family() {
    return "testing";
  }

  @Override
  public Map<String, Object> members() {
    return forcible == null ? Map.of() : Map.of(RANGE, forcible.document());
  }

  /**
   * Refuses a request for a run that asks for more than its caller may.
   *
   * @throws Problem if it does
   */
  void check(HttpServletRequest request, Principal caller, Map<String, @Nullable Object> body) {
    String version = request.getHeader("X-Force-Engine-Version");
    if (version != null) {
      checkForced(version.strip(), caller);
    }
    if (body.get("configurable") instanceof Map<?, ?> configurable
        && configurable.get("mockProvider") != null) {
      throw caller.test()
          ? new Problem(
              ErrorCode.UNSUPPORTED_MOCK_PROVIDER, "This host has no mock provider of this id")
          : new Problem(
              ErrorCode.MOCK_PROVIDER_FORBIDDEN, "Mock providers are for test credentials only");
    }
  }

  // There has been one version of the engine so far: one that may be forced is the one that runs.
  private void checkForced(String version, Principal caller) {
    if (!caller.test()) {
      throw new Problem(
          ErrorCode.FORCE_ENGINE_VERSION_FORBIDDEN,
          "X-Force-Engine-Version is for test credentials only");
    }
    if (forcible == null) {
      throw new Problem(
          ErrorCode.UNSUPPORTED_FORCE_ENGINE_VERSION, "This host does not force engine versions");
    }
    if (!forcible.holds(version)) {
      throw new Problem(
          ErrorCode.UNSUPPORTED_FORCE_ENGINE_VERSION,
          "X-Force-Engine-Version must be an integer from %d to %d"
              .formatted(forcible.min(), forcible.max()),
          Map.of(RANGE, forcible.document()));
    }
  }
}
