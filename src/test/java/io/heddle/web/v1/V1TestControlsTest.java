package io.heddle.web.v1;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.v1.V1TestControls.Range;
import java.util.Map;
import org.junit.jupiter.api.Test;

class V1TestControlsTest {

  @Test
  void aHostThatForcesNothingClaimsNothing() {
    assertThat(new V1TestControls(null).members()).isEmpty();
    assertThat(new V1TestControls(new Range(1, 3)).members())
        .isEqualTo(Map.of("forceEngineVersionRange", Map.of("min", 1, "max", 3)));
  }
}
