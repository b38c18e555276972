package io.heddle.workflow;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a JSON value must look like. Covers the few words of JSON Schema that the definition of a
 * workflow needs, and reports all faults of a value instead of the first.
 */
@FunctionalInterface
interface Shape {

  void check(@Nullable Object value, Place place, Faults faults);

  /** A named member of an object. */
  record Member(String name, Shape shape, boolean required) {}

  static Member required(String name, Shape shape) {
    return new Member(name, shape, true);
  }

  static Member optional(String name, Shape shape) {
    return new Member(name, shape, false);
  }

  static Shape anything() {
    return (value, place, faults) -> {};
  }

  static Shape flag() {
    return (value, place, faults) -> {
      if (!(value instanceof Boolean)) {
        faults.add(place, "must be true or false");
      }
    };
  }

  static Shape number() {
    return (value, place, faults) -> {
      if (!(value instanceof Number)) {
        faults.add(place, "must be a number");
      }
    };
  }

  static Shape integer(long least, long most) {
    return (value, place, faults) -> {
      BigDecimal number = value instanceof Number given ? decimal(given) : null;
      if (number == null || number.scale() > 0) {
        faults.add(place, "must be an integer");
      } else if (number.compareTo(BigDecimal.valueOf(least)) < 0) {
        faults.add(place, "must be at least " + least);
      } else if (number.compareTo(BigDecimal.valueOf(most)) > 0) {
        faults.add(place, "must be at most " + most);
      }
    };
  }

  static Shape text() {
    return text(0, Integer.MAX_VALUE);
  }

  static Shape text(int shortest, int longest) {
    return text(shortest, longest, "");
  }

  /** A string whose characters are counted as JSON Schema does it, in code points. */
  static Shape text(int shortest, int longest, String regex) {
    Pattern pattern = Pattern.compile(regex);
    return (value, place, faults) -> {
      if (!(value instanceof String text)) {
        faults.add(place, "must be a string");
        return;
      }
      int length = text.codePointCount(0, text.length());
      if (length < shortest) {
        faults.add(
            place,
            shortest == 1
                ? "must not be empty"
                : "must be at least %d characters long".formatted(shortest));
      } else if (length > longest) {
        faults.add(place, "must be at most %d characters long".formatted(longest));
      } else if (!regex.isEmpty() && !pattern.matcher(text).matches()) {
        faults.add(place, "must match ^%s$".formatted(regex));
      }
    };
  }

  static Shape oneOf(List<String> words) {
    String problem = "must be one of " + String.join(", ", words);
    return (value, place, faults) -> {
      if (!(value instanceof String text) || !words.contains(text)) {
        faults.add(place, problem);
      }
    };
  }

  static Shape list(Shape item, int fewest, int most) {
    return (value, place, faults) -> {
      if (!(value instanceof List<?> items)) {
        faults.add(place, "must be an array");
        return;
      }
      if (items.size() < fewest) {
        faults.add(place, "must hold at least %d item".formatted(fewest));
      } else if (items.size() > most) {
        faults.add(place, "must hold at most %d items".formatted(most));
      }
      for (int i = 0; i < items.size(); i++) {
        item.check(items.get(i), place.at(i), faults);
      }
    };
  }

  static Shape list(Shape item) {
    return list(item, 0, Integer.MAX_VALUE);
  }

  /** An array of scalars without repetition. */
  static Shape set(Shape item, int most) {
    Shape list = list(item, 0, most);
    return (value, place, faults) -> {
      list.check(value, place, faults);
      if (value instanceof List<?> items) {
        Set<@Nullable Object> seen = new HashSet<>();
        for (int i = 0; i < items.size(); i++) {
          Object scalar = items.get(i) instanceof Number number ? decimal(number) : items.get(i);
          if (!seen.add(scalar)) {
            faults.add(place.at(i), "must not appear twice");
          }
        }
      }
    };
  }

  static Shape mapOf(Shape member) {
    return (value, place, faults) -> {
      Element object = Element.of(value, place);
      if (object == null) {
        faults.add(place, "must be an object");
        return;
      }
      object.members().forEach((name, item) -> member.check(item, place.at(name), faults));
    };
  }

  /** An object that may hold further members. */
  static Shape open(Member... members) {
    return object(false, members);
  }

  /** An object that holds these members and no other. */
  static Shape closed(Member... members) {
    return object(true, members);
  }

  private static Shape object(boolean closed, Member... members) {
    Map<String, Member> known =
        Arrays.stream(members).collect(Collectors.toMap(Member::name, Function.identity()));
    return (value, place, faults) -> {
      Element object = Element.of(value, place);
      if (object == null) {
        faults.add(place, "must be an object");
        return;
      }
      for (Member member : members) {
        if (object.has(member.name())) {
          member.shape().check(object.get(member.name()), place.at(member.name()), faults);
        } else if (member.required()) {
          faults.add(place.at(member.name()), "is required");
        }
      }
      if (closed) {
        for (String name : object.members().keySet()) {
          if (!known.containsKey(name)) {
            faults.add(place.at(name), "is not a known member");
          }
        }
      }
    };
  }

  /** An object whose {@code type} tells which of several shapes it has. */
  static Shape byType(Map<String, Shape> shapes) {
    Shape type = open(required("type", oneOf(shapes.keySet().stream().sorted().toList())));
    return (value, place, faults) -> {
      Element object = Element.of(value, place);
      String word = object == null ? null : object.text("type");
      Shape shape = word == null ? null : shapes.get(word);
      (shape == null ? type : shape).check(value, place, faults);
    };
  }

  /** A value that is described by the first shape if it is a string and by the other if not. */
  static Shape textOr(Shape text, Shape other, String problem) {
    return (value, place, faults) -> {
      if (value instanceof String) {
        text.check(value, place, faults);
      } else if (value instanceof Map) {
        other.check(value, place, faults);
      } else {
        faults.add(place, problem);
      }
    };
  }

  /** The number in its shortest form, so that 1 and 1.0 are equal and an integer has no scale. */
  static BigDecimal decimal(Number number) {
    return new BigDecimal(number.toString()).stripTrailingZeros();
  }
}
