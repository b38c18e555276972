package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.testkit.EndedRuns;
import io.heddle.web.TestHost.Key;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith({TestHost.Shared.class, OutputCaptureExtension.class})
class RunsAreKeptForAsLongAsTheHostSaysTest {

  @Test
  void aHostThatWouldKeepRunsForTooShortDoesNotStart(TestHost shared, CapturedOutput output) {
    String url = shared.createDatabase("of_a_forgetful_host");

    assertThatThrownBy(
            () ->
                TestHost.start("--spring.datasource.url=" + url, "--openwop.retention.window=167h"))
        .hasRootCauseMessage("openwop.retention.window must be at least 7 days.");

    assertThat(output)
        .contains(
            "\nopenwop.retention.window must be at least 7 days.\n",
            "\nSet it higher, or set openwop.retention.development=true on a host for development only.");
  }

  @Test
  void aHostForDevelopmentMayForgetSoonerAndDoesSoByItself(TestHost shared) {
    String url = shared.createDatabase("of_a_host_for_development");
    try (TestHost host =
        TestHost.start(
            "--spring.datasource.url=" + url,
            "--openwop.retention.development=true",
            "--openwop.retention.window=1h",
            "--openwop.retention.interval=50ms")) {
      Caller acme = host.as(Key.ACME);
      String old = acme.startRun("conformance-noop");
      String young = acme.startRun("conformance-noop");
      acme.log(old);
      acme.log(young);

      EndedRuns.age(host.database(), old, Duration.ofHours(2));

      await("the run to expire").until(() -> acme.get("/v1/runs/" + old).status() == 410);
      assertThat(acme.status(young)).isEqualTo("completed");
      assertThat(acme.get("/actuator/prometheus").text())
          .containsPattern("heddle_retention_deleted_total\\{kind=\"run\"} 1\\.0")
          .containsPattern("heddle_retention_failures_total 0\\.0");
    }
  }
}
