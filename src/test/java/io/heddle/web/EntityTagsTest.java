package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletRequest;

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
    assertThat(EntityTags.match(asking(ifNoneMatch), "\"a\"")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "\"A\"", "\"b\"", "\"a", "a\"", "\"*\"", "\"b\", *"})
  void theTagIsNotNamed(String ifNoneMatch) {
    assertThat(EntityTags.match(asking(ifNoneMatch), "\"a\"")).isFalse();
  }

  @Test
  void severalHeadersAreOneList() {
    MockHttpServletRequest request = asking("\"b\"");
    request.addHeader("If-None-Match", "\"a\"");

    assertThat(EntityTags.match(request, "\"a\"")).isTrue();
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

  private static MockHttpServletRequest asking(String ifNoneMatch) {
    MockHttpServletRequest request = new MockHttpServletRequest();
    request.addHeader("If-None-Match", ifNoneMatch);
    return request;
  }
}
