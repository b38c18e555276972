package io.heddle.schema;

import com.networknt.schema.Error;
import com.networknt.schema.ExecutionContext;
import com.networknt.schema.OutputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.dialect.BasicDialectRegistry;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.keyword.AnnotationKeyword;
import com.networknt.schema.regex.RegularExpression;
import io.heddle.expression.ExpressionException;
import io.heddle.expression.Regex;
import java.io.Serial;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A JSON Schema of the draft 2020-12. {@code format} is an annotation, as that draft has it.
 * Immutable and thread-safe.
 *
 * <p>What a validation may cost is bounded from both sides: by the size of the schema with all its
 * references followed, of which none leads back or outside, and by the size of the value. Patterns
 * are those of {@link Regex}, so they search in linear time.
 */
public final class JsonSchema {

  /** The largest value that is held against a schema, in values of all depths. */
  static final int MAX_VALUES = 1_000;

  /** The largest value that is held against a schema, in characters of its texts and names. */
  static final int MAX_CHARACTERS = 16_384;

  private static final int MOST_VIOLATIONS = 100;

  private static final int MOST_ERRORS = 20_000;

  private static final JsonMapper MAPPER = new JsonMapper();

  /** Set up when the first schema is compiled. */
  private static final class Draft {

    private static final String URI = Dialects.getDraft202012().getId();

    private static final SchemaRegistry REGISTRY = registry();

    private static final Schema META_SCHEMA = REGISTRY.getSchema(SchemaLocation.of(URI));

    private static SchemaRegistry registry() {
      Dialect dialect =
          Dialect.builder(Dialects.getDraft202012())
              // The default remembers every unknown name for ever, and logs it.
              .unknownKeywordFactory((name, context) -> new AnnotationKeyword(name))
              .build();
      return SchemaRegistry.builder()
          .defaultDialectId(URI)
          .dialectRegistry(new BasicDialectRegistry(dialect))
          .schemaRegistryConfig(
              SchemaRegistryConfig.builder().regularExpressionFactory(JsonSchema::regex).build())
          // The schemas of the draft itself are inside of the library; nothing else is loaded.
          .schemaLoader(
              loader ->
                  loader
                      .fetchRemoteResources(false)
                      .allow(
                          iri ->
                              iri.toString().startsWith("https://json-schema.org/draft/2020-12/")))
          .build();
    }
  }

  private final Schema schema;

  private JsonSchema(Schema schema) {
    this.schema = schema;
  }

  /**
   * Checks and compiles a schema.
   *
   * @throws InvalidSchemaException listing what is wrong with it
   */
  public static JsonSchema compile(Map<String, @Nullable Object> schema)
      throws InvalidSchemaException {
    refuse(SchemaRules.ofItsSize(schema));
    refuse(SchemaRules.ofItsDraft(schema, Draft.URI));
    refuse(violations(Draft.META_SCHEMA, tree(schema)));
    refuse(SchemaRules.ofItsParts(schema));
    try {
      Schema compiled = Draft.REGISTRY.getSchema(tree(SchemaRules.withoutId(schema)));
      compiled.initializeValidators();
      return new JsonSchema(compiled);
    } catch (RuntimeException e) {
      throw new InvalidSchemaException(
          List.of(new Violation("", "is not a schema that this host can read")));
    }
  }

  /** What a JSON value violates; empty if it fits. */
  public List<Violation> validate(@Nullable Object value) {
    List<Violation> oversize = SchemaRules.ofAValue(value);
    return oversize.isEmpty() ? violations(schema, tree(value)) : oversize;
  }

  private static void refuse(List<Violation> violations) throws InvalidSchemaException {
    if (!violations.isEmpty()) {
      throw new InvalidSchemaException(violations);
    }
  }

  private static List<Violation> violations(Schema schema, JsonNode value) {
    // Alternatives and references report the same place more than once.
    Set<Violation> violations = new LinkedHashSet<>();
    try {
      for (Error error : schema.validate(new Context(), value, OutputFormat.DEFAULT)) {
        if (violations.size() == MOST_VIOLATIONS) {
          break;
        }
        violations.add(Violations.of(error));
      }
    } catch (TooManyErrors e) {
      return List.of(new Violation("", "does not fit the schema in too many places"));
    }
    return List.copyOf(violations);
  }

  /** Counts the errors, for the library keeps all of them until the end. */
  private static final class Context extends ExecutionContext {

    private int errors;

    @Override
    public void addError(Error error) {
      errors++;
      if (errors > MOST_ERRORS) {
        throw new TooManyErrors();
      }
      super.addError(error);
    }
  }

  private static final class TooManyErrors extends RuntimeException {

    @Serial private static final long serialVersionUID = 1L;

    TooManyErrors() {
      super(null, null, false, false);
    }
  }

  private static JsonNode tree(@Nullable Object value) {
    return MAPPER.valueToTree(plain(value));
  }

  /** The same value with every number in one form, for the library tells 1 from 1.0 in objects. */
  private static @Nullable Object plain(@Nullable Object value) {
    if (value instanceof Map<?, ?> members) {
      Map<Object, @Nullable Object> plain = new LinkedHashMap<>();
      members.forEach((name, member) -> plain.put(name, plain(member)));
      return plain;
    }
    if (value instanceof List<?> items) {
      List<@Nullable Object> plain = new ArrayList<>();
      items.forEach(item -> plain.add(plain(item)));
      return plain;
    }
    if (value instanceof BigDecimal number) {
      BigDecimal shortest = number.stripTrailingZeros();
      return shortest.scale() > 0 ? shortest : integer(shortest.toBigInteger());
    }
    return value instanceof Number number ? integer(new BigInteger(number.toString())) : value;
  }

  private static Number integer(BigInteger number) {
    if (number.bitLength() < Integer.SIZE) {
      return number.intValue();
    }
    return number.bitLength() < Long.SIZE ? (Number) number.longValue() : number;
  }

  private static RegularExpression regex(String pattern) {
    try {
      Regex regex = Regex.compile(pattern);
      return text -> {
        try {
          return regex.find(text);
        } catch (ExpressionException e) {
          return false;
        }
      };
    } catch (ExpressionException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
