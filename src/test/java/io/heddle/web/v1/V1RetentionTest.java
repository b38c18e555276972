package io.heddle.web.v1;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class V1RetentionTest {

  @Test
  void theWindowIsClaimedAsItIs() {
    V1Retention retention = new V1Retention(Duration.ofDays(30), false, false);

    assertThat(retention.family()).isEqualTo("production");
    assertThat(retention.members())
        .isEqualTo(
            Map.of(
                "retention",
                Map.of(
                    "supported", true, "minWindowSeconds", 2_592_000L, "testForceExpire", false)));
  }

  @Test
  void aHostForDevelopmentClaimsNothing() {
    assertThat(new V1Retention(Duration.ofDays(30), true, true).members()).isEmpty();
    assertThat(new V1Retention(Duration.ofMinutes(1), true, true).members()).isEmpty();
  }
}
