package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who calls too often is told when to come back; nobody else notices. */
@Timeout(180)
@ExtendWith(TestHost.Shared.class)
class CallersAreLimitedInTheirRateTest {

  private static final int PER_KEY = 4;

  private static TestHost host;

  @BeforeAll
  static void start(TestHost shared) {
    host =
        TestHost.start(
            "--spring.datasource.url=" + shared.createDatabase("of_a_rated_host"),
            "--openwop.rate-limit.per-key=" + PER_KEY,
            // Nothing comes back while the test runs.
            "--openwop.rate-limit.period=10h");
  }

  @AfterAll
  static void stop() {
    host.close();
  }

  @Test
  void aRefusalTellsWhatWasCountedAndWhenToComeBack() {
    for (int i = 0; i < PER_KEY; i++) {
      // The keys of a holder are counted together.
      Key key = i % 2 == 0 ? Key.ACME : Key.ACME_SECOND;
      assertThat(host.as(key).get("/v1/runs/unknown").status()).isEqualTo(404);
    }

    Answer refused = host.as(Key.ACME).get("/v1/runs/unknown");

    Envelope.assertRefused(refused, 429, "rate_limited");
    var details = refused.json().get("details");
    assertThat(details.get("scope").asString()).isEqualTo("key");
    assertThat(details.get("limit").asInt()).isEqualTo(PER_KEY);
    long header = Long.parseLong(refused.header("retry-after"));
    assertThat(header).isBetween(1L, 9_000L);
    assertThat(header * 1_000 - details.get("retryAfterMs").asLong()).isBetween(0L, 999L);
    assertThat(host.as(Key.ACME_SECOND).get("/v1/runs/unknown").status()).isEqualTo(429);
    assertThat(host.as(Key.GLOBEX).get("/v1/runs/unknown").status()).isEqualTo(404);
    for (int i = 0; i < 3 * PER_KEY; i++) {
      assertThat(host.anonymous().get("/.well-known/openwop").status()).isEqualTo(200);
      assertThat(host.anonymous().get("/v1/runs/unknown").status()).isEqualTo(401);
    }
    // Its callers pay for it at other times; scraping goes on.
    assertThat(host.as(Key.ACME).get("/actuator/prometheus").text())
        .containsPattern("heddle_requests_refused_total\\{.*reason=\"rate\".*} [23]\\.0")
        .contains("heddle_requests_in_flight", "heddle_runs_waiting", "heddle_runs_claimed_total");
  }
}
