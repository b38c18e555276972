package io.heddle.workflow;

import io.heddle.json.Json;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object of a document that may be faulty. What is missing or of another type than asked for
 * is simply not there: the shape of the document reports it, so that the other checks can go on
 * over whatever is sound.
 */
record Element(Place place, Map<String, @Nullable Object> members) {

  static @Nullable Element of(@Nullable Object value, Place place) {
    return value instanceof Map ? new Element(place, Json.object(value, "")) : null;
  }

  Place at(String member) {
    return place.at(member);
  }

  boolean has(String member) {
    return members.containsKey(member);
  }

  @Nullable Object get(String member) {
    return members.get(member);
  }

  @Nullable String text(String member) {
    return get(member) instanceof String text ? text : null;
  }

  /** A member that is known to be there because the whole document was found to be sound. */
  String sound(String member) {
    return Objects.requireNonNull(text(member), member);
  }

  boolean isTrue(String member) {
    return Boolean.TRUE.equals(get(member));
  }

  boolean isFalse(String member) {
    return Boolean.FALSE.equals(get(member));
  }

  @Nullable BigDecimal number(String member) {
    return get(member) instanceof Number number ? Shape.decimal(number) : null;
  }

  @Nullable List<?> list(String member) {
    return get(member) instanceof List<?> list ? list : null;
  }

  @Nullable Element object(String member) {
    return of(get(member), at(member));
  }

  /** The objects among the items of an array. */
  List<Element> items(String member) {
    List<?> list = list(member);
    if (list == null) {
      return List.of();
    }
    List<Element> items = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      Element item = of(list.get(i), at(member).at(i));
      if (item != null) {
        items.add(item);
      }
    }
    return items;
  }

  /** The objects among the members of an object. */
  List<Element> entries(String member) {
    Element object = object(member);
    if (object == null) {
      return List.of();
    }
    List<Element> entries = new ArrayList<>();
    for (String name : object.members.keySet()) {
      Element entry = object.object(name);
      if (entry != null) {
        entries.add(entry);
      }
    }
    return entries;
  }
}
