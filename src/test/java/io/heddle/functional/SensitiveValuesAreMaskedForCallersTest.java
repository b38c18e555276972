package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import io.heddle.testkit.WorkflowBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Whatever way a caller looks at a run, what is sensitive in it reads {@code [REDACTED]}. */
@WebHost
class SensitiveValuesAreMaskedForCallersTest {

  private static final String CANARY = "canary-5520";

  @LocalServerPort private int port;

  private WebCaller caller;

  @BeforeEach
  void aWorkflowWithSecrets() {
    caller = WebCaller.of(port, Key.OPERATOR);
    register(
        workflow("masked")
            .sensitiveVariable("token", null)
            .variable("plain", "as it is")
            .node("echo", "core.identity")
            .input("x", Map.of("type", "variable", "variableName", "token")));
  }

  @Test
  void inSnapshots() {
    Map<String, Object> snapshot = snapshot(run("masked", CANARY));

    assertThat(snapshot)
        .containsEntry("variables", Map.of("token", "[REDACTED]", "plain", "as it is"))
        .containsEntry("inputs", Map.of("token", "[REDACTED]"));
    assertThat(Json.write(snapshot)).doesNotContain(CANARY);
  }

  @Test
  void underAnotherName() {
    String runId =
        caller.finished("masked", "inputs", Map.of("token", CANARY, "copy", "it is " + CANARY));

    assertThat(snapshot(runId).get("inputs"))
        .isEqualTo(Map.of("token", "[REDACTED]", "copy", "it is [REDACTED]"));
  }

  @Test
  void inDefaults() {
    register(workflow("masked-default").sensitiveVariable("token", CANARY).node("a", "core.noop"));

    assertThat(snapshot(caller.finished("masked-default")))
        .containsEntry("variables", Map.of("token", "[REDACTED]"))
        .containsEntry("inputs", Map.of());
  }

  @Test
  void inLogsHoweverTheyAreRead() {
    String runId = run("masked", CANARY);

    for (String path :
        List.of("/events", "/events?streamMode=debug", "/events/poll?lastSequence=-1&timeout=1")) {
      assertThat(caller.get("/v1/runs/" + runId + path).is(200).text())
          .as(path)
          .contains("[REDACTED]")
          .doesNotContain(CANARY);
    }
  }

  @Test
  void inDiffsWhichDoNotEvenTellThatTheyDiffer() {
    String diff =
        caller
            .get(
                "/v1/runs/%s:diff?against=%s"
                    .formatted(run("masked", CANARY), run("masked", "another secret")))
            .is(200)
            .text();

    assertThat(Json.parseObject(diff))
        .containsEntry("divergedAtSeq", null)
        .containsEntry("stateDiff", Map.of());
  }

  @Test
  void inRefusals() {
    assertThat(
            caller
                .post(
                    "/v1/runs",
                    Map.of("workflowId", "masked", "inputs", Map.of("token", List.of(CANARY))))
                .refuses(400, "validation_error")
                .text())
        .contains("/inputs/token")
        .doesNotContain(CANARY);
  }

  @Test
  void asTheHostAdvertises() {
    assertThat(caller.get("/.well-known/openwop").is(200).json().get("compliance"))
        .isEqualTo(Map.of("defaultMode", "mask", "supportedClasses", List.of("public")));
  }

  private void register(WorkflowBuilder workflow) {
    assertThat(
            caller
                .send("PUT", "/v1/host/heddle/workflows/" + workflow.id(), workflow.json())
                .response()
                .statusCode())
        .isBetween(200, 201);
  }

  private String run(String workflowId, String token) {
    return caller.finished(workflowId, "inputs", Map.of("token", token));
  }

  private Map<String, Object> snapshot(String runId) {
    return caller.get("/v1/runs/" + runId).is(200).json();
  }
}
