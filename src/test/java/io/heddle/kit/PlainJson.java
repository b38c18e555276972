package io.heddle.kit;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/** Values that are the same when the host has stored and read them. */
final class PlainJson {

  private PlainJson() {}

  /**
   * The value as text.
   *
   * @param whose begins the sentence that refuses it
   * @throws ContractViolation if it would be read back as something else, or not at all
   */
  static String write(String whose, @Nullable Object value) {
    requirePlain(whose, "", value);
    try {
      String json = Json.write(value);
      Json.parse(json);
      return json;
    } catch (JsonFault | JacksonException e) {
      throw new ContractViolation("%s what is no JSON.".formatted(whose), e);
    }
  }

  private static void requirePlain(String whose, String pointer, @Nullable Object value) {
    if (value instanceof Map<?, ?> members) {
      members.forEach(
          (name, member) -> {
            if (!(name instanceof String)) {
              throw refused(whose, pointer, "a member whose name is no text");
            }
            requirePlain(whose, Json.pointer(pointer, (String) name), member);
          });
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        requirePlain(whose, pointer + "/" + i, list.get(i));
      }
    } else if (value instanceof Double || value instanceof Float) {
      if (!Double.isFinite(((Number) value).doubleValue())) {
        throw refused(whose, pointer, "a number that JSON does not have");
      }
    } else if (!(value == null
        || value instanceof String
        || value instanceof Boolean
        || value instanceof Number)) {
      throw refused(
          whose,
          pointer,
          "a %s, which would be read back as something else".formatted(value.getClass().getName()));
    }
  }

  private static ContractViolation refused(String whose, String pointer, String what) {
    return new ContractViolation(
        "%s %s%s.".formatted(whose, what, pointer.isEmpty() ? "" : " at " + pointer), null);
  }
}
