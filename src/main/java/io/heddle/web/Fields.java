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

  private final String place;

  private final List<Problem.Place> faults;

  public Fields(Map<String, @Nullable Object> body) {
    this(body, "", new ArrayList<>());
  }

  private Fields(Map<String, @Nullable Object> body, String place, List<Problem.Place> faults) {
    this.body = body;
    this.place = place;
    this.faults = faults;
  }

  /** The members of an object within this one, none if it is absent. Faults are shared. */
  public Fields nested(String member) {
    Map<String, @Nullable Object> object = object(member);
    return new Fields(object == null ? Json.members() : object, place + "/" + member, faults);
  }

  /**
   * The members of an object within this one that must be there.
   *
   * @throws Problem if it is not, for then there is nothing to look at
   */
  public Fields requiredNested(String member) {
    require(member);
    Fields nested = nested(member);
    if (!(body.get(member) instanceof Map<?, ?>)) {
      check();
    }
    return nested;
  }

  /** Refuses members of any other name; theirs are not repeated. */
  public void closed(String... members) {
    List<String> known = List.of(members);
    if (!known.containsAll(body.keySet())) {
      faults.add(new Problem.Place(place, "must have no members but " + String.join(", ", known)));
    }
  }

  /** A member that must be there, whatever it is. */
  public void require(String member) {
    if (!body.containsKey(member)) {
      fault(member, "is required");
    }
  }

  /** An integer within bounds, or null. */
  public @Nullable Integer integer(String member, int min, int max) {
    Object value = body.get(member);
    if (value == null && !body.containsKey(member)) {
      return null;
    }
    // 4.0 and 4e0 are integers, too.
    if (value instanceof Number number
        && number.doubleValue() == Math.rint(number.doubleValue())
        && number.doubleValue() >= min
        && number.doubleValue() <= max) {
      return number.intValue();
    }
    return fault(member, "must be an integer from %d to %d".formatted(min, max), null);
  }

  /** An integer from 0 up to a bound that a double holds exactly, or null. */
  public @Nullable Long integer(String member, long max) {
    Object value = body.get(member);
    if (value == null && !body.containsKey(member)) {
      return null;
    }
    if (value instanceof Number number
        && number.doubleValue() == Math.rint(number.doubleValue())
        && number.doubleValue() >= 0
        && number.doubleValue() <= max) {
      return number.longValue();
    }
    return fault(member, "must be an integer from 0 to " + max, null);
  }

  /** One of the given texts that must be there; empty, and a fault, if it is none of them. */
  public String requiredChoice(String member, List<String> choices) {
    return body.get(member) instanceof String text && choices.contains(text)
        ? text
        : fault(member, "must be one of " + String.join(", ", choices), "");
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
    faults.add(new Problem.Place(place + "/" + member, problem));
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
