package io.heddle.web.v1;

import io.heddle.metrics.ProtocolMeters;
import io.heddle.telemetry.OtlpEndpoint.Protocol;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is claimed of telemetry, which is nothing as long as it is sent nowhere [observability
 * §Export protocols].
 *
 * @param exported whether it is sent somewhere
 * @param scraped whether {@link V1SpansController} serves it, too
 */
public record V1Telemetry(boolean exported, boolean scraped) implements V1Capability {

  @Override
  public String family() {
    return "observability";
  }

  @Override
  public Map<String, Object> members() {
    if (!exported) {
      return Map.of();
    }
    Map<String, Object> members = new LinkedHashMap<>();
    members.put(
        "otel",
        Map.of(
            "exportProtocols",
            Arrays.stream(Protocol.values()).map(Protocol::spelling).sorted().toList()));
    members.put("metrics", Map.of("supported", true, "names", ProtocolMeters.NAMES));
    if (scraped) {
      members.put("testSeams", Map.of("otelScrape", true));
    }
    return members;
  }
}
