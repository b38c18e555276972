package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.heddle.json.Json;
import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** A replay of a run that has ended tells what its source told, for each workflow of the host. */
@WebHost
class ShippedWorkflowsAreReplayedTest {

  @LocalServerPort private int port;

  private WebCaller caller;

  @BeforeEach
  void call() {
    caller = WebCaller.of(port, Key.OPERATOR);
  }

  static List<String> fixtures() throws Exception {
    List<String> ids = new ArrayList<>();
    for (Resource fixture :
        new PathMatchingResourcePatternResolver().getResources("classpath*:fixtures/*.json")) {
      ids.add(
          String.valueOf(
              Json.parseObject(new String(fixture.getInputStream().readAllBytes(), "UTF-8"))
                  .get("id")));
    }
    return ids;
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void eventByEvent(String workflowId) {
    String source = caller.create(workflowId, "inputs", inputs(workflowId));
    boolean stopped = !finish(source);
    List<Map<String, Object>> log = shape(source);
    Map<String, Object> snapshot = caller.get("/v1/runs/" + source).is(200).json();
    List<Map<String, Object>> recorded = stopped ? unstopped(log) : log;

    // What stands open when a run is stopped is asked anew, from its beginning.
    int step = stopped ? recorded.size() : Math.max(1, recorded.size() / 6);
    for (int from = 0; from < recorded.size(); from += step) {
      String replay = replay(source, from);
      if (stopped) {
        int length = recorded.size();
        await("what its source had done").until(() -> shape(replay).size() >= length);
        caller.post("/v1/runs/" + replay + "/cancel", "{}");
        assertThat(withoutIds(shape(replay).subList(0, length)))
            .as("from %d", from)
            .isEqualTo(withoutIds(recorded));
        continue;
      }
      caller.awaitEnd(replay);
      assertThat(shape(replay)).as("from %d", from).isEqualTo(log);
      Map<String, Object> repeated = caller.get("/v1/runs/" + replay).is(200).json();
      for (String member :
          List.of("status", "variables", "channels", "error", "agent", "runOrchestrator")) {
        assertThat(repeated.get(member)).as(member).isEqualTo(snapshot.get(member));
      }
    }
    assertThat(shape(source)).isEqualTo(log);
  }

  @Test
  void anEffectIsNeitherRepeatedNorMadeUp() {
    String source =
        caller.finished("conformance-replay-side-effect", "inputs", Map.of("delayMs", 0));
    String again = replay(source, 0);
    caller.awaitEnd(again);
    assertThat(shape(again)).isEqualTo(shape(source));

    String stopped =
        caller.create("conformance-replay-side-effect", "inputs", Map.of("delayMs", 300));
    caller.cancel(stopped);
    String replay = replay(stopped, 0);
    caller.awaitEnd(replay);
    assertThat(shape(replay))
        .anySatisfy(
            event ->
                assertThat(event)
                    .containsEntry("type", "node.failed")
                    .containsEntry("nodeId", "effect")
                    .extracting("payload.error.code", STRING)
                    .isEqualTo("replay_source_missing"))
        .noneSatisfy(
            event ->
                assertThat(event)
                    .containsEntry("type", "node.completed")
                    .containsEntry("nodeId", "effect"));
  }

  private static Map<String, Object> inputs(String workflowId) {
    return switch (workflowId) {
      case "conformance-replay-side-effect" -> Map.of("delayMs", 10);
      case "conformance-idempotent" -> Map.of("nonce", "n-1");
      case "conformance-identity" -> Map.of("payload", Map.of("a", 1));
      default -> Map.of();
    };
  }

  /** Answers what is asked; false if the run had to be stopped. */
  private boolean finish(String runId) {
    long start = System.nanoTime();
    int asked = 0;
    while (System.nanoTime() - start < 4_000_000_000L) {
      Map<String, Object> snapshot = caller.get("/v1/runs/" + runId).is(200).json();
      String status = (String) snapshot.get("status");
      if (List.of("completed", "failed", "cancelled").contains(status)) {
        return true;
      }
      if (status.startsWith("waiting-") && asked++ < 20 && !answer(runId)) {
        break;
      }
    }
    caller.post("/v1/runs/" + runId + "/cancel", "{}");
    caller.awaitEnd(runId);
    return false;
  }

  private boolean answer(String runId) {
    Map<String, Object> request = null;
    for (Map<String, Object> event : shape(runId)) {
      if (event.get("type").equals("interrupt.requested")) {
        request = Json.object(event.get("payload"), "");
      }
    }
    if (request == null) {
      return false;
    }
    Object value = value(request);
    boolean answered = false;
    for (Key key : List.of(Key.OPERATOR, Key.COLLEAGUE)) {
      int status =
          WebCaller.of(port, key)
              .post(
                  "/v1/runs/" + runId + "/interrupts/" + request.get("nodeId"),
                  Json.write(Json.members("resumeValue", value)))
              .response()
              .statusCode();
      answered |= status == 200;
    }
    return answered;
  }

  private static Object value(Map<String, Object> request) {
    Map<String, Object> data = Json.object(request.get("data"), "");
    return switch ((String) request.get("kind")) {
      case "clarification" -> {
        Map<String, Object> answers = Json.members();
        ((List<?>) data.get("questions"))
            .forEach(question -> answers.put((String) Json.object(question, "").get("id"), "yes"));
        yield Map.of("answers", answers);
      }
      case "external-event" -> data.get("correlation");
      default -> Map.of("action", "accept");
    };
  }

  private String replay(String source, int from) {
    return (String)
        caller
            .post(
                "/v1/runs/" + source + ":fork",
                Json.write(Map.of("mode", "replay", "fromSeq", from)))
            .is(201)
            .json()
            .get("runId");
  }

  private List<Map<String, Object>> shape(String runId) {
    List<Map<String, Object>> shape = new ArrayList<>();
    for (Object event : caller.log(runId)) {
      Map<String, Object> members = Json.object(event, "");
      assertThat(members).containsEntry("runId", runId).containsEntry("sequence", shape.size());
      shape.add(
          Json.members(
              "type", members.get("type"),
              "nodeId", members.get("nodeId"),
              "payload", members.get("payload")));
    }
    return shape;
  }

  private static List<Map<String, Object>> unstopped(List<Map<String, Object>> log) {
    int end = log.size();
    while (List.of("run.cancelled", "node.cancelled").contains(log.get(end - 1).get("type"))) {
      end--;
    }
    return log.subList(0, end);
  }

  /** A question that nobody answered is asked anew, under an id of its own. */
  private static List<Map<String, Object>> withoutIds(List<Map<String, Object>> log) {
    List<Map<String, Object>> without = new ArrayList<>();
    for (Map<String, Object> event : log) {
      Map<String, Object> payload = Json.members();
      payload.putAll(Json.object(event.get("payload"), ""));
      List.of("interruptId", "runId", "key", "requestedAt").forEach(payload::remove);
      without.add(Json.members("type", event.get("type"), "payload", payload));
    }
    return without;
  }
}
