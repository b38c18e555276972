package io.heddle.schema;

import io.heddle.expression.ExpressionException;
import io.heddle.expression.Regex;
import io.heddle.json.Json;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a schema and the values for it must be so that a validation ends soon. Beyond the draft:
 * references lead to a schema of the same document by its JSON pointer and never back to where they
 * are, patterns are those of {@link Regex}, and numbers are of ordinary size.
 */
final class SchemaRules {

  /** The longest schema in characters of JSON text. */
  static final int MAX_LENGTH = 65_536;

  /** The most schemas that one place of a value may be held against. */
  static final int MAX_SCHEMAS = 2_000;

  /** The deepest nesting of schemas, references included. */
  static final int MAX_NESTING = 64;

  // Arithmetic on 1 and 1E-999999999 writes out all the digits between them.
  private static final int MAX_DIGITS = 400;

  // A search takes about as long as this many instructions of its pattern take schemas.
  private static final int INSTRUCTIONS_PER_SCHEMA = 5;

  private static final Set<String> ONE =
      Set.of(
          "additionalProperties",
          "unevaluatedProperties",
          "unevaluatedItems",
          "items",
          "contains",
          "propertyNames",
          "not",
          "if",
          "then",
          "else",
          "contentSchema");

  private static final Set<String> LISTED = Set.of("allOf", "anyOf", "oneOf", "prefixItems");

  private static final Set<String> NAMED =
      Set.of("properties", "patternProperties", "dependentSchemas", "dependencies");

  /** Schemas that are only there to be referred to; the second as older drafts call it. */
  private static final Set<String> DEFINED = Set.of("$defs", "definitions");

  private static final List<String> ONLY_AT_THE_ROOT = List.of("$id", "$schema");

  private final List<Violation> violations = new ArrayList<>();

  private final Map<String, Integer> instructions = new HashMap<>();

  private final Map<String, List<Child>> children = new HashMap<>();

  private final Map<String, Extent> extents = new HashMap<>();

  private final Set<String> open = new HashSet<>();

  /** A schema that is held against a value together with another, and where the other says so. */
  private record Child(String pointer, String saidAt) {}

  /** How much a schema comes to with all that is below it. */
  private record Extent(long schemas, int depth) {}

  private SchemaRules() {}

  static List<Violation> ofItsSize(Map<String, @Nullable Object> schema) {
    SchemaRules rules = new SchemaRules();
    if (Json.write(schema).length() > MAX_LENGTH) {
      rules.add("", "must be at most %d characters long".formatted(MAX_LENGTH));
    } else {
      rules.numbers(schema, "");
    }
    return rules.violations;
  }

  static List<Violation> ofItsDraft(Map<String, @Nullable Object> schema, String draft) {
    Object given = schema.get("$schema");
    return given == null || given.equals(draft) || given.equals(draft + "#")
        ? List.of()
        : List.of(new Violation("/$schema", "must be " + draft));
  }

  /** The rules of this class, for a schema that is sound by its draft. */
  static List<Violation> ofItsParts(Map<String, @Nullable Object> schema) {
    SchemaRules rules = new SchemaRules();
    rules.collect(schema, "");
    if (rules.violations.isEmpty()) {
      Extent extent = rules.extent("");
      if (extent.schemas() > MAX_SCHEMAS) {
        rules.add("", "must come to at most %d schemas".formatted(MAX_SCHEMAS));
      } else if (extent.depth() > MAX_NESTING) {
        rules.add("", "must not be nested deeper than %d schemas".formatted(MAX_NESTING));
      }
    }
    return rules.violations;
  }

  /** The name of a schema is of no use where nothing outside can refer to it. */
  static Map<String, @Nullable Object> withoutId(Map<String, @Nullable Object> schema) {
    Map<String, @Nullable Object> anonymous = new LinkedHashMap<>(schema);
    anonymous.remove("$id");
    return anonymous;
  }

  /** What makes a value too large to be held against a schema. */
  static List<Violation> ofAValue(@Nullable Object value) {
    SchemaRules rules = new SchemaRules();
    rules.numbers(value, "");
    Size size = new Size();
    size.add(value);
    if (size.values > JsonSchema.MAX_VALUES) {
      rules.add("", "must hold at most %d values".formatted(JsonSchema.MAX_VALUES));
    } else if (size.characters > JsonSchema.MAX_CHARACTERS) {
      rules.add("", "must hold at most %d characters".formatted(JsonSchema.MAX_CHARACTERS));
    }
    return rules.violations;
  }

  private static final class Size {

    private long values;

    private long characters;

    void add(@Nullable Object value) {
      values++;
      if (value instanceof Map<?, ?> members) {
        members.forEach(
            (name, member) -> {
              characters += String.valueOf(name).length();
              add(member);
            });
      } else if (value instanceof List<?> items) {
        items.forEach(this::add);
      } else if (value instanceof String text) {
        characters += text.length();
      }
    }
  }

  private void numbers(@Nullable Object value, String place) {
    if (value instanceof Map<?, ?> members) {
      members.forEach((name, member) -> numbers(member, at(place, name)));
    } else if (value instanceof List<?> items) {
      for (int i = 0; i < items.size(); i++) {
        numbers(items.get(i), at(place, i));
      }
    } else if (value instanceof BigDecimal number
        && (Math.abs((long) number.scale()) > MAX_DIGITS || number.precision() > MAX_DIGITS)) {
      add(place, "must be a number of at most %d digits".formatted(MAX_DIGITS));
    }
  }

  private void collect(@Nullable Object value, String place) {
    List<Child> below = new ArrayList<>();
    children.put(place, below);
    // The other schemas are true and false.
    if (!(value instanceof Map<?, ?> schema)) {
      return;
    }
    for (Map.Entry<?, ?> member : schema.entrySet()) {
      String keyword = String.valueOf(member.getKey());
      String at = at(place, keyword);
      Object body = member.getValue();
      if (ONE.contains(keyword)) {
        collect(body, at);
        below.add(new Child(at, at));
      } else if (LISTED.contains(keyword) && body instanceof List<?> items) {
        for (int i = 0; i < items.size(); i++) {
          collect(items.get(i), at(at, i));
          below.add(new Child(at(at, i), at));
        }
      } else if ((NAMED.contains(keyword) || DEFINED.contains(keyword))
          && body instanceof Map<?, ?> named) {
        for (Map.Entry<?, ?> entry : named.entrySet()) {
          String name = at(at, entry.getKey());
          collect(entry.getValue(), name);
          if (NAMED.contains(keyword)) {
            below.add(new Child(name, name));
          }
          if (keyword.equals("patternProperties")) {
            pattern(entry.getKey(), place, name);
          }
        }
      } else if (keyword.equals("pattern")) {
        pattern(body, place, at);
      } else if (keyword.equals("$ref")) {
        reference(body, at, below);
      } else if (keyword.equals("$dynamicRef")) {
        add(at, "is not served by this host");
      } else if (!place.isEmpty() && ONLY_AT_THE_ROOT.contains(keyword)) {
        add(at, "must not be anywhere but at the root");
      }
    }
  }

  private void reference(@Nullable Object body, String at, List<Child> below) {
    if (body instanceof String reference && (reference.equals("#") || reference.startsWith("#/"))) {
      below.add(new Child(reference.substring(1), at));
    } else {
      add(at, "must be a JSON pointer within the schema, like #/$defs/name");
    }
  }

  private void pattern(@Nullable Object pattern, String schema, String at) {
    try {
      instructions.merge(schema, Regex.compile(String.valueOf(pattern)).size(), Integer::sum);
    } catch (ExpressionException e) {
      add(at, e.problem());
    }
  }

  /**
   * Follows a schema through all that is below it; a part that several refer to counts for each.
   */
  private Extent extent(String pointer) {
    Extent known = extents.get(pointer);
    if (known != null) {
      return known;
    }
    long count = 1 + instructions.getOrDefault(pointer, 0) / INSTRUCTIONS_PER_SCHEMA;
    int depth = 0;
    open.add(pointer);
    for (Child child : children.getOrDefault(pointer, List.of())) {
      if (open.contains(child.pointer())) {
        add(child.saidAt(), "must not lead back to where it is");
      } else if (!children.containsKey(child.pointer())) {
        add(child.saidAt(), "must lead to a schema of this document");
      } else {
        Extent extent = extent(child.pointer());
        count += extent.schemas();
        depth = Math.max(depth, extent.depth());
      }
    }
    open.remove(pointer);
    // Saturated, so that a sum of sums cannot wrap.
    Extent extent = new Extent(Math.min(count, Integer.MAX_VALUE), depth + 1);
    extents.put(pointer, extent);
    return extent;
  }

  private void add(String place, String problem) {
    violations.add(new Violation(place, problem));
  }

  private static String at(String place, @Nullable Object step) {
    return place + "/" + String.valueOf(step).replace("~", "~0").replace("/", "~1");
  }
}
