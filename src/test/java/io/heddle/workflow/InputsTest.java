package io.heddle.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InputsTest {

  private final WorkflowParser parser = new WorkflowParser(NodeTypes.all());

  private final WorkflowDefinition full = parser.parse(Documents.full());

  @Test
  void inputsCoverDefaults() {
    assertThat(Inputs.variables(full, Map.of("needed", "n", "text", "other")))
        .containsEntry("needed", "n")
        .containsEntry("text", "other")
        .containsEntry("count", new BigDecimal("1.5"))
        .containsEntry("flag", false)
        .containsEntry("map", Collections.singletonMap("a", null))
        .containsEntry("list", List.of())
        .hasSize(6);
  }

  @Test
  void undeclaredInputsAreKeptWhateverTheyAre() {
    Map<String, Object> inputs = new HashMap<>(Map.of("needed", "n", "delaySeconds", 3));
    inputs.put("nothing", null);

    assertThat(Inputs.variables(full, inputs))
        .containsEntry("delaySeconds", 3)
        .containsEntry("nothing", null);
  }

  @Test
  void aDeclaredVariableThatNeitherIsRequiredNorHasAValueIsAbsent() {
    Map<String, Object> document = Documents.full();
    Documents.remove(document, "/variables/1/defaultValue");

    assertThat(Inputs.variables(parser.parse(document), Map.of("needed", "n")))
        .doesNotContainKey("count");
  }

  @Test
  void allFaultsAreReportedTogether() {
    Map<String, Object> inputs = new HashMap<>();
    inputs.put("text", null);
    inputs.put("count", "1");
    inputs.put("flag", 0);
    inputs.put("map", List.of());
    inputs.put("list", Map.of());

    InvalidInputsException refusal =
        catchThrowableOfType(InvalidInputsException.class, () -> Inputs.variables(full, inputs));

    assertThat(refusal.faults())
        .containsExactly(
            new Fault("/inputs/text", "must be a string"),
            new Fault("/inputs/count", "must be a number"),
            new Fault("/inputs/flag", "must be true or false"),
            new Fault("/inputs/map", "must be an object"),
            new Fault("/inputs/list", "must be an array"),
            new Fault("/inputs/needed", "is required"));
    assertThat(refusal).hasMessageContaining("/inputs/needed is required");
  }

  @Test
  void everyNumberIsANumber() {
    for (Number number :
        new Number[] {1, 1L, new BigInteger("12345678901234567890"), new BigDecimal("0.5")}) {
      assertThat(Inputs.variables(full, Map.of("needed", "n", "count", number)))
          .containsEntry("count", number);
    }
  }

  @Test
  void namesAreEscapedInPointers() {
    Map<String, Object> document = Documents.full();
    Documents.put(document, "/variables/5/name", "a/b~c");

    assertThatThrownBy(() -> Inputs.variables(parser.parse(document), Map.of()))
        .isInstanceOfSatisfying(
            InvalidInputsException.class,
            e ->
                assertThat(e.faults())
                    .containsExactly(new Fault("/inputs/a~1b~0c", "is required")));
  }

  @Test
  void theResultDoesNotChange() {
    Map<String, Object> inputs = new HashMap<>(Map.of("needed", "n"));
    Map<String, Object> variables = Inputs.variables(full, inputs);
    inputs.put("needed", "m");

    assertThat(variables).containsEntry("needed", "n");
    assertThatThrownBy(variables::clear).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void manyFaultsAreListedUpToAHundred() {
    Map<String, Object> document = Documents.full();
    List<Object> variables = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      variables.add(Map.of("name", "v" + i, "type", "string", "required", true));
    }
    document.put("variables", variables);
    Documents.put(document, "/nodes/0/inputs/declared/variableName", "v0");

    InvalidInputsException refusal =
        catchThrowableOfType(
            InvalidInputsException.class, () -> Inputs.variables(parser.parse(document), Map.of()));

    assertThat(refusal.faults())
        .hasSize(101)
        .last()
        .isEqualTo(new Fault("", "has 50 more faults that are not listed"));
  }

  @Test
  void aConfigurationIsHeldAgainstTheSchemaOfTheWorkflow() {
    WorkflowDefinition workflow =
        parser.parse(Documents.resource("/fixtures/conformance-configurable-schema.json"));

    assertThat(Inputs.configurableFaults(workflow, Map.of("recursionLimit", 5, "tags", List.of())))
        .isEmpty();
    assertThat(Inputs.configurableFaults(workflow, Map.of())).isEmpty();
    assertThat(
            Inputs.configurableFaults(
                workflow, Map.of("recursionLimit", 0, "tags", List.of(1), "a/b", "s3cr3t")))
        .containsExactlyInAnyOrder(
            new Fault("/configurable/recursionLimit", "must be at least 1"),
            new Fault("/configurable/tags/0", "must be a string"),
            new Fault("/configurable/a~1b", "is not a known member"));
    assertThat(Inputs.configurableFaults(workflow, Map.of("x".repeat(300), 1)))
        .containsExactly(
            new Fault("/configurable", "holds a long-named member that is not a known member"));
  }

  @Test
  void withoutASchemaAnyConfigurationIsFine() {
    assertThat(Inputs.configurableFaults(full, Map.of("anything", List.of()))).isEmpty();
  }
}
