package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntityTagsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"a\"",
        "W/\"a\"",
        "*",
        " * ",
        "\"b\", \"a\"",
        "\"b\",W/\"a\",\"c\"",
        "\"with, a comma\", \"a\"",
      })
  void theTagIsNamed(String ifNoneMatch) {
    assertThat(EntityTags.match(List.of(ifNoneMatch), "\"a\"")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "\"A\"", "\"b\"", "\"a", "a\"", "\"*\"", "\"b\", *"})
  void theTagIsNotNamed(String ifNoneMatch) {
    assertThat(EntityTags.match(List.of(ifNoneMatch), "\"a\"")).isFalse();
  }

  @Test
  void severalHeadersAreOneList() {
    assertThat(EntityTags.match(List.of("\"b\"", "\"a\""), "\"a\"")).isTrue();
    assertThat(EntityTags.match(List.of(), "\"a\"")).isFalse();
  }

  @Test
  void aTagChangesWithTheContentAndWithTheVersion() {
    byte[] content = "content".getBytes(StandardCharsets.UTF_8);
    byte[] other = "Content".getBytes(StandardCharsets.UTF_8);

    assertThat(EntityTags.of("1-running", content))
        .isEqualTo(EntityTags.of("1-running", content.clone()))
        .isNotEqualTo(EntityTags.of("2-running", content))
        .isNotEqualTo(EntityTags.of("1-running", other))
        .matches("\"1-running-[0-9a-f]{32}\"");
  }
}
