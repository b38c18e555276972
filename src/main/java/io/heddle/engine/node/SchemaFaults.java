package io.heddle.engine.node;

import io.heddle.json.Json;
import io.heddle.schema.InvalidSchemaException;
import io.heddle.schema.JsonSchema;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is wrong with a JSON Schema in a node's configuration. */
final class SchemaFaults {

  private SchemaFaults() {}

  static @Nullable String of(@Nullable Object value) {
    if (!(value instanceof Map<?, ?>)) {
      return "must be a JSON Schema object";
    }
    try {
      JsonSchema.compile(Json.object(value, ""));
      return null;
    } catch (InvalidSchemaException e) {
      return "must be a valid JSON Schema";
    }
  }
}
