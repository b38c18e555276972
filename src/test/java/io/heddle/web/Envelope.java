package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What every refusal looks like: {@code {error, message, details?}}, and nothing shows through. */
final class Envelope {

  /** Names of classes, frames of a stack, words of SQL, names of products. */
  private static final Pattern INSIDE =
      Pattern.compile(
          "(?i)exception|\\bat [a-z]+\\.|\\b(java|jakarta|org|com|io|tools)\\.[a-z]+\\.|\\bselect\\b"
              + "|\\binsert\\b|postgres|tomcat|spring|jackson|hikari|catalina");

  private Envelope() {}

  /**
   * @param code null if any will do
   */
  static void assertRefused(Answer answer, int status, @Nullable String code) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(status);
    assertThat(answer.header("content-type")).isEqualTo("application/json");
    JsonNode envelope = answer.json();
    assertThat(envelope.isObject()).isTrue();
    assertThat(envelope.propertyNames()).isSubsetOf("error", "message", "details");
    assertThat(envelope.get("error").isString()).isTrue();
    assertThat(envelope.get("message").isString()).isTrue();
    assertThat(envelope.get("message").asString()).isNotBlank();
    if (envelope.has("details")) {
      assertThat(envelope.get("details").isObject()).isTrue();
    }
    if (code == null) {
      assertThat(envelope.get("error").asString()).matches("[a-z][a-z_]*");
    } else {
      assertThat(envelope.get("error").asString()).isEqualTo(code);
    }
    assertThat(answer.text()).doesNotContainPattern(INSIDE);
    assertNoSecret(answer);
  }

  static void assertNoSecret(Answer answer) {
    for (TestHost.Key key : TestHost.Key.values()) {
      assertThat(answer.toString()).doesNotContain(key.secret());
    }
  }
}
