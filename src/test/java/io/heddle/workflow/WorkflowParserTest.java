package io.heddle.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.heddle.expression.ExpressionException;
import io.heddle.workflow.VariableDefinition.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkflowParserTest {

  private final WorkflowParser parser = new WorkflowParser(NodeTypes.all());

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/fixtures/conformance-noop.json",
        "/fixtures/conformance-identity.json",
        "/fixtures/conformance-delay.json",
        "/fixtures/conformance-failure.json",
        "/fixtures/conformance-cancellable.json",
        "/fixtures/conformance-multi-node.json",
        "/fixtures/conformance-idempotent.json",
        "/fixtures/conformance-configurable-schema.json",
        "/fixtures/conformance-cap-breach.json",
        "/fixtures/conformance-run-duration-breach.json",
        "/examples/hello.json"
      })
  void shippedDefinitionsAreSoundAndNamedLikeTheirFiles(String path) {
    WorkflowDefinition workflow = parser.parse(Documents.resource(path));

    assertThat(path).endsWith("/" + workflow.id() + ".json");
    assertThat(workflow.settings().timeoutMs()).isNotNull();
  }

  @Test
  void theExampleGreetsWaitsAndGivesTheNameBack() {
    WorkflowDefinition hello = parser.parse(Documents.resource("/examples/hello.json"));

    assertThat(hello.nodes())
        .extracting(NodeDefinition::id)
        .containsExactly("greet", "wait", "done");
    assertThat(hello.node("done").orElseThrow().inputs())
        .containsOnly(Map.entry("name", new PortValue.Connection("greet", "name", false)));
    assertThat(Inputs.variables(hello, Map.of()))
        .isEqualTo(Map.of("name", "world", "delayMs", 3000));
  }

  @Test
  void everyPartOfADefinitionIsRead() {
    Map<String, Object> document = Documents.full();

    WorkflowDefinition workflow = parser.parse(document);

    assertThat(workflow.id()).isEqualTo("full");
    assertThat(workflow.name()).isEqualTo("Full");
    assertThat(workflow.version()).isEqualTo("1.0");
    assertThat(workflow.settings()).isEqualTo(new Settings(60_000L, 0, 5));
    assertThat(workflow.document()).isEqualTo(document);
    NodeDefinition first = workflow.node("first").orElseThrow();
    assertThat(first.typeId()).isEqualTo("core.identity");
    assertThat(first.config()).isEqualTo(Documents.get(document, "/nodes/0/config"));
    assertThat(first.inputs())
        .containsExactly(
            Map.entry("fixed", new PortValue.Static(null)),
            Map.entry("declared", new PortValue.Variable("text", false)),
            Map.entry("maybe", new PortValue.Variable("undeclared", true)));
    assertThat(first.disabled()).isFalse();
    assertThat(first.primaryOutput()).isFalse();
    NodeDefinition second = workflow.node("second").orElseThrow();
    assertThat(second.inputs())
        .containsExactly(Map.entry("from", new PortValue.Connection("first", "fixed", true)));
    assertThat(second.disabled()).isTrue();
    assertThat(second.primaryOutput()).isTrue();
    assertThat(workflow.variables().get(0))
        .isEqualTo(new VariableDefinition("text", Type.STRING, true, true, "x", true));
    assertThat(workflow.variables().get(5))
        .isEqualTo(new VariableDefinition("needed", Type.STRING, true, false, null, false));
  }

  @Test
  void theExpressionOfAPortIsCompiledWithTheDefinition() throws ExpressionException {
    Map<String, Object> document = Documents.full();
    Map<String, Object> port = Map.of("type", "expression", "expression", "inputs.a + 1");
    Documents.put(document, "/nodes/0/inputs/fixed", port);

    WorkflowDefinition workflow = parser.parse(document);

    assertThat(workflow.nodes().get(0).inputs())
        .containsEntry("fixed", new PortValue.Expression("inputs.a + 1"));
    assertThat(workflow.expressions().evaluate("inputs.a + 1", root -> Map.of("a", 2)))
        .isEqualTo(3);
  }

  @Test
  void theGraphIsFoundByNode() {
    WorkflowDefinition workflow = parser.parse(Documents.full());

    assertThat(workflow.outgoing("first"))
        .containsExactly(
            new EdgeDefinition("e1", "first", "second", TriggerRule.NONE_FAILED, null),
            new EdgeDefinition("e2", "first", "third", TriggerRule.ALL_SUCCESS, null));
    assertThat(workflow.incoming("third"))
        .extracting(EdgeDefinition::id)
        .containsExactly("e2", "e3");
    assertThat(workflow.incoming("first")).isEmpty();
    assertThat(workflow.outgoing("nobody")).isEmpty();
    assertThat(workflow.node("nobody")).isEmpty();
  }

  @Test
  void parallelEdgesAreTaken() {
    WorkflowDefinition workflow =
        parser.parse(Documents.graph(2, new int[] {0, 1}, new int[] {0, 1}));

    assertThat(workflow.incoming("n1")).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ALL_SUCCESS", "ANY_SUCCESS", "ALL_COMPLETE", "NONE_FAILED", "ANY_FAILED"})
  void everyTriggerRuleIsRead(TriggerRule rule) {
    Map<String, Object> document = Documents.full();
    Documents.put(document, "/edges/1/triggerRule", rule.name().toLowerCase(Locale.ROOT));

    assertThat(parser.parse(document).edges().get(1).triggerRule()).isEqualTo(rule);
  }

  @Test
  void aTimeoutOfZeroIsNone() {
    Map<String, Object> document = Documents.full();
    Documents.put(document, "/settings/timeout", 0);
    assertThat(parser.parse(document).settings().timeoutMs()).isNull();

    Documents.remove(document, "/settings/timeout");
    assertThat(parser.parse(document).settings().timeoutMs()).isNull();
  }

  @Test
  void aLaterChangeOfTheDocumentDoesNotReachTheWorkflow() {
    Map<String, Object> document = Documents.full();
    WorkflowDefinition workflow = parser.parse(document);

    Documents.put(document, "/nodes/0/config/free/deep", List.of());
    Documents.put(document, "/variables/3/defaultValue/a", 1);

    assertThat(workflow.document()).isEqualTo(Documents.full());
    assertThat(workflow.nodes().get(0).config())
        .isEqualTo(Documents.get(Documents.full(), "/nodes/0/config"));
    assertThatThrownBy(() -> Documents.put(workflow.document(), "/nodes/0/config/free/deep", 1))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> workflow.document().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void whatIsNotAnObjectIsRefusedAsAWhole() {
    for (Object document : new Object[] {null, "x", 1, List.of()}) {
      assertThat(faults(document)).containsExactly(new Fault("", "must be an object"));
    }
  }

  @Test
  void anEmptyObjectLacksEveryRequiredMember() {
    assertThat(faults(Map.of()))
        .containsExactly(
            new Fault("/id", "is required"),
            new Fault("/name", "is required"),
            new Fault("/version", "is required"),
            new Fault("/nodes", "is required"),
            new Fault("/edges", "is required"),
            new Fault("/triggers", "is required"),
            new Fault("/variables", "is required"),
            new Fault("/metadata", "is required"),
            new Fault("/settings", "is required"));
  }

  @Test
  void faultsOfAllKindsAreReportedTogether() {
    Map<String, Object> document = Documents.full();
    Documents.put(document, "/id", "Not An Id");
    Documents.put(document, "/surplus", 1);
    Documents.put(document, "/nodes/0/config", "none");
    Documents.put(document, "/nodes/1/config/ms", "soon");
    Documents.put(document, "/nodes/2/typeId", "core.unheard");
    Documents.put(document, "/edges/0/targetNodeId", "nowhere");
    Documents.put(document, "/edges/1/condition", "always");
    Documents.put(document, "/variables/0/defaultValue", 1);
    Documents.put(document, "/triggers/1/id", "t1");

    assertThat(faults(document))
        .extracting(Fault::pointer)
        .containsExactlyInAnyOrder(
            "/id",
            "/surplus",
            "/nodes/0/config",
            "/nodes/1/config/ms",
            "/nodes/2/typeId",
            "/edges/0/targetNodeId",
            "/edges/1/condition",
            "/variables/0/defaultValue",
            "/triggers/1/id");
  }

  @Test
  void aHundredFaultsAreListedAndTheRestIsCounted() {
    Map<String, Object> document = Documents.graph(250);
    for (int i = 0; i < 250; i++) {
      Documents.remove(document, "/nodes/" + i + "/name");
    }

    List<Fault> faults = faults(document);

    assertThat(faults).hasSize(101);
    assertThat(faults.get(99)).isEqualTo(new Fault("/nodes/99/name", "is required"));
    assertThat(faults.get(100)).isEqualTo(new Fault("", "has 150 more faults that are not listed"));
  }

  @Test
  void exactlyAHundredFaultsAreAllListed() {
    Map<String, Object> document = Documents.graph(101);
    for (int i = 0; i < 100; i++) {
      Documents.remove(document, "/nodes/" + i + "/name");
    }
    assertThat(faults(document)).hasSize(100);

    Documents.remove(document, "/nodes/100/name");
    assertThat(faults(document))
        .hasSize(101)
        .last()
        .hasToString("The document has 1 more fault that is not listed");
  }

  @Test
  void noValueOfTheDocumentIsQuoted() {
    String secret = "s3cr3t".repeat(20);
    Map<String, Object> document = Documents.full();
    Documents.put(document, "/nodes/0/config", secret);
    Documents.put(document, "/nodes/0/typeId", secret);
    Documents.put(document, "/nodes/0/inputs/fixed", secret);
    Documents.put(document, "/nodes/0/inputs/declared", expression("variables." + secret + " +"));
    Documents.put(document, "/nodes/0/inputs/maybe", expression(secret));
    Documents.put(document, "/nodes/1/config/ms", secret);
    Documents.put(document, "/nodes/1/id", secret);
    Documents.put(document, "/edges/0/targetNodeId", secret + "!");
    Documents.put(document, "/edges/2/sourceNodeId", secret);
    Documents.put(document, "/variables/1/defaultValue", secret);
    Documents.put(document, "/status", secret);

    InvalidWorkflowException refusal =
        catchThrowableOfType(InvalidWorkflowException.class, () -> parser.parse(document));

    assertThat(refusal.faults()).hasSizeGreaterThan(5);
    assertThat(refusal.getMessage()).doesNotContain("s3cr3t");
  }

  @Test
  void aDefinitionAsTextShowsNoConfigurationAndNoDefault() {
    Map<String, Object> document = Documents.full();
    Documents.put(document, "/nodes/0/config/token", "s3cr3t");
    Documents.put(document, "/nodes/0/inputs/fixed/value", "s3cr3t");
    Documents.put(document, "/variables/0/defaultValue", "s3cr3t");

    WorkflowDefinition workflow = parser.parse(document);

    assertThat(workflow.toString() + workflow.nodes() + workflow.variables())
        .contains("first", "text")
        .doesNotContain("s3cr3t");
    assertThat(workflow.nodes().get(0).inputs().toString()).doesNotContain("s3cr3t");
  }

  @Test
  void theLimitsOfNodesEdgesAndVariables() {
    Map<String, Object> atTheLimit = Documents.graph(1_000);
    List<Object> edges = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      edges.add(Map.of("id", "e" + i, "sourceNodeId", "n0", "targetNodeId", "n1"));
    }
    List<Object> variables = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      variables.add(Map.of("name", "v" + i, "type", "number"));
    }
    atTheLimit.put("edges", edges);
    atTheLimit.put("variables", variables);
    assertThat(parser.parse(atTheLimit).edges()).hasSize(5_000);

    Map<String, Object> beyond = Documents.graph(1_001);
    edges.add(Map.of("id", "last", "sourceNodeId", "n0", "targetNodeId", "n1"));
    variables.add(Map.of("name", "last", "type", "number"));
    beyond.put("edges", edges);
    beyond.put("variables", variables);
    assertThat(faults(beyond))
        .containsExactly(
            new Fault("/nodes", "must hold at most 1000 items"),
            new Fault("/edges", "must hold at most 5000 items"),
            new Fault("/variables", "must hold at most 500 items"));
  }

  @Test
  void lengthsAreCountedInCodePoints() {
    Map<String, Object> document = Documents.full();
    document.put("name", "😀".repeat(256));
    assertThat(parser.parse(document).name()).hasSize(512);

    document.put("name", "😀".repeat(257));
    assertThat(faults(document))
        .containsExactly(new Fault("/name", "must be at most 256 characters long"));
  }

  @Test
  void aMemberTooLongToPointAtIsReportedAtItsParent() {
    Map<String, Object> document = Documents.full();
    Documents.put(document, "/nodes/0/" + "x".repeat(300), 1);
    Map<String, Object> port = new LinkedHashMap<>(Map.of("type", "static", "value", 1, "more", 1));
    Documents.put(document, "/nodes/1/inputs/" + "y".repeat(300), port);

    assertThat(faults(document))
        .containsExactly(
            new Fault("/nodes/0", "holds a long-named member that is not a known member"),
            new Fault("/nodes/1/inputs", "holds a long-named member that is not a known member"));
  }

  private static Map<String, Object> expression(String text) {
    return Map.of("type", "expression", "expression", text);
  }

  private List<Fault> faults(Object document) {
    return catchThrowableOfType(InvalidWorkflowException.class, () -> parser.parse(document))
        .faults();
  }
}
