package io.heddle.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "b+ | abbc | true",
        "^b | abc | false",
        "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ | 00000000-0000-0000-0000-000000000000 | true",
        "^([a-z0-9]{1,63}\\.){1,8}[a-z]{2,63}$ | www.example.org | true",
        "\\{99\\}\\{99\\}\\{99\\} | {99}{99}{99} | true",
        "(?i)ABC | xabcx | true"
      })
  void isFoundAnywhere(String pattern, String text, boolean found) throws ExpressionException {
    assertThat(Regex.compile(pattern).find(text)).isEqualTo(found);
  }

  @ParameterizedTest
  @ValueSource(strings = {"(", "[a", "a**", "(?=a)", "(a)\\1", "(?<!a)b", "a{1001}", "\\"})
  void isRefused(String pattern) {
    assertThatThrownBy(() -> Regex.compile(pattern))
        .isInstanceOf(ExpressionException.class)
        .hasMessage("is not a regular expression of the RE2 syntax");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "((a{100}){100}){100}",
        "((((((((((a{5}){5}){5}){5}){5}){5}){5}){5}){5}){5})",
        "((((((((((a{5,}){5,9}){5}){5}){5}){5}){5}){5}){5}){5})",
        "(?:(?:a{999}){999}){999}",
        "(a{999}\\Q)\\E){999}",
        "(a{1000}){2}a{1000}"
      })
  void isRefusedForItsRepetitions(String pattern) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () ->
            assertThatThrownBy(() -> Regex.compile(pattern))
                .isInstanceOf(ExpressionException.class)
                .hasMessage("repeats too much for a regular expression"));
  }

  @Test
  void isRefusedForItsLength() {
    assertThatThrownBy(() -> Regex.compile("a".repeat(1_001)))
        .hasMessage("must be at most 1000 characters of a regular expression");
  }

  @ParameterizedTest
  @ValueSource(strings = {"(a+)+b", "(a|aa)+$b", "(.*a){10}b", "(a?){30}a{30}b"})
  void noPatternMakesASearchExplode(String pattern) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> assertThat(Regex.compile(pattern).find("a".repeat(20_000))).isFalse());
  }

  @Test
  void aSearchThatWouldTakeTooLongIsRefused() throws ExpressionException {
    Regex regex = Regex.compile("a{1,500}b");

    assertThatThrownBy(() -> regex.find("a".repeat(200_000)))
        .isInstanceOf(ExpressionException.class)
        .hasMessage("searches a text that is too long for it");
  }

  @Test
  void showsNothingOfItself() throws ExpressionException {
    assertThat(Regex.compile("s3cr3t")).hasToString("Regex").isEqualTo(Regex.compile("s3cr3t"));
  }
}
