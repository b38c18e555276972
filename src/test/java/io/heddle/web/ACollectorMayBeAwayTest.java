package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.testkit.OtlpCollector;
import io.heddle.web.TestHost.Key;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whether telemetry arrives makes no difference to runs. */
@ExtendWith(TestHost.Shared.class)
@Timeout(120)
class ACollectorMayBeAwayTest {

  @Test
  void andRunsGoOn(TestHost shared) {
    OtlpCollector collector = OtlpCollector.start();
    String endpoint = collector.endpoint();
    collector.close();
    try (TestHost host =
        TestHost.start(
            "--spring.datasource.url=" + shared.createDatabase("untraced"),
            "--spring.datasource.username=postgres",
            "--openwop.telemetry.endpoint=" + endpoint)) {
      Caller acme = host.as(Key.ACME);
      for (int i = 0; i < 20; i++) {
        String run = acme.startRun("conformance-noop");
        acme.log(run);
        assertThat(acme.status(run)).isEqualTo("completed");
      }

      await("the count of what is lost")
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(acme.get("/actuator/prometheus").text())
                      .containsPattern("(?m)^heddle_telemetry_dropped_total(\\{})? 20.0$"));
    }
  }
}
