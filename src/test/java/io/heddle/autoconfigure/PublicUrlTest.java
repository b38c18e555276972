package io.heddle.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class PublicUrlTest {

  @ParameterizedTest
  @CsvSource({
    "https://heddle.example.com, https://heddle.example.com",
    "https://heddle.example.com/, https://heddle.example.com",
    "http://10.0.0.1:8080/a/b//, http://10.0.0.1:8080/a/b"
  })
  void pathsFollowIt(String given, String url) {
    assertThat(WebhooksAutoConfiguration.publicUrl(given)).isEqualTo(url);
  }

  @ParameterizedTest
  @NullAndEmptySource
  @ValueSource(strings = " ")
  void withoutOnePathsStandAlone(@Nullable String given) {
    assertThat(WebhooksAutoConfiguration.publicUrl(given)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "heddle.example.com",
        "/base",
        "ftp://heddle.example.com",
        "https:///base",
        "https://user@heddle.example.com",
        "https://heddle.example.com/?a=b",
        "https://heddle.example.com/#a",
        "https://heddle example.com"
      })
  void anythingElseIsRefused(String given) {
    assertThatThrownBy(() -> WebhooksAutoConfiguration.publicUrl(given))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("openwop.public-url");
  }
}
