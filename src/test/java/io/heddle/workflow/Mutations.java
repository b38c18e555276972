package io.heddle.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Damage to sound definitions. */
public final class Mutations {

  private static final String[] MEMBERS = {
    "id",
    "name",
    "type",
    "nodes",
    "inputs",
    "condition",
    "agent",
    "value",
    "a/b~c",
    "",
    "…",
    "channels",
    "defaults",
    "configurableSchema",
    "optional",
    "sensitive",
    "x".repeat(400)
  };

  private Mutations() {}

  /** A sound definition with nearly every member that this host takes. Fresh and mutable. */
  public static Map<String, Object> sound() {
    return Documents.full();
  }

  /** Every fault tells a problem at a place that the document has, or lacks as the fault says. */
  public static void assertPlaceIsReal(
      Object document, String pointer, String problem, List<String> done) {
    assertThat(problem).isNotBlank().hasSizeLessThan(300);
    if (problem.equals("is required")) {
      assertThat(Documents.has(document, pointer)).isFalse();
      assertThat(Documents.get(document, Documents.parent(pointer)))
          .as("%s %s after %s", pointer, problem, done)
          .isInstanceOf(Map.class);
    } else {
      assertThat(Documents.has(document, pointer))
          .as("%s %s after %s", pointer, problem, done)
          .isTrue();
    }
  }

  /** Changes something somewhere; returns where. */
  public static String mutate(Object document, Random random) {
    List<String> places = new ArrayList<>();
    collect(document, "", places);
    String place = places.get(random.nextInt(places.size()));
    switch (random.nextInt(5)) {
      case 0 -> Documents.remove(document, place);
      case 1 -> Documents.put(document, place, value(random));
      case 2 -> {
        Object target = Documents.get(document, place);
        if (target instanceof Map) {
          String name = MEMBERS[random.nextInt(MEMBERS.length)];
          Documents.put(document, full(place, name), value(random));
        } else if (target instanceof List) {
          Documents.put(document, place + "/-", value(random));
        }
      }
      case 3 -> {
        // The id of one entry becomes the id of another, or an entry comes twice.
        Object target = Documents.get(document, place);
        String other = places.get(random.nextInt(places.size()));
        if (!(target instanceof Map || target instanceof List)) {
          Documents.put(document, other, target);
        } else if (target instanceof List<?> list && !list.isEmpty()) {
          Documents.put(document, place + "/-", Json.parse(Json.write(list.get(0))));
        }
      }
      default -> {
        String far = places.get(random.nextInt(places.size()));
        Documents.put(document, place, Json.parse(Json.write(Documents.get(document, far))));
      }
    }
    return place;
  }

  private static Object value(Random random) {
    return switch (random.nextInt(14)) {
      case 0 -> null;
      case 1 -> true;
      case 2 -> false;
      case 3 -> -1;
      case 4 -> new BigDecimal("1E+308");
      case 5 -> new BigDecimal("0.5");
      case 6 -> "";
      case 7 -> "😀".repeat(100_000);
      case 8 -> "line\nbreak";
      case 9 -> new ArrayList<>();
      case 10 -> new HashMap<>();
      case 11 -> new HashMap<>(Map.of("type", "expression", "expression", "1"));
      case 12 -> new ArrayList<>(List.of("a", "a", 1, new BigDecimal("1.5")));
      default -> nested(50);
    };
  }

  private static Object nested(int depth) {
    Object value = new HashMap<>();
    for (int i = 0; i < depth; i++) {
      value = i % 2 == 0 ? new ArrayList<>(List.of(value)) : new HashMap<>(Map.of("in", value));
    }
    return value;
  }

  private static void collect(Object value, String pointer, List<String> places) {
    if (!pointer.isEmpty()) {
      places.add(pointer);
    }
    if (value instanceof Map<?, ?> map) {
      map.forEach((name, member) -> collect(member, full(pointer, (String) name), places));
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        collect(list.get(i), full(pointer, String.valueOf(i)), places);
      }
    }
  }

  private static String full(String parent, String token) {
    return parent + "/" + token.replace("~", "~0").replace("/", "~1");
  }
}
