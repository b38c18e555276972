package io.heddle.web.v1;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.HandDrivenHost;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class V1DiscoveryTest {

  @Test
  void aFamilyIsTheSumOfWhatItsPartsClaim() {
    Map<String, Object> document =
        document(
            V1Capability.of("restTransport", Map.of("conditionalRunGet", true)),
            V1Capability.of("restTransport", Map.of("contentEncodings", List.of("gzip"))),
            V1Capability.of("feedback", Map.of("supported", true)));

    assertThat(document)
        .containsEntry(
            "restTransport", Map.of("conditionalRunGet", true, "contentEncodings", List.of("gzip")))
        .containsEntry("feedback", Map.of("supported", true));
    assertThat(document.get("capabilities"))
        .isEqualTo(
            document.entrySet().stream()
                .filter(family -> !family.getKey().equals("capabilities"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
  }

  @Test
  void nothingIsClaimedWithoutThePartThatServesIt() {
    assertThat(document(V1Capability.of("testing", Map.of())))
        .doesNotContainKeys("restTransport", "feedback", "testing");
  }

  @Test
  void theProductionProfileIsClaimedAsAWholeAndAsItIsEnforced() {
    Duration month = Duration.ofDays(30);
    assertThat(document(new V1Production(40, 7, month, false, true)))
        .containsEntry(
            "production",
            Map.of(
                "supported",
                true,
                "backpressure",
                Map.of("supported", true, "inflightCap", 40, "retryAfterSeconds", 7),
                "retention",
                Map.of("supported", true, "minWindowSeconds", 2_592_000L, "testForceExpire", true),
                "debugBundle",
                Map.of("supported", true, "truncationMetadata", true)));
    assertThat(document(new V1Production(0, 7, month, false, true)))
        .doesNotContainKey("production");
    assertThat(document(new V1Production(40, 7, month, true, true)))
        .doesNotContainKey("production");
  }

  private static Map<String, Object> document(V1Capability... features) {
    return new V1Discovery(
            "0",
            1,
            2,
            HandDrivenHost.limits(1_000, Duration.ofDays(30)),
            1_000_000,
            86_400,
            List.of(),
            List.of(features))
        .document();
  }
}
