package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.web.TestHost.Key;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.context.SmartLifecycle;

/** Spring stops and restarts the contexts it keeps for an embedding application's tests. */
class AHostIsStartedAgainTest {

  @Test
  void executesRunsAfterAStopAndAStart() {
    try (TestHost host = TestHost.start()) {
      SmartLifecycle lifecycle = host.bean("heddleLifecycle", SmartLifecycle.class);

      for (int round = 0; round < 2; round++) {
        lifecycle.stop();
        assertThat(lifecycle.isRunning()).isFalse();
        String accepted = host.as(Key.ACME).startRun("conformance-noop");
        assertThat(host.as(Key.ACME).status(accepted)).isEqualTo("pending");

        lifecycle.start();

        await()
            .atMost(Duration.ofSeconds(40))
            .untilAsserted(
                () -> assertThat(host.as(Key.ACME).status(accepted)).isEqualTo("completed"));
      }
    }
  }
}
