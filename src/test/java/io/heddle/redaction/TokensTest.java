package io.heddle.redaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.heddle.json.Json;
import io.heddle.testkit.Canaries;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {

  static Stream<String> canaries() {
    return Canaries.ALL.stream();
  }

  @ParameterizedTest
  @MethodSource("canaries")
  void theWholeOfATokenIsTaken(String canary) {
    assertThat(Tokens.redacted(canary)).isEqualTo("[REDACTED]");
    assertThat(Tokens.redacted("a " + canary + ", b")).isEqualTo("a [REDACTED], b");
    assertThat(Tokens.redacted("a\n" + canary + "\tb")).isEqualTo("a\n[REDACTED]\tb");
    assertThat(Tokens.redacted("/inputs/" + canary + "/x")).isEqualTo("/inputs/[REDACTED]/x");
    assertThat(Tokens.redacted(canary + " and " + canary)).isEqualTo("[REDACTED] and [REDACTED]");
  }

  @ParameterizedTest
  @MethodSource("canaries")
  void howeverDeepItStandsInJson(String canary) {
    String nested = Json.write(Json.members("text", "two\nlines\n" + canary));
    Map<String, Object> members =
        Json.members(
            "plain",
            1,
            "list",
            List.of("x", Map.of("deep", canary)),
            canary,
            true,
            "nested",
            nested);

    String redacted = Tokens.redactedJson(Json.write(members));

    assertThat(redacted).doesNotContain(Canaries.MARKER).contains("\"plain\":1");
    assertThat(Json.parseObject(redacted))
        .containsKeys("plain", "list", "[REDACTED]", "nested")
        .containsEntry("list", List.of("x", Map.of("deep", "[REDACTED]")));
    assertThat(Tokens.redactedJson(redacted)).isEqualTo(redacted);
  }

  @ParameterizedTest
  @MethodSource("canaries")
  void behindAnyEscapeOfJson(String canary) {
    for (String before : List.of("\n", "\t", "\"", "\\", "/", "\u0001", "\u00e9", "é", "{")) {
      String json = Json.write(Map.of("text", before + canary));

      assertThat(Tokens.redactedJson(json)).as(json).doesNotContain(Canaries.MARKER);
    }
  }

  @Test
  void gluedToAWordIfTheShapeIsLongEnough() {
    assertThat(Tokens.redacted("nonexistent-" + Canaries.JWT)).isEqualTo("nonexistent-[REDACTED]");
    assertThat(Tokens.redacted("my_" + Canaries.REFERENCE)).isEqualTo("my_[REDACTED]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":  1.0, \"b\":\"text\"}",
        "{\"password\":\"a word that only its name gives away\"}",
        "{\"x\":\"task-force-one-two-three, risk-based, sk-learn, bearer of news\"}",
        "{\"url\":\"https://example.org/a?b=someone@example.org\"}",
        "{\"id\":\"run-01hzz3k8m2p4q6r8s0t2v4w6x8\",\"at\":\"2026-01-01T00:00:00Z\"}",
        "{\"hash\":\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}",
        "{\"secret\":{}}",
        "{}"
      })
  void whatHoldsNoneStaysByteForByte(String json) {
    assertThat(Tokens.redactedJson(json)).isSameAs(json);
  }

  @Test
  void whatHoldsNoneIsNotCopied() {
    Map<String, Object> members =
        Json.parseObject("{\"a\": [1, {\"b\": [null, \"c\"]}], \"d\": {}}");

    assertThat(Tokens.redactedMembers(members)).isSameAs(members);
    assertThat(Tokens.redactedValue(null)).isNull();
  }

  @Test
  @Timeout(value = 30, unit = TimeUnit.SECONDS)
  void timeGrowsWithTheTextAndNoFaster() {
    for (String piece :
        List.of(
            "eyJ",
            "-eyJ",
            "eyJ.",
            "-sk-",
            "sk-a",
            "cred_",
            ".sk-",
            "\\n",
            "\\\"",
            "AKIA",
            "-----BEGIN ",
            "secret:",
            "://",
            "bearer ",
            "a:b@",
            "[REDACTED",
            "authorization=")) {
      String text = piece.repeat(1_000_000 / piece.length());
      String json = Json.write(Map.of("text", text));

      assertThatCode(() -> Tokens.redacted(text)).as(piece).doesNotThrowAnyException();
      assertThatCode(() -> Tokens.redactedJson(json)).as(piece).doesNotThrowAnyException();
    }
  }
}
