package io.heddle.web;

import io.heddle.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads typed members of a JSON object and collects what is wrong with them, so that a caller hears
 * of all faults at once. Members nobody asks for are ignored, as the protocol wants it. Not
 * thread-safe.
 */
public final class Fields {

  private final Map<String, @Nullable Object> body;

  private final List<Problem.Place> faults = new ArrayList<>();

  public Fields(Map<String, @Nullable Object> body) {
    this.body = body;
  }

  /** A non-empty string that must be there. */
  public String requiredText(String member) {
    if (!body.containsKey(member)) {
      return fault(member, "is required", "");
    }
    return body.get(member) instanceof String text && !text.isEmpty()
        ? text
        : fault(member, "must be a non-empty string", "");
  }

  /** A string of bounded length, or null. */
  public @Nullable String text(String member, int maxLength) {
    Object value = body.get(member);
    if (value == null && !body.containsKey(member)) {
      return null;
    }
    if (!(value instanceof String text)) {
      return fault(member, "must be a string", null);
    }
    return text.codePointCount(0, text.length()) <= maxLength
        ? text
        : fault(member, "must have at most %d characters".formatted(maxLength), null);
  }

  /** An object, or null. */
  public @Nullable Map<String, @Nullable Object> object(String member) {
    Object value = body.get(member);
    if (value == null && !body.containsKey(member)) {
      return null;
    }
    return value instanceof Map<?, ?>
        ? Json.object(value, "")
        : fault(member, "must be an object", null);
  }

  /** A list of strings of bounded number and length, or null. */
  public @Nullable List<String> texts(String member, int maxItems, int maxLength) {
    Object value = body.get(member);
    if (value == null && !body.containsKey(member)) {
      return null;
    }
    if (!(value instanceof List<?> items)) {
      return fault(member, "must be an array of strings", null);
    }
    if (items.size() > maxItems) {
      return fault(member, "must have at most %d items".formatted(maxItems), null);
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i) instanceof String text
          && text.codePointCount(0, text.length()) <= maxLength) {
        texts.add(text);
      } else {
        fault(member + "/" + i, "must be a string of at most %d characters".formatted(maxLength));
      }
    }
    return texts;
  }

  /** Records a fault of a member. */
  public void fault(String member, String problem) {
    faults.add(new Problem.Place("/" + member, problem));
  }

  /** Refuses the request if anything was wrong. */
  public void check() {
    if (!faults.isEmpty()) {
      throw Problem.invalid(faults);
    }
  }

  private <T extends @Nullable Object> T fault(String member, String problem, T instead) {
    fault(member, problem);
    return instead;
  }
}
