package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.heddle.spi.Principal;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RateLimitsTest {

  private static final Duration LONG = Duration.ofDays(1);

  @Test
  void theCallersOfATenantAreCountedTogether() {
    RateLimits rates = new RateLimits(3, 4, LONG);
    for (int i = 0; i < 2; i++) {
      rates.count(principal("acme", "alice"));
      rates.count(principal("acme", "bob"));
    }

    assertThatExceptionOfType(Problem.class)
        .isThrownBy(() -> rates.count(principal("acme", "carol")))
        .satisfies(
            refusal ->
                assertThat(refusal.details())
                    .containsEntry("scope", "tenant")
                    .containsEntry("limit", 4L));
    assertThatCode(() -> rates.count(principal("globex", "alice"))).doesNotThrowAnyException();
    assertThat(rates.refused()).isEqualTo(1);
  }

  @Test
  void whatTheTenantUsedUpIsNotTheCallers() {
    RateLimits rates = new RateLimits(1, 1, LONG);
    rates.count(principal("acme", "alice"));

    for (int i = 0; i < 3; i++) {
      assertThatExceptionOfType(Problem.class)
          .isThrownBy(() -> rates.count(principal("acme", "bob")))
          .satisfies(refusal -> assertThat(refusal.details()).containsEntry("scope", "tenant"));
    }
  }

  @Test
  void withoutLimitsNothingIsCounted() {
    RateLimits rates = new RateLimits(0, 0, LONG);
    for (int i = 0; i < 10_000; i++) {
      rates.count(principal("acme", "alice"));
    }
    assertThat(rates.refused()).isZero();
  }

  @Test
  void onlySoManyCallersAreRemembered() {
    RateLimits rates = new RateLimits(1, 0, LONG);
    rates.count(principal("acme", "first"));
    assertThatExceptionOfType(Problem.class)
        .isThrownBy(() -> rates.count(principal("acme", "first")));

    for (int i = 0; i < 10_000; i++) {
      rates.count(principal("acme", "caller-" + i));
    }

    assertThatCode(() -> rates.count(principal("acme", "first"))).doesNotThrowAnyException();
  }

  @Test
  void whatNobodyCanMeanIsRefused() {
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> new RateLimits(-1, 0, LONG));
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> new RateLimits(0, 0, Duration.ZERO));
  }

  private static Principal principal(String tenant, String id) {
    return new Principal(tenant, id, "urn:test", "api-key", "user", Set.of(), false);
  }
}
