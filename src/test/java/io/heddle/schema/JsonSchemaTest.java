package io.heddle.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.heddle.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonSchemaTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"type\":\"integer\"} | 1 | ",
        "{\"type\":\"integer\"} | 1.0 | ",
        "{\"type\":\"integer\"} | 12345678901234567890 | ",
        "{\"type\":\"integer\"} | 1.5 | must be an integer",
        "{\"type\":[\"string\",\"null\"]} | null | ",
        "{\"type\":[\"string\",\"null\"]} | 1 | must be a string or null",
        "{\"type\":\"boolean\"} | 0 | must be true or false",
        "{\"enum\":[1,\"a\",null]} | 1.0 | ",
        "{\"enum\":[1,\"a\"]} | 2 | must be one of the values that the schema lists",
        "{\"const\":{\"a\":1}} | {\"a\":1.0} | ",
        "{\"const\":1} | 2 | must be the value that the schema names",
        "{\"minimum\":1} | 0.5 | must be at least 1",
        "{\"maximum\":1} | 2 | must be at most 1",
        "{\"exclusiveMinimum\":1} | 1 | must be more than 1",
        "{\"exclusiveMaximum\":1} | 1 | must be less than 1",
        "{\"multipleOf\":0.1} | 0.3 | ",
        "{\"multipleOf\":0.1} | 0.35 | must be a multiple of 0.1",
        "{\"minLength\":2} | \"😀\" | must be at least 2 characters long",
        "{\"maxLength\":1} | \"😀\" | ",
        "{\"maxLength\":1} | \"ab\" | must be at most 1 characters long",
        "{\"pattern\":\"^[a-z]+$\"} | \"abc\" | ",
        "{\"pattern\":\"b\"} | \"abc\" | ",
        "{\"pattern\":\"^[a-z]+$\"} | \"ABC\" | must match the pattern of the schema",
        "{\"format\":\"date-time\"} | \"yesterday\" | ",
        "{\"minItems\":1} | [] | must hold at least 1 items",
        "{\"maxItems\":1} | [1,2] | must hold at most 1 items",
        "{\"enum\":[[1.50,100]]} | [1.5,1E+2] | ",
        "{\"uniqueItems\":true} | [1,1.0] | must not hold an item twice",
        "{\"contains\":{\"const\":1}} | [2] | must fit the schema",
        "{\"minProperties\":1} | {} | must hold at least 1 members",
        "{\"maxProperties\":0} | {\"a\":1} | must hold at most 0 members",
        "{\"not\":{\"type\":\"string\"}} | \"a\" | must not fit what the schema excludes",
        "{\"oneOf\":[true,true]} | 1 | must fit exactly one alternative of the schema",
        "{\"$defs\":{\"a\":{\"type\":\"string\"}},\"$ref\":\"#/$defs/a\"} | 1 | must be a string",
        "{\"$defs\":{\"a~b/c\":false},\"$ref\":\"#/$defs/a~0b~1c\"} | 1 | must not be there",
        "{\"if\":{\"type\":\"string\"},\"then\":{\"maxLength\":1}} | \"ab\" "
            + "| must be at most 1 characters long",
        "{\"$id\":\"https://example.org/s\",\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":true}} | 1 | ",
        "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema#\",\"x-mine\":1} | 1 | "
      })
  void holdsAValueAgainstIt(String schema, String value, String problem) throws Exception {
    assertThat(compile(schema).validate(Json.parse(value)))
        .isEqualTo(problem == null ? List.of() : List.of(new Violation("", problem)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"properties\":{\"a\":{\"items\":{\"type\":\"string\"}}}} | {\"a\":[\"x\",1]} "
            + "| /a/1 | must be a string",
        "{\"properties\":{\"a~/b\":{\"type\":\"string\"}}} | {\"a~/b\":1} "
            + "| /a~0~1b | must be a string",
        "{\"required\":[\"a/b\"]} | {} | /a~1b | is required",
        "{\"dependentRequired\":{\"a\":[\"b\"]}} | {\"a\":1} | /b | is required",
        "{\"additionalProperties\":false} | {\"a/b\":1} | /a~1b | is not a known member",
        "{\"unevaluatedProperties\":false} | {\"a\":1} | /a | is not a known member",
        "{\"propertyNames\":{\"maxLength\":1}} | {\"ab\":1} "
            + "| /ab | must have a name that the schema allows",
        "{\"properties\":{\"a\":false}} | {\"a\":1} | /a | must not be there",
        "{\"patternProperties\":{\"^x-\":{\"type\":\"string\"}}} | {\"x-a\":1,\"y\":2} "
            + "| /x-a | must be a string"
      })
  void tellsThePlace(String schema, String value, String pointer, String problem) throws Exception {
    assertThat(compile(schema).validate(Json.parse(value)))
        .containsExactly(new Violation(pointer, problem));
  }

  @Test
  void tellsEverythingThatIsWrongButNoValue() throws Exception {
    JsonSchema schema =
        compile(
            """
            {"properties": {
               "a": {"const": "x"}, "b": {"enum": ["x"]}, "c": {"pattern": "x"},
               "d": {"type": "integer"}, "e": {"anyOf": [{"type": "integer"}, {"maxLength": 1}]},
               "f": {"not": {"type": "string"}}, "g": {"format": "email", "minLength": 99},
               "h": {"uniqueItems": true}, "i": {"contains": {"const": 1}}}}
            """);
    Map<String, Object> value = new LinkedHashMap<>();
    for (String name : "a b c d e f g".split(" ")) {
      value.put(name, "s3cr3t");
    }
    value.put("h", List.of("s3cr3t", "s3cr3t"));
    value.put("i", List.of("s3cr3t"));

    List<Violation> violations = schema.validate(value);

    assertThat(violations).extracting(Violation::pointer).contains("/a", "/b", "/c", "/d", "/e");
    assertThat(violations).hasSizeGreaterThan(8).doesNotHaveDuplicates();
    assertThat(violations.toString()).doesNotContain("s3cr3t");
  }

  @Test
  void listsAHundredViolations() throws Exception {
    List<Object> items = new ArrayList<>(Collections.nCopies(300, 1));

    assertThat(compile("{\"items\":{\"type\":\"string\"}}").validate(items)).hasSize(100);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"type\":\"text\"} | /type",
        "{\"properties\":{\"a\":7}} | /properties/a",
        "{\"required\":[\"a\",\"a\"]} | /required",
        "{\"minLength\":-1} | /minLength",
        "{\"multipleOf\":0} | /multipleOf",
        "{\"allOf\":[]} | /allOf",
        "{\"items\":[true]} | /items",
        "{\"additionalProperties\":{\"properties\":{\"a~/b\":{\"minimum\":\"1\"}}}} "
            + "| /additionalProperties/properties/a~0~1b/minimum",
        "{\"$ref\":5} | /$ref"
      })
  void isCheckedItself(String schema, String pointer) {
    assertThat(violations(schema)).extracting(Violation::pointer).contains(pointer);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"} | /$schema "
            + "| must be https://json-schema.org/draft/2020-12/schema",
        "{\"$ref\":\"https://example.org/schema.json\"} | /$ref "
            + "| must be a JSON pointer within the schema, like #/$defs/name",
        "{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"} | /$ref "
            + "| must be a JSON pointer within the schema, like #/$defs/name",
        "{\"$ref\":\"file:///etc/passwd\"} | /$ref "
            + "| must be a JSON pointer within the schema, like #/$defs/name",
        "{\"$ref\":\"classpath:draft-07.json\"} | /$ref "
            + "| must be a JSON pointer within the schema, like #/$defs/name",
        "{\"items\":{\"$ref\":\"other.json#/$defs/a\"}} | /items/$ref "
            + "| must be a JSON pointer within the schema, like #/$defs/name",
        "{\"$defs\":{\"a\":{\"$anchor\":\"n\"}},\"$ref\":\"#n\"} | /$ref "
            + "| must be a JSON pointer within the schema, like #/$defs/name",
        "{\"properties\":{\"a\":{\"$id\":\"https://example.org/\"}}} | /properties/a/$id "
            + "| must not be anywhere but at the root",
        "{\"items\":{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"}} "
            + "| /items/$schema | must not be anywhere but at the root",
        "{\"items\":{\"$dynamicRef\":\"#n\"}} | /items/$dynamicRef | is not served by this host",
        "{\"$ref\":\"#/$defs/none\"} | /$ref | must lead to a schema of this document",
        "{\"default\":{\"type\":\"string\"},\"$ref\":\"#/default\"} | /$ref "
            + "| must lead to a schema of this document",
        "{\"$ref\":\"#\"} | /$ref | must not lead back to where it is",
        "{\"properties\":{\"next\":{\"$ref\":\"#\"}}} | /properties/next/$ref "
            + "| must not lead back to where it is",
        "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}]},"
            + "\"b\":{\"not\":{\"$ref\":\"#/$defs/a\"}}}} | /$defs/b/not/$ref "
            + "| must not lead back to where it is",
        "{\"dependencies\":{\"a\":{\"$ref\":\"#\"}}} | /dependencies/a/$ref "
            + "| must not lead back to where it is",
        "{\"pattern\":\"(?=a)\"} | /pattern | is not a regular expression of the RE2 syntax",
        "{\"patternProperties\":{\"(\":true}} | /patternProperties/( "
            + "| is not a regular expression of the RE2 syntax",
        "{\"items\":{\"pattern\":\"((a{99}){99}){99}\"}} | /items/pattern "
            + "| repeats too much for a regular expression",
        "{\"multipleOf\":1E-999999999} | /multipleOf | must be a number of at most 400 digits"
      })
  void isRefused(String schema, String pointer, String problem) {
    assertThat(violations(schema)).contains(new Violation(pointer, problem));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"properties\":{\"$ref\":{\"type\":\"string\"},\"$id\":true,\"pattern\":true}}",
        "{\"const\":{\"$ref\":\"https://example.org/\"}}",
        "{\"enum\":[{\"$id\":1}],\"default\":{\"pattern\":\"(\"},\"examples\":[{\"$ref\":\"#\"}]}",
        "{\"definitions\":{\"a\":true},\"$ref\":\"#/definitions/a\"}",
        "{\"$defs\":{\"a\":{\"type\":\"string\"}},\"$ref\":\"#/$defs/a\",\"maxLength\":3}",
        "{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"$ref\":\"#/properties/a\"}}}",
        "{}"
      })
  void isTaken(String schema) {
    assertThatNoException().isThrownBy(() -> compile(schema).validate(Map.of("a", "b")));
  }

  static List<String> tooLarge() {
    StringBuilder laughs = new StringBuilder("{\"$ref\":\"#/$defs/l0\",\"$defs\":{");
    StringBuilder chain = new StringBuilder("{\"$ref\":\"#/$defs/c0\",\"$defs\":{");
    for (int i = 0; i < 1_200; i++) {
      if (i < 60) {
        String next = "{\"$ref\":\"#/$defs/l%d\"}".formatted(i + 1);
        laughs.append("\"l%d\":{\"allOf\":[%s,%s]},".formatted(i, next, next));
      }
      chain.append("\"c%d\":{\"$ref\":\"#/$defs/c%d\"},".formatted(i, i + 1));
    }
    return List.of(
        laughs + "\"l60\":true}}",
        chain + "\"c1200\":true}}",
        "{\"enum\":[%s]}".formatted(String.join(",", Collections.nCopies(70_000, "1"))),
        "{\"allOf\":[%s]}".formatted(String.join(",", Collections.nCopies(2_100, "{}"))),
        "{\"allOf\":[%s]}"
            .formatted(
                String.join(",", Collections.nCopies(40, "{\"pattern\":\"(a?){1,300}b\"}"))));
  }

  @ParameterizedTest
  @MethodSource
  void tooLarge(String schema) {
    assertTimeoutPreemptively(
        SOON,
        () ->
            assertThat(violations(schema))
                .singleElement()
                .satisfies(it -> assertThat(it.pointer()).isEmpty())
                .satisfies(it -> assertThat(it.problem()).containsAnyOf("at most", "deeper")));
  }

  @Test
  void aValueThatIsTooLargeIsNotHeldAgainstIt() throws Exception {
    JsonSchema schema = compile("{\"items\":{\"pattern\":\"^(a+)+$\"}}");

    assertThat(schema.validate(Collections.nCopies(1_000, "a")))
        .containsExactly(new Violation("", "must hold at most 1000 values"));
    assertThat(schema.validate(List.of("a".repeat(16_385))))
        .containsExactly(new Violation("", "must hold at most 16384 characters"));
    assertThat(schema.validate(Map.of("a".repeat(16_385), 1)))
        .containsExactly(new Violation("", "must hold at most 16384 characters"));
    assertThat(compile("{\"multipleOf\":3}").validate(Json.parse("1E-999999999")))
        .contains(new Violation("", "must be a number of at most 400 digits"));
  }

  @Test
  void theWorstThatFitsIsDoneSoon() throws Exception {
    JsonSchema patterns =
        compile(
            "{\"allOf\":[%s]}"
                .formatted(
                    String.join(",", Collections.nCopies(15, "{\"pattern\":\"(a?){1,100}b\"}"))));
    JsonSchema schemas =
        compile(
            "{\"items\":{\"allOf\":[%s]},\"uniqueItems\":true}"
                .formatted(String.join(",", Collections.nCopies(1_900, "{\"type\":\"string\"}"))));

    assertTimeoutPreemptively(
        SOON,
        () -> {
          assertThat(patterns.validate("a".repeat(16_384))).isNotEmpty();
          assertThat(schemas.validate(Collections.nCopies(999, 1)))
              .containsExactly(new Violation("", "does not fit the schema in too many places"));
        });
  }

  private static JsonSchema compile(String schema) throws InvalidSchemaException {
    return JsonSchema.compile(Json.parseObject(schema));
  }

  private static List<Violation> violations(String schema) {
    InvalidSchemaException refusal =
        catchThrowableOfType(InvalidSchemaException.class, () -> compile(schema));
    assertThat(refusal).as(schema.substring(0, Math.min(80, schema.length()))).isNotNull();
    assertThat(refusal.getMessage()).isEqualTo("The schema is not valid");
    return refusal.violations();
  }
}
