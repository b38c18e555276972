package io.heddle.redaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.Canaries;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class PrintableTest {

  @Test
  void aFailureIsPrintedAsItIsButForCredentials() {
    IllegalStateException failure =
        new IllegalStateException(
            "no account for " + Canaries.OPENAI,
            new IllegalArgumentException("password=" + "hunter22 of " + Canaries.JWT));
    failure.addSuppressed(new RuntimeException(Canaries.GOOGLE));

    String printed = printed(Printable.of(failure));

    assertThat(printed)
        .doesNotContain(Canaries.MARKER, "hunter22")
        .startsWith("java.lang.IllegalStateException: no account for [REDACTED]")
        .contains("Caused by: java.lang.IllegalArgumentException: password=[REDACTED] of")
        .contains("Suppressed: java.lang.RuntimeException: [REDACTED]")
        .contains("PrintableTest.aFailureIsPrinted");
    IllegalStateException harmless = new IllegalStateException("no account");
    assertThat(printed(Printable.of(harmless))).isEqualTo(printed(harmless));
  }

  @Test
  void causesThatGoInCirclesEnd() {
    RuntimeException one = new RuntimeException("one");
    RuntimeException two = new RuntimeException("two", one);
    one.initCause(two);

    assertThat(printed(Printable.of(one))).startsWith("java.lang.RuntimeException: one");
  }

  private static String printed(Throwable failure) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text, true));
    return text.toString();
  }
}
