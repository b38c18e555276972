package io.heddle.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.heddle.json.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExpressionsTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  private static final Map<String, Object> ROOTS =
      Map.of(
          "variables",
              Json.parse(
                  """
                  {"count": 3, "price": 2.5, "whole": 4.0, "name": "Ada", "none": null,
                   "yes": true, "tags": ["a", "b", null], "big": 12345678901234567890,
                   "long": 9007199254740993, "huge": 1e300, "tiny": -0.5,
                   "deep": {"a": {"b": [{"c": "found"}]}}, "empty": {}, "a-b": 1,
                   "mixed": [1, 1.5, "1", null, [1], {"a": 1}]}
                  """),
          "nodes",
              Json.parse(
                  """
                  {"score": {"status": "completed", "outputs": {"value": 7}},
                   "my-node": {"status": "failed", "outputs": {}}}
                  """),
          "output", Json.parse("{\"ok\": true}"),
          "inputs", Json.parse("{\"city\": \"Oslo\"}"),
          "configurable", Json.parse("{\"limit\": 10}"),
          "channels", Map.of());

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "variables.count | 3",
        "variables.price | 2.5",
        "variables.whole | 4",
        "variables.name | \"Ada\"",
        "variables.none | null",
        "variables.yes | true",
        "variables.tags | [\"a\",\"b\",null]",
        "variables.long | 9007199254740993",
        "variables.long + 1 | 9007199254740994",
        "variables.huge | 1.0E+300",
        "variables.tiny | -0.5",
        "variables['a-b'] | 1",
        "variables.deep.a.b[0].c | \"found\"",
        "variables.deep | {\"a\":{\"b\":[{\"c\":\"found\"}]}}",
        "variables.mixed | [1,1.5,\"1\",null,[1],{\"a\":1}]",
        "variables.empty | {}",
        "[variables.none, variables.count, variables.deep.a] | [null,3,{\"b\":[{\"c\":\"found\"}]}]",
        "{'n': variables.name, 'x': null, 'l': [1u]} | {\"n\":\"Ada\",\"x\":null,\"l\":[1]}",
        "nodes.score.outputs.value + configurable.limit | 17",
        "nodes['my-node'].status | \"failed\"",
        "nodes['score'].status == 'completed' | true",
        "inputs.city + ', ' + variables.name | \"Oslo, Ada\"",
        "size(channels) | 0",
        "has(variables.name) | true",
        "has(variables.other) | false",
        "variables.none == null | true",
        "variables.count > 2.5 | true",
        "variables.price < 3 | true",
        "variables.whole == 4 | true",
        "variables.whole * 2 | 8",
        "7 / 2 | 3",
        "7.0 / 2.0 | 3.5",
        "double(variables.count) * variables.price | 7.5",
        "string(variables.count) | \"3\"",
        "int('42') | 42",
        "variables.yes ? 'y' : 'n' | \"y\"",
        "variables.tags.filter(t, t != null).map(t, t + '!') | [\"a!\",\"b!\"]",
        "variables.tags.exists(t, t == 'b') | true",
        "variables.mixed.all(m, m != 2) | true",
        "'a' in variables.tags | true",
        "'name' in variables | true",
        "1.0 in variables.mixed | true",
        "variables.deep.a == {'b': [{'c': 'found'}]} | true",
        "variables.name.matches('^A.a$') | true",
        "matches(variables.name, 'x') | false",
        "variables.name.contains('da') | true",
        "variables.name.startsWith('A') | true",
        "size('😀') | 1",
        "timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-01T00:00:01Z') | true",
        "duration('90s') == duration('1m30s') | true",
        "type(variables.whole) == int | true",
        "18446744073709551615u | 18446744073709551615",
        "variables.yes && !(false && variables.missing) | true"
      })
  void aValueComesOfIt(String source, String json) throws ExpressionException {
    assertThat(evaluate(source)).isEqualTo(Json.parse(json));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"false || true", "true || variables.missing", "variables.missing || true"})
  void aSideThatDecidesHidesTheFailureOfTheOther(String source) throws ExpressionException {
    assertThat(evaluate(source)).isEqualTo(true);
  }

  @Test
  void aNumberIsReadAsTheStoreWouldGiveItBack() throws ExpressionException {
    assertThat(evaluate("variables.count + 1")).isEqualTo(4);
    assertThat(evaluate("variables.long")).isEqualTo(9_007_199_254_740_993L);
    assertThat(evaluate("variables.price")).isEqualTo(new BigDecimal("2.5"));
    // Too large for a long, so it is a double as soon as it is taken for itself …
    assertThat(evaluate("variables.big")).isEqualTo(new BigDecimal("1.2345678901234567E+19"));
    // … and left as it was inside of what is handed on.
    assertThat(evaluate("variables"))
        .extracting("big")
        .isEqualTo(new BigInteger("12345678901234567890"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "1 + | does not parse as an expression (line 1, column 4)",
        "'abc | does not parse as an expression (line 1, column 1)",
        "@ | does not parse as an expression (line 1, column 1)",
        "`` | does not parse as an expression (line 1, column 1)",
        "1 == | does not parse as an expression (line 1, column 5)",
        "process.env | uses a name that is not known here (line 1, column 1)",
        "1 + secrets.key | uses a name that is not known here (line 1, column 5)",
        "now() | uses a name that is not known here (line 1, column 4)",
        "output.ok | uses a name that is not known here (line 1, column 1)",
        "'a' + 1 | does to a value what values of its type do not take (line 1, column 5)",
        "{variables: 1} | must name the members of an object by texts or by string(…)",
        "{[1]: 1} | must name the members of an object by texts or by string(…)",
        "google.protobuf.Any{} | uses a name that is not known here (line 1, column 20)"
      })
  void aPortIsNotCompiled(String source, String problem) {
    assertThatThrownBy(() -> new Expressions.Builder().port(source))
        .isInstanceOf(ExpressionException.class)
        .hasMessage(problem);
  }

  @Test
  void anEdgeKnowsTheOutputsOfItsSource() throws ExpressionException {
    Expressions.Builder builder = new Expressions.Builder();
    builder.condition("output.ok");

    assertThat(builder.build().evaluate("output.ok", ExpressionsTest::root)).isEqualTo(true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "'true'", "[true]", "null", "variables.count + 1"})
  void aConditionThatCannotBeTrueOrFalseIsNotCompiled(String source) {
    assertThatThrownBy(() -> new Expressions.Builder().condition(source))
        .hasMessage("must give true or false");
  }

  @Test
  void aConditionOfWhichTheTypeIsNotKnownYetIsCompiled() throws ExpressionException {
    Expressions.Builder builder = new Expressions.Builder();
    builder.condition("variables.count");

    assertThat(builder.build().evaluate("variables.count", ExpressionsTest::root)).isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "variables.missing | uses a member that is not there (offset 9)",
        "variables.name.first | uses a member that is not there (offset 14)",
        "nodes['nobody'] | uses a member that is not there (offset 5)",
        "variables.tags[7] | uses an item that is not there (offset 14)",
        "variables.count / 0 | divides by zero (offset 16)",
        "9223372036854775807 + variables.count | leaves the range of its numbers (offset 20)",
        "variables.name + 1 | does to a value what values of its type do not take (offset 15)",
        "variables.price + 1 | does to a value what values of its type do not take (offset 16)",
        "{string(variables.name): 1, 'Ada': 2} | gives an object the same member twice (offset 33)",
        "int(variables.name) | converts a text that has not the format for it (offset 3)",
        "variables.name.matches('(') | cannot be evaluated with these values (offset 22)",
        "b'bytes' | gives a value that is not JSON",
        "int | gives a value that is not JSON",
        "timestamp('2026-01-01T00:00:00Z') | gives a value that is not JSON",
        "[duration('1s')] | gives a value that is not JSON",
        "1.0 / 0.0 | gives a value that is not JSON",
        "{1: 2} | gives an object whose member names are not texts",
        "'\\u0000' | gives a value that is not JSON: it must not hold a NUL character"
      })
  void noValueComesOfIt(String source, String problem) {
    assertThatThrownBy(() -> evaluate(source))
        .isInstanceOf(ExpressionException.class)
        .hasMessage(problem);
  }

  @Test
  void noMessageQuotesAValueOrTheSource() {
    Map<String, Object> secret = Map.of("s", "s3cr3t", "l", List.of("s3cr3t"), "m", Map.of());
    for (String source :
        List.of(
            "variables.s + 1",
            "variables.m[variables.s]",
            "int(variables.s)",
            "variables.l[12345678901]",
            "variables.s.matches(variables.s + '(')",
            "{string(variables.s): 1, string(variables.s): 2}",
            "variables.l.s3cr3t",
            "timestamp(variables.s)",
            "s3cr3t",
            "'s3cr3t' + 1",
            "'s3cr3t")) {
      assertThatThrownBy(() -> evaluate(source, secret))
          .isInstanceOf(ExpressionException.class)
          .hasMessageNotContaining("s3cr3t")
          .hasNoCause();
    }
  }

  static List<String> tooLargeToCompile() {
    return List.of(
        "(".repeat(2_000) + "1" + ")".repeat(2_000),
        "[".repeat(4_000),
        "{1:".repeat(1_300),
        "1" + "+1".repeat(2_000),
        "variables" + ".a".repeat(2_000),
        "variables" + "[0]".repeat(1_300),
        "variables" + ".map(x,x)".repeat(400),
        "true?1:".repeat(500) + "1",
        "variables.all(x,".repeat(250) + "true" + ")".repeat(250),
        "1" + " ".repeat(4_096),
        "'" + "😀".repeat(4_095) + "'",
        "x".repeat(2_000_000),
        "@#$%^&*".repeat(500),
        "(((((((((('".repeat(300),
        "[1]" + ".map(x, {x: x})".repeat(28));
  }

  @ParameterizedTest
  @MethodSource
  void tooLargeToCompile(String source) {
    assertTimeoutPreemptively(
        SOON,
        () ->
            onASmallStack(
                () ->
                    assertThatThrownBy(() -> new Expressions.Builder().port(source))
                        .isInstanceOf(ExpressionException.class)));
  }

  static List<String> asLargeAsItGets() {
    return List.of(
        "!".repeat(4_000) + "true",
        "-".repeat(4_000) + "1",
        "true" + " || true".repeat(500),
        "[" + "1,".repeat(2_000) + "1]",
        "(".repeat(25) + "1" + ")".repeat(25),
        "variables.count" + " + 1".repeat(50),
        "[1]" + ".map(x, x)".repeat(30),
        "[1]" + ".map(x, {'a': x, 'b': [x]})".repeat(20),
        "variables" + ".all(x, variables".repeat(20) + ".size() > 0" + ")".repeat(20));
  }

  @ParameterizedTest
  @MethodSource
  void asLargeAsItGets(String source) {
    assertTimeoutPreemptively(
        SOON,
        () ->
            onASmallStack(
                () -> {
                  try {
                    evaluate(source);
                  } catch (ExpressionException e) {
                    assertThat(e.problem()).contains("takes more");
                  }
                }));
  }

  static List<String> tooMuchWork() {
    String doubled = ".map(x, x + x)".repeat(25);
    return List.of(
        "['0123456789abcdef']" + doubled + ".size()",
        "[[1]]" + doubled + ".size()",
        "[b'0123456789abcdef']" + doubled + ".size()",
        "[1]" + ".map(x, [x, x, x, x, x, x, x, x])".repeat(25) + ".size()",
        "[1]" + ".map(x, {'a': x, 'b': x, 'c': x})".repeat(25) + ".size()",
        "[1]" + ".map(x, [x, x])".repeat(18) + ".map(x, x == x)",
        "[variables.list]" + ".map(x, [x, x, x, x, x, x, x])".repeat(8) + ".size()",
        "variables.list.all(x, variables.list.all(y, variables.list.all(z, true)))",
        "variables.list.all(x, variables.list == variables.list + [] || true)",
        "variables.list.all(x, variables.list != [] && variables.list in [variables.list])",
        "variables.list.all(x, variables.text.contains(variables.text + 'b') || true)",
        "variables.list.all(x, variables.text.matches('(a{1,300}){1}b') || true)",
        "variables.list.all(x, variables.text.matches('a{' + string(x) + '}b') || true)",
        "variables.list.all(x, size(variables.text) > 0)",
        "variables.list.all(x, {1: 1}[variables.list] == 1 || true)",
        // A side that was refused must not be forgotten for the other.
        "variables.list.all(x, variables.list == variables.list) || true");
  }

  @ParameterizedTest
  @MethodSource
  void tooMuchWork(String source) {
    List<Object> list = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      list.add(i % 1_000);
    }
    Map<String, Object> variables = Map.of("list", list, "text", "a".repeat(100_000));

    assertTimeoutPreemptively(
        SOON,
        () ->
            assertThatThrownBy(() -> evaluate(source, variables))
                .isInstanceOf(ExpressionException.class)
                .hasMessageStartingWith("takes more"));
  }

  @Test
  void ordinaryWorkOnManyValuesIsDone() throws ExpressionException {
    List<Object> orders = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      Map<String, Object> order = new LinkedHashMap<>();
      order.put("id", "order-" + i);
      order.put("total", i);
      orders.add(order);
    }

    Object value =
        evaluate(
            "variables.orders.filter(o, o.total >= 1000 && o.id.matches('^order-[0-9]+$'))"
                + ".map(o, {'id': o.id, 'double': o.total * 2})",
            Map.of("orders", orders));

    assertThat((List<?>) value)
        .hasSize(2_000)
        .first()
        .isEqualTo(Map.of("id", "order-1000", "double", 2_000));
  }

  @Test
  void aLongTextIsNoTime() {
    assertThatThrownBy(() -> evaluate("duration(variables.t)", Map.of("t", "1h".repeat(200_000))))
        .hasMessageStartingWith("cannot be evaluated with these values");
  }

  @Test
  void aResultThatIsTooLargeIsNone() {
    Map<String, Object> variables = Map.of("text", "a".repeat(1_048_576));

    assertThatThrownBy(() -> evaluate("variables.text", variables))
        .hasMessage("gives a value that is too large");
    assertThatThrownBy(() -> evaluate("variables", variables))
        .hasMessage("gives a value that is too large");
  }

  @Test
  void aResultThatIsNestedTooDeeplyIsNone() {
    Object deep = 1;
    for (int i = 0; i < 60; i++) {
      deep = List.of(deep);
    }
    Map<String, Object> variables = Map.of("deep", deep);

    assertThatThrownBy(() -> evaluate("[[[[[[variables.deep]]]]]]", variables))
        .hasMessageContaining("nested deeper than 64");
  }

  @Test
  void oneProgramIsEvaluatedByManyThreadsAtOnce() throws Exception {
    String source = "variables.list.map(x, x + variables.add)";
    Expressions.Builder builder = new Expressions.Builder();
    builder.port(source);
    Expressions expressions = builder.build();
    var threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Object>> calls = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        Map<String, Object> variables = Map.of("list", List.of(1, 2), "add", i);
        calls.add(() -> expressions.evaluate(source, name -> variables));
      }
      List<Future<Object>> results = threads.invokeAll(calls);
      for (int i = 0; i < 400; i++) {
        assertThat(results.get(i).get()).isEqualTo(List.of(1 + i, 2 + i));
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void theExpressionsOfOneDefinitionAreCounted() throws ExpressionException {
    Expressions.Builder builder = new Expressions.Builder();
    for (int i = 0; i < 499; i++) {
      builder.port(String.valueOf(i));
      builder.port("0");
    }
    builder.condition("true");

    builder.port("0");
    builder.condition("true");
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> builder.port("'one more'"))
          .hasMessage(
              "is more than the 500 expressions or 100000 characters of them that a workflow may"
                  + " have");
    }
  }

  @Test
  void theCharactersOfAllExpressionsOfOneDefinitionAreCounted() throws ExpressionException {
    Expressions.Builder builder = new Expressions.Builder();
    for (int i = 0; i < 25; i++) {
      builder.port("'%s%d'".formatted("a".repeat(3_980), 10 + i));
    }

    assertThatThrownBy(() -> builder.port("'%s'".formatted("b".repeat(4_000))))
        .hasMessageStartingWith("is more than the 500 expressions");
  }

  @Test
  void onlyTheRootsThatAreUsedAreAskedFor() throws ExpressionException {
    Expressions.Builder builder = new Expressions.Builder();
    builder.port("inputs.city");
    List<String> asked = new ArrayList<>();

    builder
        .build()
        .evaluate(
            "inputs.city",
            name -> {
              asked.add(name);
              return root(name);
            });

    assertThat(asked).containsExactly("inputs");
  }

  @Test
  void anExpressionOfAnotherDefinitionIsAMistake() {
    assertThatThrownBy(() -> Expressions.NONE.evaluate("1", ExpressionsTest::root))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("'1'");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, ?> root(String name) {
    return (Map<String, ?>) ROOTS.get(name);
  }

  private static Object evaluate(String source) throws ExpressionException {
    Expressions.Builder builder = new Expressions.Builder();
    builder.port(source);
    return builder.build().evaluate(source, ExpressionsTest::root);
  }

  private static Object evaluate(String source, Map<String, Object> variables)
      throws ExpressionException {
    Expressions.Builder builder = new Expressions.Builder();
    builder.port(source);
    return builder.build().evaluate(source, name -> variables);
  }

  private static void onASmallStack(Runnable check) throws InterruptedException {
    Throwable[] failure = new Throwable[1];
    Thread thread = new Thread(null, check, "small-stack", 512 * 1024);
    thread.setUncaughtExceptionHandler((it, e) -> failure[0] = e);
    thread.start();
    thread.join();
    assertThat(failure[0]).isNull();
  }
}
