package io.heddle.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.expression.ExpressionException;
import io.heddle.expression.Expressions;
import io.heddle.json.Json;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.workflow.EdgeCondition;
import io.heddle.workflow.EdgeCondition.Contains;
import io.heddle.workflow.EdgeCondition.Equals;
import io.heddle.workflow.EdgeCondition.Matches;
import io.heddle.workflow.EdgeCondition.NotEquals;
import io.heddle.workflow.ValuePath;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConditionsTest {

  private static final Map<String, Object> OUTPUTS =
      Json.parseObject(
          """
          {"score": 7, "exact": 7.0, "half": 0.5, "text": "a long text", "none": null, "yes": true,
           "list": [1, "two", null, {"a": 1.0}], "map": {"a": [1, {"b": 2}], "k": null},
           "variable": {"x": 1}, "": "nameless"}
          """);

  private static final RunState STATE =
      RunState.initial(Json.parseObject("{\"limit\": 5, \"name\": \"Ada\"}"), Map.of())
          .with("check", NodeState.started(0).ended(Progress.COMPLETED, OUTPUTS))
          .with("broken", NodeState.started(1).ended(Progress.FAILED, Map.of()))
          .with("left-out", NodeState.started(0).ended(Progress.SKIPPED, Map.of()))
          .with("busy", NodeState.started(0));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "score | 7 | true",
        "score | 7.0 | true",
        "score | 70E-1 | true",
        "exact | 7 | true",
        "score | \"7\" | false",
        "half | 0.50 | true",
        "half | 0 | false",
        "text | \"a long text\" | true",
        "text | \"a\" | false",
        "none | null | true",
        "missing | null | true",
        "missing.deeper.0 | null | true",
        "score.of | null | true",
        "none | false | false",
        "yes | true | true",
        "yes | 1 | false",
        "list | [1, \"two\", null, {\"a\": 1}] | true",
        "list | [1.0, \"two\", null, {\"a\": 1}, 2] | false",
        "list | [\"two\", 1, null, {\"a\": 1}] | false",
        "list | {} | false",
        "list.1 | \"two\" | true",
        "list.3.a | 1 | true",
        "list.4 | null | true",
        "list.01 | null | true",
        "list.-1 | null | true",
        "list.99999999999 | null | true",
        "map | {\"k\": null, \"a\": [1, {\"b\": 2.0}]} | true",
        "map | {\"a\": [1, {\"b\": 2}]} | false",
        "map | {\"a\": [1, {\"b\": 2}], \"j\": null} | false",
        "map.a.1.b | 2 | true",
        "output.score | 7 | true",
        "variable.x | 1 | true",
        "variables.limit | 5 | true",
        "variables.score | null | true",
        "nodes.check.status | \"completed\" | true",
        "nodes.check.outputs.score | 7 | true",
        "nodes.broken.status | \"failed\" | true",
        "nodes.left-out.status | \"skipped\" | true",
        "nodes.busy.status | \"running\" | true",
        "nodes.never.status | null | true",
        "inputs.city | \"Oslo\" | true",
        "configurable.mode | \"fast\" | true",
        "channels | {} | true"
      })
  void equality(String left, String right, boolean same) throws ExpressionException {
    ValuePath path = ValuePath.parse(left);

    assertThat(holds(new Equals(path, Json.parse(right)))).isEqualTo(same);
    assertThat(holds(new NotEquals(path, Json.parse(right)))).isEqualTo(!same);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "text | \"long\" | true",
        "text | \"\" | true",
        "text | \"Long\" | false",
        "text | 1 | false",
        "list | \"two\" | true",
        "list | 1.0 | true",
        "list | null | true",
        "list | {\"a\": 1} | true",
        "list | 2 | false",
        "list | \"tw\" | false",
        "map | \"a\" | true",
        "map | \"k\" | true",
        "map | \"b\" | false",
        "map | [1] | false",
        "score | 7 | false",
        "none | null | false",
        "missing | \"a\" | false"
      })
  void containment(String left, String right, boolean holds) throws ExpressionException {
    assertThat(holds(new Contains(ValuePath.parse(left), Json.parse(right)))).isEqualTo(holds);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "text | long | true",
        "text | ^long | false",
        "text | ^a.*text$ | true",
        "text | (?i)LONG | true",
        "list.1 | ^tw | true",
        "list | two | false",
        "score | 7 | false",
        "none | null | false",
        "missing | .* | false"
      })
  void regularExpressions(String left, String right, boolean holds) throws ExpressionException {
    Matches condition = new Matches(ValuePath.parse(left), new Expressions.Builder().regex(right));

    assertThat(holds(condition)).isEqualTo(holds);
  }

  @Test
  void aSearchThatWouldTakeTooLongIsAFailure() throws ExpressionException {
    Matches condition =
        new Matches(ValuePath.parse("text"), new Expressions.Builder().regex("a{1,900}c"));
    RunState state =
        RunState.initial(Map.of(), Map.of())
            .with(
                "check",
                NodeState.started(0)
                    .ended(Progress.COMPLETED, Map.of("text", "a".repeat(200_000))));

    assertThatThrownBy(() -> Conditions.holds(condition, scope(Expressions.NONE, state)))
        .isInstanceOf(ExpressionException.class)
        .hasMessage("searches a text that is too long for it");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "output.score > variables.limit | true",
        "output.score == 7.0 | true",
        "output.score < inputs.least | false",
        "nodes.broken.status == 'failed' && configurable.mode == 'fast' | true",
        "'two' in output.list | true",
        "has(nodes.never) | false",
        "output.yes | true"
      })
  void expressions(String source, boolean holds) throws ExpressionException {
    assertThat(holds(source)).isEqualTo(holds);
  }

  @ParameterizedTest
  @ValueSource(strings = {"output.score", "output.none", "output.list"})
  void anExpressionMustGiveTrueOrFalse(String source) {
    assertThatThrownBy(() -> holds(source))
        .isInstanceOf(ExpressionException.class)
        .hasMessage("gives neither true nor false");
  }

  @Test
  void anExpressionThatCannotBeEvaluatedIsAFailure() {
    assertThatThrownBy(() -> holds("output.missing == 1"))
        .isInstanceOf(ExpressionException.class)
        .hasMessage("uses a member that is not there (offset 6)");
  }

  @Test
  void aSourceThatGaveNothingHasNoOutputs() throws ExpressionException {
    for (String source : List.of("broken", "never")) {
      EvaluationScope scope = scope(Expressions.NONE, STATE).behind(source);

      assertThat(Conditions.holds(new Equals(ValuePath.parse("output"), Map.of()), scope)).isTrue();
      assertThat(Conditions.holds(new Equals(ValuePath.parse("score"), null), scope)).isTrue();
    }
  }

  private static boolean holds(EdgeCondition condition) throws ExpressionException {
    return Conditions.holds(condition, scope(Expressions.NONE, STATE));
  }

  private static boolean holds(String source) throws ExpressionException {
    Expressions.Builder expressions = new Expressions.Builder();
    expressions.condition(source);
    return Conditions.holds(
        new EdgeCondition.Expression(source), scope(expressions.build(), STATE));
  }

  private static EvaluationScope scope(Expressions expressions, RunState state) {
    return new EvaluationScope(
            expressions,
            state,
            Json.parseObject("{\"city\": \"Oslo\", \"least\": 1}"),
            Json.parseObject("{\"mode\": \"fast\"}"),
            channel -> false,
            Map.of())
        .behind("check");
  }
}
