package io.heddle.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.node.NoopNode;
import io.heddle.engine.node.RequiresMissingNode;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.WorkflowDefinition;
import io.heddle.workflow.WorkflowParser;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class RuntimeCapabilitiesTest {

  private static final RunError ERROR =
      new RunError(
          "capability_not_provided",
          "The node n1 requires conformance.never-provided, which this host does not provide");

  private final NodeExecutors executors =
      new NodeExecutors(List.of(new NoopNode(), new RequiresMissingNode(), new Printer()));

  private final List<Step> steps = new ArrayList<>();

  @Test
  void aNodeThatRequiresWhatIsMissingIsNotStarted() throws Exception {
    execute(definition(), Set.of());

    assertThat(events())
        .containsExactly(EventType.RUN_STARTED, EventType.NODE_FAILED, EventType.RUN_FAILED);
    assertThat(last().status()).isEqualTo(RunStatus.FAILED);
    assertThat(last().error()).isEqualTo(ERROR);
    assertThat(Json.parseObject(payload(EventType.NODE_FAILED)))
        .containsEntry("nodeId", "n1")
        .containsEntry("attempts", 1)
        .containsEntry("error", Map.of("code", ERROR.code(), "message", ERROR.message()));
    assertThat(last().state().nodes().get("n1").progress()).isEqualTo(RunState.Progress.FAILED);
  }

  @Test
  void anEdgeThatAwaitsFailuresDoesNotSaveTheRun() throws Exception {
    Map<String, Object> document = new LinkedHashMap<>(document());
    Map<String, Object> second = new LinkedHashMap<>();
    second.putAll(Json.object(((List<?>) document.get("nodes")).get(0), ""));
    second.put("id", "n2");
    second.put("typeId", "core.noop");
    document.put("nodes", List.of(((List<?>) document.get("nodes")).get(0), second));
    document.put(
        "edges",
        List.of(
            Map.of(
                "id", "e",
                "sourceNodeId", "n1",
                "targetNodeId", "n2",
                "triggerRule", "any_failed")));

    execute(parser().parse(document), Set.of());

    assertThat(last().error()).isEqualTo(ERROR);
    assertThat(events()).doesNotContain(EventType.NODE_STARTED);
  }

  @Test
  void aNodeThatHasAllItRequiresIsStarted() throws Exception {
    Map<String, Object> document = new LinkedHashMap<>(document());
    Map<String, Object> node = new LinkedHashMap<>();
    node.putAll(Json.object(((List<?>) document.get("nodes")).get(0), ""));
    node.put("typeId", "acme.print");
    document.put("nodes", List.of(node));
    WorkflowDefinition definition = parser().parse(document);

    execute(definition, Set.of("acme.printer", "acme.paper", "acme.other"));
    assertThat(last().status()).isEqualTo(RunStatus.COMPLETED);

    execute(definition, Set.of("acme.other"));
    assertThat(last().error())
        .extracting(RunError::message)
        .isEqualTo("The node n1 requires acme.paper, which this host does not provide");
  }

  private void execute(WorkflowDefinition definition, Set<String> provided)
      throws InterruptedException {
    var threads = Executors.newSingleThreadExecutor();
    try {
      steps.clear();
      new RunExecution(
              run(),
              definition,
              executors,
              new RuntimeCapabilities(provided),
              new Limits(100, Duration.ofMinutes(1)),
              InstantSource.system(),
              threads,
              step -> {
                steps.add(step);
                return Step.Outcome.COMMITTED;
              })
          .execute();
    } finally {
      threads.shutdownNow();
    }
  }

  private List<EventType> events() {
    return steps.stream().flatMap(step -> step.events().stream()).map(NewEvent::type).toList();
  }

  private String payload(EventType type) {
    return steps.stream()
        .flatMap(step -> step.events().stream())
        .filter(event -> event.type() == type)
        .map(NewEvent::payload)
        .findFirst()
        .orElseThrow();
  }

  private Step last() {
    return steps.get(steps.size() - 1);
  }

  private WorkflowParser parser() {
    return new WorkflowParser(executors.byTypeId());
  }

  private WorkflowDefinition definition() throws IOException {
    return parser().parse(document());
  }

  private static Map<String, Object> document() throws IOException {
    String path = "/fixtures/conformance-capability-missing.json";
    try (InputStream in =
        Objects.requireNonNull(RuntimeCapabilitiesTest.class.getResourceAsStream(path))) {
      return Json.object(Json.parse(in.readAllBytes()), "");
    }
  }

  private static Run run() {
    return new Run(
        new Tenant("acme"),
        "run-1",
        new Run.Owner("o", "urn:test", "api-key", "user"),
        new Run.WorkflowRef("*", "conformance-capability-missing", 1),
        RunStatus.PENDING,
        1,
        0,
        RunState.initial(Map.of()),
        Map.of(),
        Map.of(),
        null,
        null,
        null,
        1,
        2,
        Instant.now(),
        null,
        null);
  }

  private record Printer() implements NodeExecutor {

    @Override
    public String typeId() {
      return "acme.print";
    }

    @Override
    public Set<String> requires() {
      return Set.of("acme.printer", "acme.paper");
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.completed();
    }
  }
}
