package io.heddle.redaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ResolvedSecretsTest {

  private static final String SECRET = "pa\"ss w/ö+rd\\";

  private final ResolvedSecrets secrets = new ResolvedSecrets();

  @BeforeEach
  void know() {
    secrets.add("db", SECRET);
  }

  @Test
  void aSecretIsMaskedInEveryEncodingOfTexts() {
    byte[] utf8 = SECRET.getBytes(StandardCharsets.UTF_8);
    for (String text :
        List.of(
            SECRET,
            URLEncoder.encode(SECRET, StandardCharsets.UTF_8),
            URLEncoder.encode(SECRET, StandardCharsets.UTF_8).replace("+", "%20"),
            Base64.getEncoder().withoutPadding().encodeToString(utf8),
            Base64.getUrlEncoder().withoutPadding().encodeToString(utf8))) {
      assertThat(secrets.text("a " + text + " b")).isEqualTo("a [REDACTED:db] b");
    }
    assertThat(secrets.text(Json.write(List.of(SECRET)))).isEqualTo("[\"[REDACTED:db]\"]");
  }

  @Test
  void whereverItStandsInAValue() {
    secrets.add("pin", "123456");

    assertThat(
            secrets.value(
                Json.members("list", List.of(1, 123456, "x" + SECRET), SECRET, true, "n", null)))
        .isEqualTo(
            Json.members(
                "list",
                List.of(1, "[REDACTED:pin]", "x[REDACTED:db]"),
                "[REDACTED:db]",
                true,
                "n",
                null));
  }

  @Test
  void theLongestFirst() {
    secrets.add("long", SECRET + "-and-more");

    assertThat(secrets.text(SECRET + "-and-more " + SECRET))
        .isEqualTo("[REDACTED:long] [REDACTED:db]");
  }

  @Test
  void amongBytes() {
    assertThat(secrets.areIn(("\0" + SECRET + "\1").getBytes(StandardCharsets.UTF_8))).isTrue();
    assertThat(secrets.areIn(new byte[] {1, 2, (byte) 0xff})).isFalse();
  }

  @Test
  void nothingIsChangedAsLongAsThereIsNone() {
    ResolvedSecrets none = new ResolvedSecrets();
    Map<String, Object> members = Map.of("a", SECRET);

    assertThat(none.isEmpty()).isTrue();
    assertThat(none.value(members)).isSameAs(members);
    assertThat(none.toString() + secrets).doesNotContain(SECRET);
  }
}
