package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.autoconfigure.HeddleAutoConfiguration;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunService;
import io.heddle.run.RunService.Cancelled;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.spi.WorkflowSource;
import io.heddle.testkit.EmbeddingApplication;
import io.heddle.testkit.RunAssert;
import io.heddle.testkit.SampleRuns;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** A bean of an application is a node type of its host, whatever it does. */
@Timeout(60)
class EmbeddersNodeRunsLikeABuiltInOneTest {

  private static EmbeddingApplication application;

  @BeforeAll
  static void start() {
    application = EmbeddingApplication.of(Application.class);
  }

  @AfterAll
  static void stop() {
    application.close();
  }

  @Test
  void itCompletesWithOutputs() {
    RunAssert run = run("outputs", Map.of()).is(RunStatus.COMPLETED).hasSoundLog();

    Map<String, @Nullable Object> expected = new HashMap<>();
    expected.put("text", "ü\u2028\"");
    expected.put("nothing", null);
    expected.put("list", List.of(1, true, Map.of("deep", List.of())));
    assertThat(payload(run, EventType.NODE_COMPLETED, "own").get("outputs")).isEqualTo(expected);
    assertThat(payload(run, EventType.RUN_COMPLETED, null).get("outputs")).isEqualTo(expected);
  }

  @Test
  void itSeesWhatItsRunWasGiven() {
    RunAssert run = run("context", Map.of("flavour", "mint")).is(RunStatus.COMPLETED).hasSoundLog();

    assertThat(Json.object(payload(run, EventType.NODE_COMPLETED, "own").get("outputs"), ""))
        .containsEntry("tenant", SampleRuns.TENANT.id())
        .containsEntry("workflow", "context")
        .containsEntry("node", "own")
        .containsEntry("attempt", 0)
        .containsEntry("wakeups", 0)
        .containsEntry("config", Map.of("does", "context"))
        .containsEntry("configurable", Map.of("flavour", "mint"));
  }

  @Test
  void itsFailureIsTheRuns() {
    RunAssert run =
        run("fail", Map.of()).is(RunStatus.FAILED).hasError("acme.no_stock").hasSoundLog();

    assertThat(payload(run, EventType.NODE_FAILED, "own").get("error"))
        .isEqualTo(Map.of("code", "acme.no_stock", "message", "Nothing left"));
    assertThat(payload(run, EventType.RUN_FAILED, null))
        .containsEntry("failedNodeId", "own")
        .containsEntry("error", Map.of("code", "acme.no_stock", "message", "Nothing left"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"throw", "throw-checked", "throw-error", "recurse"})
  void whatItThrowsIsAFailureWithoutItsMessage(String behaviour) {
    RunAssert run =
        run(behaviour, Map.of()).is(RunStatus.FAILED).hasError("heddle.node_crashed").hasSoundLog();

    assertThat(wholeLog(run)).doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "not-json",
        "cyclic",
        "too-deep",
        "lone-surrogate",
        "nul",
        "null-result",
        "negative"
      })
  void aResultThatCannotBeRecordedIsAFailure(String behaviour) {
    run(behaviour, Map.of())
        .is(RunStatus.FAILED)
        .hasError("heddle.node_output_invalid")
        .hasSoundLog()
        .log()
        .hasTypes(
            EventType.RUN_STARTED,
            EventType.NODE_STARTED,
            EventType.NODE_FAILED,
            EventType.RUN_FAILED);
  }

  @Test
  void itParksAndRemembers() {
    RunAssert run = run("park", Map.of()).is(RunStatus.COMPLETED).hasSoundLog();

    // Told once that it started, however often it is woken.
    run.log()
        .hasTypes(
            EventType.RUN_STARTED,
            EventType.NODE_STARTED,
            EventType.NODE_COMPLETED,
            EventType.RUN_COMPLETED);
    assertThat(payload(run, EventType.NODE_COMPLETED, "own").get("outputs"))
        .isEqualTo(Map.of("calls", List.of("0 {}", "1 {seen=1}", "2 {seen=2}")));
  }

  @Test
  void itIsInterruptedWhenItsRunIsCancelled() throws InterruptedException {
    String runId = application.create("block", Map.of(), Map.of());
    OwnNode.BLOCKED.await();

    RunService runs = application.bean(RunService.class);
    Cancelled cancel = runs.cancel(SampleRuns.TENANT, runId, "enough", "bob").orElseThrow();
    assertThat(cancel.before()).isEqualTo(RunStatus.RUNNING);
    runs.cancelled(cancel.cancelled());

    OwnNode.INTERRUPTED.await();
    application
        .standing(runId)
        .is(RunStatus.CANCELLED)
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_STARTED own", "NODE_CANCELLED own", "RUN_CANCELLED");
  }

  private static RunAssert run(String behaviour, Map<String, @Nullable Object> configurable) {
    return application.run(behaviour, Map.of(), configurable);
  }

  private static Map<String, @Nullable Object> payload(
      RunAssert run, EventType type, @Nullable String nodeId) {
    return Json.parseObject(run.log().only(type, nodeId).payload());
  }

  private static String wholeLog(RunAssert run) {
    return run.log().only(EventType.NODE_FAILED, "own").payload()
        + run.log().only(EventType.RUN_FAILED, null).payload();
  }

  /** What an application that carries a host adds to it. */
  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration(HeddleAutoConfiguration.class)
  static class Application {

    @Bean
    NodeExecutor ownNode() {
      return new OwnNode();
    }

    @Bean
    WorkflowSource ownWorkflows() {
      return () ->
          OwnNode.BEHAVIOURS.stream()
              .map(
                  behaviour ->
                      workflow(behaviour)
                          .node("own", "acme.own", Map.of("does", behaviour))
                          .document())
              .toList();
    }
  }

  private static final class OwnNode implements NodeExecutor {

    static final List<String> BEHAVIOURS =
        List.of(
            "outputs",
            "context",
            "fail",
            "throw",
            "throw-checked",
            "throw-error",
            "recurse",
            "not-json",
            "cyclic",
            "too-deep",
            "lone-surrogate",
            "nul",
            "null-result",
            "negative",
            "park",
            "block");

    static final CountDownLatch BLOCKED = new CountDownLatch(1);

    static final CountDownLatch INTERRUPTED = new CountDownLatch(1);

    private final Map<String, List<String>> calls = new ConcurrentHashMap<>();

    @Override
    public String typeId() {
      return "acme.own";
    }

    @Override
    public NodeResult execute(NodeContext context) throws Exception {
      return switch ((String) context.config().get("does")) {
        case "outputs" -> outputs();
        case "context" -> seen(context);
        case "fail" -> NodeResult.failed("acme.no_stock", "Nothing left");
        case "throw" -> throw new IllegalStateException("secret");
        case "throw-checked" -> throw new Exception("secret");
        case "throw-error" -> throw new AssertionError("secret");
        case "recurse" -> execute(context);
        case "not-json" -> NodeResult.completed(Map.of("value", new Unwritable()));
        case "cyclic" -> cyclic();
        case "too-deep" -> NodeResult.completed(Map.of("value", nested(100)));
        case "lone-surrogate" -> NodeResult.completed(Map.of("value", "\ud800"));
        case "nul" -> NodeResult.completed(Map.of("value", "\0"));
        case "null-result" -> null;
        case "negative" -> NodeResult.parked(Duration.ofMillis(-1));
        case "park" -> park(context);
        case "block" -> block();
        default -> throw new IllegalArgumentException();
      };
    }

    private static NodeResult outputs() {
      Map<String, @Nullable Object> outputs = new HashMap<>();
      outputs.put("text", "ü\u2028\"");
      outputs.put("nothing", null);
      outputs.put("list", List.of(1, true, Map.of("deep", List.of())));
      return NodeResult.completed(outputs);
    }

    private static NodeResult seen(NodeContext context) {
      return NodeResult.completed(
          Json.members(
              "tenant",
              context.tenantId(),
              "workflow",
              context.workflowId(),
              "node",
              context.nodeId(),
              "attempt",
              context.attempt(),
              "wakeups",
              context.wakeups(),
              "config",
              context.config(),
              "configurable",
              context.configurable()));
    }

    private NodeResult park(NodeContext context) {
      List<String> seen = calls.computeIfAbsent(context.runId(), runId -> new ArrayList<>());
      seen.add(context.wakeups() + " " + context.memo());
      return context.wakeups() < 2
          ? new NodeResult.Parked(Duration.ofMillis(1), Map.of("seen", context.wakeups() + 1))
          : NodeResult.completed(Map.of("calls", seen));
    }

    private static NodeResult block() throws InterruptedException {
      BLOCKED.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        INTERRUPTED.countDown();
        throw e;
      }
      return NodeResult.completed();
    }

    private static NodeResult cyclic() {
      Map<String, Object> cyclic = new HashMap<>();
      cyclic.put("itself", cyclic);
      return NodeResult.completed(cyclic);
    }

    private static Object nested(int depth) {
      Object nested = 1;
      for (int i = 0; i < depth; i++) {
        nested = List.of(nested);
      }
      return nested;
    }
  }

  /** A value whose only property cannot be read. */
  public static final class Unwritable {

    public String getValue() {
      throw new IllegalStateException("secret");
    }
  }
}
