package io.heddle.redaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.heddle.json.Json;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactorTest {

  private static final String JWT =
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";

  private final Redactor redactor = new Redactor();

  static Stream<Arguments> secrets() {
    // Put together here, for scanners of source code know these shapes too.
    String letters = "Zq9".repeat(12);
    return Stream.of(
        Arguments.of("use %s now", "sk-" + letters),
        Arguments.of("use %s!", "sk-ant-api03-" + letters),
        Arguments.of("(%s), which", "sk-proj-" + letters + "_" + letters),
        Arguments.of("key=%s", "AIza" + letters),
        Arguments.of("%s", "AKIA" + "ABCDEFGHIJKLMNOP"),
        Arguments.of("%s and more", "gh" + "p_" + letters),
        Arguments.of("\"%s\"", "github" + "_pat_" + letters),
        Arguments.of("<%s>", "xox" + "b-1234567890-" + letters),
        Arguments.of("%s", "sk" + "_live_" + letters),
        Arguments.of("%s", "whsec" + "_" + letters),
        Arguments.of("%s", "hk" + "_dev_" + letters),
        Arguments.of("%s", "cred_" + "CANARY-openwop-CONFORMANCE-NEVER-SECRET-1"),
        Arguments.of("see %s please", "secret:" + "vault/production/database"),
        Arguments.of("token %s here", JWT),
        Arguments.of("unsigned %s", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."),
        Arguments.of("header Authorization: Bearer %s", "abc123def456"),
        Arguments.of("bearer\t%s", "mF_9.B5f-4.1JqM"),
        Arguments.of("Authorization: Basic %s", "dXNlcjpwYXNz"),
        Arguments.of("curl -H 'authorization: %s'", "abcdefghijkl"),
        Arguments.of("api_key=%s&x=1", "abcdefgh"),
        Arguments.of("{\"apiKey\": \"%s\"}", "abcdefgh"),
        Arguments.of("{\\\"api-key\\\":\\\"%s", "abcdefgh"),
        Arguments.of("password: %s", "hunter22"),
        Arguments.of("client_secret = '%s'", "abcdef"),
        Arguments.of("my_secret=%s", "abcdef"),
        Arguments.of("postgres://user:%s@db/x", "p4ssw0rd"),
        Arguments.of(
            "a %s b",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"),
        Arguments.of("cut off: %s", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg"));
  }

  @ParameterizedTest
  @MethodSource("secrets")
  void theSecretIsGoneAndItsSurroundingsStay(String text, String secret) {
    String redacted = redactor.redact(text.formatted(secret));

    assertThat(redacted).isEqualTo(text.formatted(Redactor.MARK));
    assertThat(redactor.redact(redacted)).isEqualTo(redacted);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Use the second paragraph; it is shorter.",
        "task-force-one-two-three-four is done",
        "a risk-based approach, disk-to-disk-to-disk",
        "The bearer of this letter, a basic understanding-of-things",
        "secretary: present; passwords are asked for twice",
        "see https://example.org:8443/path?x=1 and mailto:someone@example.org",
        "the api key was rotated, the token count was 12345678",
        "eyJ is how they begin",
        "sk-learn",
        "AKIA",
        "2026-01-01T00:00:00Z run-01hzz3k8m2p4q6r8s0t2v4w6x8",
      })
  void whatIsNoSecretStays(String text) {
    assertThat(redactor.redact(text)).isEqualTo(text);
  }

  @Test
  @Timeout(value = 30, unit = TimeUnit.SECONDS)
  void timeGrowsWithTheTextAndNoFaster() {
    for (String piece :
        List.of(
            "eyJ",
            "eyJ-",
            "eyJa.",
            "sk-",
            "sk-a ",
            "-----BEGIN A-----",
            "-----BEGIN ",
            "bearer ",
            "bearer a",
            "basic\t\t\t",
            "secret",
            "secret:",
            "secret=\"",
            "authorization:",
            "authorization: aaaaaaaaaaaaaaaa ",
            "a://b:",
            "a://",
            "://:@",
            "A",
            "a.",
            "\n")) {
      String text = piece.repeat(100_000 / piece.length());
      assertThatCode(() -> redactor.redact(text)).as(piece).doesNotThrowAnyException();
    }
  }

  @Test
  void aDocumentLosesWhateverMentionsASecret() {
    Object document =
        Json.parse(
            """
            {"count": 3, "plain": "text", "none": null, "yes": true,
             "apiKey": "x", "Client-Secret": 1, "nested": {"secretName": 1, "kept": ["a", "is sk-1"]},
             "header": "Bearer x", "task-1": "this goes too"}
            """);

    Object kept = redactor.withoutMentions(document);

    assertThat(Json.write(kept))
        .isEqualTo(
            """
            {"count":3,"plain":"text","none":null,"yes":true,\
            "nested":{"kept":["a","[REDACTED]"]},"header":"[REDACTED]"}""");
    assertThat(Json.write(kept))
        .doesNotContainPattern(
            Pattern.compile("sk-|api[_-]?key|secret|bearer\\s", Pattern.CASE_INSENSITIVE));
    assertThat(redactor.withoutMentions(Map.of("a", List.of()))).isEqualTo(Map.of("a", List.of()));
  }
}
