package io.heddle.workflow;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A variable that a workflow declares. A run may hold others besides.
 *
 * @param required whether a run needs a value for it; a default is one
 * @param hasDefault tells an absent default from all others
 * @param sensitive whether only nodes may see its value
 */
public record VariableDefinition(
    String name,
    Type type,
    boolean required,
    boolean hasDefault,
    @Nullable Object defaultValue,
    boolean sensitive) {

  /** Whether the variable may hold a JSON value. Null fits no type. */
  public boolean accepts(@Nullable Object value) {
    return type.accepts(value);
  }

  // The default may be a secret.
  @Override
  public String toString() {
    return "VariableDefinition[name=%s, type=%s]".formatted(name, type);
  }

  /** The JSON type of a variable. */
  public enum Type {
    STRING("a string", String.class),
    NUMBER("a number", Number.class),
    BOOLEAN("true or false", Boolean.class),
    OBJECT("an object", Map.class),
    ARRAY("an array", List.class);

    private final String phrase;

    private final Class<?> values;

    Type(String phrase, Class<?> values) {
      this.phrase = phrase;
      this.values = values;
    }

    boolean accepts(@Nullable Object value) {
      return values.isInstance(value);
    }

    /** What a value of another type is told it must be. */
    String problem() {
      return "must be " + phrase;
    }
  }
}
