package io.heddle.web;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the host answered.
 *
 * @param headers by lower-case name
 */
public record Answer(int status, Map<String, List<String>> headers, byte[] body) {

  // Digit by digit: a double would hide what was lost.
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  /** The only value of a header; null if it is absent. */
  public @Nullable String header(String name) {
    List<String> values = headers.get(name);
    if (values == null) {
      return null;
    }
    if (values.size() != 1) {
      throw new AssertionError("%s: %s".formatted(name, values));
    }
    return values.get(0);
  }

  public String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  public JsonNode json() {
    return MAPPER.readTree(body);
  }

  /** Everything a caller could tell two answers apart by, but for what differs every time. */
  String comparable() {
    TreeMap<String, List<String>> compared = new TreeMap<>(headers);
    compared.keySet().removeAll(List.of("date", "traceparent", "x-heddle-request-id"));
    return status + "\n" + compared + "\n" + text();
  }

  @Override
  public String toString() {
    return status + " " + headers + " " + text();
  }
}
