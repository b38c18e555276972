package io.heddle.effect;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.tenancy.Tenant;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogicalEffectTest {

  private static final Execution CHARGE =
      new Execution(new Tenant("acme"), "run-01k9h2v3c4d5e6f7g8h9jkmnpq", 1, "charge", 0, 0, 0);

  @Test
  void isKnownByTheDigestOfItsPlace() {
    // Computed by hand: printf 'openwop:activity:v2\0acme\0run-…' | sha256, in base64url.
    assertThat(LogicalEffect.of(CHARGE, 0, "stripe:create-charge").invocationId())
        .isEqualTo("D75WwGmsrGxaCylG4CA2hhQ_6CXDhYCsqVURLSuCpIE");
    assertThat(
            LogicalEffect.of(
                    new Execution(CHARGE.tenant(), CHARGE.runId(), 7, "chärge\u2028", 2, 1, 3),
                    12,
                    "mail:send")
                .invocationId())
        .isEqualTo("Cs19vGnf6LnmuHZeMtc2vULxmepuyW8uADoBGoPB3TQ");
  }

  @Test
  void isTheSameHoweverOftenItIsTried() {
    Execution later = new Execution(CHARGE.tenant(), CHARGE.runId(), 9, "charge", 4, 0, 2);

    assertThat(LogicalEffect.of(later, 3, "k")).isEqualTo(LogicalEffect.of(CHARGE, 3, "k"));
  }

  @Test
  void isAnotherWhereverAnyOfItDiffers() {
    assertThat(
            List.of(
                LogicalEffect.of(CHARGE, 0, "k"),
                LogicalEffect.of(CHARGE, 1, "k"),
                LogicalEffect.of(CHARGE, 0, "l"),
                LogicalEffect.of(
                    new Execution(new Tenant("globex"), CHARGE.runId(), 1, "charge", 0, 0, 0),
                    0,
                    "k"),
                LogicalEffect.of(
                    new Execution(CHARGE.tenant(), "run-other", 1, "charge", 0, 0, 0), 0, "k"),
                LogicalEffect.of(
                    new Execution(CHARGE.tenant(), CHARGE.runId(), 1, "refund", 0, 0, 0), 0, "k")))
        .extracting(LogicalEffect::invocationId)
        .doesNotHaveDuplicates();
  }
}
