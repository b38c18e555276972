package io.heddle.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.expression.Expressions;
import io.heddle.json.Json;
import io.heddle.workflow.EdgeCondition.Contains;
import io.heddle.workflow.EdgeCondition.Equals;
import io.heddle.workflow.EdgeCondition.Expression;
import io.heddle.workflow.EdgeCondition.Matches;
import io.heddle.workflow.EdgeCondition.NotEquals;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The conditions of edges, as far as the definition alone says what is wrong with them. */
class FormulasTest {

  @Test
  void everyKindOfConditionIsRead() throws Exception {
    ValuePath score = new ValuePath("output", List.of("score"));

    assertThat(read("{'type':'expression','expression':'output.a > 1'}"))
        .isEqualTo(new Expression("output.a > 1"));
    assertThat(read("{'expression':'output.a > 1'}")).isEqualTo(new Expression("output.a > 1"));
    assertThat(read("{'type':'equals','left':'score','right':{'a':[1]}}"))
        .isEqualTo(new Equals(score, Map.of("a", List.of(1))));
    assertThat(read("{'type':'equals','left':'score','right':null}"))
        .isEqualTo(new Equals(score, null));
    assertThat(read("{'type':'notEquals','left':'score','right':1}"))
        .isEqualTo(new NotEquals(score, 1));
    assertThat(read("{'type':'contains','left':'score','right':'a'}"))
        .isEqualTo(new Contains(score, "a"));
    assertThat(read("{'type':'regex','left':'score','right':'^a+$'}"))
        .isEqualTo(new Matches(score, new Expressions.Builder().regex("^a+$")));
  }

  @ParameterizedTest
  @CsvSource({
    "score, output, score",
    "output.score, output, score",
    "a.b.0.c, output, a b 0 c",
    "variables.a, variables, a",
    "variables, variables, ''",
    "nodes.first.outputs.x, nodes, first outputs x",
    "inputs.a, inputs, a",
    "configurable.a, configurable, a",
    "channels.a, channels, a",
    "variable.a, output, variable a"
  })
  void aPathBeginsInARootOrInTheOutputsOfTheSource(String path, String root, String steps) {
    assertThat(read("{'type':'equals','left':'%s','right':1}".formatted(path)))
        .extracting("left")
        .isEqualTo(new ValuePath(root, steps.isEmpty() ? List.of() : List.of(steps.split(" "))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | /type | is required",
        "{'left':'a','right':1} | /type | is required",
        "{'type':'expression'} | /expression | is required",
        "{'type':'expression','expression':''} | /expression "
            + "| does not parse as an expression (line 1, column 1)",
        "{'expression':'1 +'} | /expression "
            + "| does not parse as an expression (line 1, column 4)",
        "{'expression':'env.a'} | /expression "
            + "| uses a name that is not known here (line 1, column 1)",
        "{'expression':'1 + 1'} | /expression | must give true or false",
        "{'type':'equals','right':1} | /left | is required",
        "{'type':'equals','left':'a'} | /right | is required",
        "{'type':'equals','left':'','right':1} | /left | must be names with dots between them",
        "{'type':'equals','left':'a..b','right':1} | /left "
            + "| must be names with dots between them",
        "{'type':'contains','left':'.a','right':1} | /left "
            + "| must be names with dots between them",
        "{'type':'notEquals','left':'a.','right':1} | /left "
            + "| must be names with dots between them",
        "{'type':'regex','left':'a','right':1} | /right | must be a string",
        "{'type':'regex','left':'a'} | /right | is required",
        "{'type':'regex','left':'a','right':'('} | /right "
            + "| is not a regular expression of the RE2 syntax",
        "{'type':'regex','left':'a','right':'(a)(?=b)'} | /right "
            + "| is not a regular expression of the RE2 syntax",
        "{'type':'regex','left':'a','right':'((a{99}){99}){99}'} | /right "
            + "| repeats too much for a regular expression"
      })
  void aFaultIsToldAtItsPlace(String condition, String member, String problem) {
    assertThat(faults(condition))
        .containsExactly(new Fault("/edges/0/condition" + member, problem));
  }

  @Test
  void whatIsTooLongIsRefused() {
    assertThat(faults("{'type':'equals','left':'%s','right':1}".formatted("a".repeat(1_001))))
        .containsExactly(
            new Fault("/edges/0/condition/left", "must be at most 1000 characters long"));
    assertThat(faults("{'type':'contains','left':'a','right':'%s'}".formatted("b".repeat(1_001))))
        .containsExactly(
            new Fault("/edges/0/condition/right", "must be at most 1000 characters long"));
    assertThat(faults("{'type':'regex','left':'a','right':'%s'}".formatted("b".repeat(1_001))))
        .containsExactly(
            new Fault(
                "/edges/0/condition/right",
                "must be at most 1000 characters of a regular expression"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'type':'sometimes'}",
        "{'type':7,'left':'a'}",
        "{'type':'equals','left':7,'right':1}",
        "{'type':'expression','expression':[]}",
        "'always'",
        "null"
      })
  void whatTheShapeReportsIsLeftToIt(String condition) {
    assertThat(faults(condition)).isEmpty();
  }

  @Test
  void aConditionAsTextShowsNoValue() {
    for (String condition :
        List.of(
            "{'expression':'output.s3cr3t'}",
            "{'type':'equals','left':'a','right':'s3cr3t'}",
            "{'type':'notEquals','left':'a','right':'s3cr3t'}",
            "{'type':'contains','left':'a','right':'s3cr3t'}",
            "{'type':'regex','left':'a','right':'s3cr3t'}")) {
      assertThat(read(condition)).asString().isNotEmpty().doesNotContain("s3cr3t");
    }
  }

  private static EdgeCondition read(String condition) {
    Faults faults = new Faults();
    Element document = document(condition);
    Formulas formulas = new Formulas(document, faults);
    formulas.check();
    assertThat(faults.list()).isEmpty();
    return formulas.condition(document.items("edges").get(0));
  }

  private static List<Fault> faults(String condition) {
    Faults faults = new Faults();
    Element document = document(condition);
    Formulas formulas = new Formulas(document, faults);
    formulas.check();
    if (!faults.isEmpty()) {
      assertThat(formulas.condition(document.items("edges").get(0))).isNull();
    }
    return faults.list();
  }

  private static Element document(String condition) {
    Map<String, Object> document = Documents.full();
    Documents.put(document, "/edges/0/condition", Json.parse(condition.replace('\'', '"')));
    return Element.of(document, Place.ROOT);
  }
}
