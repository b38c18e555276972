package io.heddle.redaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.RunState;
import io.heddle.run.Secrets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MaskingTest {

  @Test
  void whatIsNamedIsReplacedAsAWhole() {
    assertThat(masking("{'a': {'deep': 1}, 'b': 'plain'}", "a").named(of("{'a': [1], 'b': 2}")))
        .isEqualTo(of("{'a': '[REDACTED]', 'b': 2}"));
  }

  @Test
  void whatItHoldsIsFoundElsewhere() {
    Masking masking = masking("{'a': {'user': 'alice.b', 'pin': 471100}}", "a");

    assertThat(
            masking.value(
                of("{'x': ['to alice.b, pin 471100'], 'y': {'n': 471100.0, 'alice.b': true}}")))
        .isEqualTo(
            of(
                "{'x': ['to [REDACTED], pin [REDACTED]'],"
                    + " 'y': {'n': '[REDACTED]', '[REDACTED]': true}}"));
  }

  @Test
  void whatIsTooShortToBeThereOnPurposeStays() {
    Masking masking = masking("{'a': ['abc', 12, true, null, ''], 'b': 1}", "a");

    assertThat(masking.value(of("{'x': 'abc', 'y': [12, true, null, '']}")))
        .isEqualTo(of("{'x': 'abc', 'y': [12, true, null, '']}"));
  }

  @Test
  void nothingIsLeftOfASecretThatHoldsAnother() {
    assertThat(masking("{'a': 'word', 'b': 'password-1'}", "a", "b").text("a password-1, a word"))
        .isEqualTo("a [REDACTED], a [REDACTED]");
  }

  @Test
  void aSecretIsNoPattern() {
    assertThat(masking("{'a': 'x.*\\\\E$1'}", "a").text("x.*\\E$1 xyz"))
        .isEqualTo("[REDACTED] xyz");
  }

  @Test
  void theMarkIsNotMaskedAgain() {
    assertThat(masking("{'a': 'REDACTED', 'b': 'tell'}", "a", "b").text("tell REDACTED"))
        .isEqualTo("[REDACTED] [REDACTED]");
  }

  @Test
  void theAuthorsWordOnAnOutputCounts() {
    Masking masking = masking("{'a': 'hidden'}", "a");

    assertThat(
            masking.outputs(
                Map.of("shown", false, "masked", true, "missing", true),
                of("{'shown': 'hidden', 'masked': 1, 'other': 'hidden', 'plain': 1}")))
        .isEqualTo(
            of("{'shown': 'hidden', 'masked': '[REDACTED]', 'other': '[REDACTED]', 'plain': 1}"));
  }

  @Test
  void whoeverHasTooManySecretsTellsNothing() {
    List<Object> many = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      many.add("secret number " + i);
    }
    Masking masking =
        Masking.of(RunState.initial(Map.of(), Map.of()).with(new Secrets(Set.of(), many)));

    assertThat(masking.value(of("{'x': 'y', 'n': 1, 'b': true}")))
        .isEqualTo(of("{'[REDACTED]': true}"));
    assertThat(masking.text("y")).isEqualTo("[REDACTED]");
  }

  @Test
  void withoutSecretsNothingIsTouched() {
    Masking masking = Masking.of(RunState.initial(of("{'a': 'hidden'}"), Map.of()));
    Map<String, Object> value = of("{'a': 'hidden'}");

    assertThat(masking.isEmpty()).isTrue();
    assertThat(masking.named(value)).isSameAs(value);
    assertThat(masking.outputs(Map.of("a", false), value)).isSameAs(value);
    assertThat(masking.hides("a", "hidden")).isFalse();
  }

  @Test
  void whatAVariableHeldBeforeIsStillASecret() {
    RunState state =
        RunState.initial(of("{'a': 'first one'}"), Map.of())
            .with(new Secrets(Set.of("a"), List.of()))
            .withVariable("a", "second one");

    RunState again = RunState.fromJson(state.toJson());

    assertThat(again.secrets()).isEqualTo(state.secrets());
    assertThat(Masking.of(again).text("first one, second one")).isEqualTo("[REDACTED], [REDACTED]");
    assertThat(state.toString() + state.secrets() + Masking.of(state)).doesNotContain("one");
  }

  private static Masking masking(String variables, String... sensitive) {
    return Masking.of(
        RunState.initial(of(variables), Map.of()).with(new Secrets(Set.of(sensitive), List.of())));
  }

  private static Map<String, Object> of(String json) {
    return Json.parseObject(json.replace('\'', '"'));
  }
}
