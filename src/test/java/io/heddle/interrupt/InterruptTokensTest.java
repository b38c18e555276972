package io.heddle.interrupt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.interrupt.InterruptTokens.Claims;
import io.heddle.interrupt.InterruptTokens.Intent;
import io.heddle.spi.InterruptKind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody makes a token but the host. */
class InterruptTokensTest {

  private static final Instant ASKED = Instant.parse("2026-03-01T12:00:00Z");

  private static final TokenKeys.Key OLD = new TokenKeys.Key("old", secret(1));

  private static final TokenKeys.Key NEW = new TokenKeys.Key("new", secret(2));

  private final InterruptTokens tokens = new InterruptTokens(new TokenKeys(List.of(NEW, OLD)));

  @Test
  void saysWhatItWasMintedFor() {
    Claims claims = tokens.verify(mint(Intent.RESOLVE)).orElseThrow();

    assertThat(claims)
        .isEqualTo(
            new Claims(
                "run-1", "gate", "int-1", ASKED.plus(Duration.ofMinutes(30)), Intent.RESOLVE));
    assertThat(tokens.verify(mint(Intent.INSPECT)).orElseThrow().intent())
        .isEqualTo(Intent.INSPECT);
  }

  @Test
  void isTheSameForSomeTimeAndNeverOutlivesTheDeadline() {
    String first = tokens.mint(question(ASKED.plusSeconds(1), null), Intent.RESOLVE);
    assertThat(tokens.mint(question(ASKED.plusSeconds(899), null), Intent.RESOLVE))
        .isEqualTo(first);
    String later = tokens.mint(question(ASKED.plusSeconds(901), null), Intent.RESOLVE);
    assertThat(later).isNotEqualTo(first);
    assertThat(tokens.verify(later).orElseThrow().expiresAt())
        .isEqualTo(ASKED.plus(Duration.ofMinutes(45)));

    Instant deadline = ASKED.plusSeconds(60);
    String hurried = tokens.mint(question(ASKED.plusSeconds(1), deadline), Intent.RESOLVE);
    assertThat(tokens.verify(hurried).orElseThrow().expiresAt()).isEqualTo(deadline);
  }

  @Test
  void isVerifiedByEveryLiveKey() {
    String old =
        new InterruptTokens(new TokenKeys(List.of(OLD)))
            .mint(question(ASKED, null), Intent.RESOLVE);
    assertThat(tokens.verify(old)).isPresent();
    assertThat(new InterruptTokens(new TokenKeys(List.of(NEW))).verify(old)).isEmpty();
  }

  @Test
  void isWorthlessWithOneBitChanged() {
    String token = mint(Intent.RESOLVE);
    Set<String> tried = new HashSet<>();
    for (int i = 0; i < token.length(); i++) {
      for (int bit = 0; bit < 7; bit++) {
        char changed = (char) (token.charAt(i) ^ (1 << bit));
        String forged = token.substring(0, i) + changed + token.substring(i + 1);
        tried.add(forged);
        assertThat(tokens.verify(forged)).as(forged).isEmpty();
      }
    }
    assertThat(tried).hasSize(7 * token.length());
  }

  @Test
  void isWorthlessInParts() {
    String mine = mint(Intent.INSPECT);
    String other =
        tokens.mint(
            new Interrupt(
                "int-2",
                "run-2",
                "gate",
                0,
                InterruptKind.APPROVAL,
                "run-2:gate:0",
                Map.of(),
                Map.of(),
                null,
                null,
                ASKED,
                null,
                Interrupt.State.PENDING,
                ASKED),
            Intent.RESOLVE);
    assertThat(tokens.verify(head(other) + "." + tail(mine))).isEmpty();
    assertThat(tokens.verify(head(mine) + "." + tail(other))).isEmpty();
    for (int length = 0; length < mine.length(); length++) {
      assertThat(tokens.verify(mine.substring(0, length))).isEmpty();
    }
    String raised = new String(Base64.getUrlDecoder().decode(head(mine)), StandardCharsets.UTF_8);
    String payload = raised.replace("inspect", "resolve");
    assertThat(payload).isNotEqualTo(raised);
    assertThat(
            tokens.verify(
                Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(payload.getBytes(StandardCharsets.UTF_8))
                    + "."
                    + tail(mine)))
        .isEmpty();
  }

  @Test
  void isNotGuessedAtRandom() {
    Random random = new Random(7);
    for (int i = 0; i < 2_000; i++) {
      byte[] bytes = new byte[random.nextInt(200)];
      random.nextBytes(bytes);
      String text = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
      int dot = text.isEmpty() ? 0 : random.nextInt(text.length());
      assertThat(tokens.verify(text.substring(0, dot) + "." + text.substring(dot))).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", ".", "..", "a.b.c", "!!!not-a-valid-token!!!", "e30.", ".e30", "e30.e30"})
  void isNoOtherText(String text) {
    assertThat(tokens.verify(text)).isEmpty();
  }

  @Test
  void needsASecretThatIsLongEnough() {
    assertThatThrownBy(() -> new TokenKeys(List.of(new TokenKeys.Key("short", new byte[31]))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("short");
  }

  private String mint(Intent intent) {
    return tokens.mint(question(ASKED, null), intent);
  }

  private static Interrupt question(Instant readAt, @Nullable Instant deadline) {
    return new Interrupt(
        "int-1",
        "run-1",
        "gate",
        0,
        InterruptKind.APPROVAL,
        "run-1:gate:0",
        Map.of(),
        Map.of(),
        null,
        null,
        ASKED,
        deadline,
        Interrupt.State.PENDING,
        readAt);
  }

  private static String head(String token) {
    return token.substring(0, token.indexOf('.'));
  }

  private static String tail(String token) {
    return token.substring(token.indexOf('.') + 1);
  }

  private static byte[] secret(int seed) {
    byte[] secret = new byte[32];
    new Random(seed).nextBytes(secret);
    return secret;
  }
}
