package io.heddle.schema;

import com.networknt.schema.Error;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The library's errors in the words of this host. The library's own quote the value. */
final class Violations {

  private static final Map<String, String> TYPES =
      Map.of(
          "object", "an object",
          "array", "an array",
          "string", "a string",
          "number", "a number",
          "integer", "an integer",
          "boolean", "true or false",
          "null", "null");

  private Violations() {}

  static Violation of(Error error) {
    String place = error.getInstanceLocation().toString();
    String bound = bound(error.getSchemaNode());
    return switch (error.getKeyword()) {
      case "type" -> new Violation(place, "must be " + types(error.getSchemaNode()));
      case "required" -> new Violation(member(place, error.getProperty()), "is required");
      case "dependentRequired" ->
          new Violation(member(place, error.getArguments()[0]), "is required");
      case "additionalProperties", "unevaluatedProperties" ->
          new Violation(member(place, error.getProperty()), "is not a known member");
      case "propertyNames" ->
          new Violation(
              member(place, error.getProperty()), "must have a name that the schema allows");
      case "false" -> new Violation(place, "must not be there");
      case "enum" -> new Violation(place, "must be one of the values that the schema lists");
      case "const" -> new Violation(place, "must be the value that the schema names");
      case "pattern" -> new Violation(place, "must match the pattern of the schema");
      case "minimum" -> new Violation(place, "must be at least " + bound);
      case "maximum" -> new Violation(place, "must be at most " + bound);
      case "exclusiveMinimum" -> new Violation(place, "must be more than " + bound);
      case "exclusiveMaximum" -> new Violation(place, "must be less than " + bound);
      case "multipleOf" -> new Violation(place, "must be a multiple of " + bound);
      case "minLength" ->
          new Violation(place, "must be at least %s characters long".formatted(bound));
      case "maxLength" ->
          new Violation(place, "must be at most %s characters long".formatted(bound));
      case "minItems" -> new Violation(place, "must hold at least %s items".formatted(bound));
      case "maxItems" -> new Violation(place, "must hold at most %s items".formatted(bound));
      case "minProperties" ->
          new Violation(place, "must hold at least %s members".formatted(bound));
      case "maxProperties" -> new Violation(place, "must hold at most %s members".formatted(bound));
      case "uniqueItems" -> new Violation(place, "must not hold an item twice");
      case "oneOf" -> new Violation(place, "must fit exactly one alternative of the schema");
      case "not" -> new Violation(place, "must not fit what the schema excludes");
      default -> new Violation(place, "must fit the schema");
    };
  }

  private static String member(String place, @Nullable Object name) {
    // The whole name: who shows the place knows how much of it can be shown.
    return place + "/" + String.valueOf(name).replace("~", "~0").replace("/", "~1");
  }

  private static String bound(@Nullable JsonNode node) {
    return node != null && node.isNumber()
        ? node.decimalValue().toString()
        : "what the schema says";
  }

  private static String types(@Nullable JsonNode node) {
    List<String> types = new ArrayList<>();
    if (node != null) {
      for (JsonNode type : node.isArray() ? node : List.of(node)) {
        types.add(TYPES.getOrDefault(type.asString(), "of the type that the schema says"));
      }
    }
    return String.join(" or ", types);
  }
}
