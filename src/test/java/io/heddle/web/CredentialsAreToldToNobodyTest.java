package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import io.heddle.json.Json;
import io.heddle.testkit.Await;
import io.heddle.testkit.Canaries;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/** What looks like a credential is seen by nodes alone, wherever it came from. */
@ExtendWith(TestHost.Shared.class)
class CredentialsAreToldToNobodyTest {

  private static final String ALL = String.join(" and ", Canaries.ALL);

  private static int workflows;

  private final Logger root = (Logger) LoggerFactory.getLogger("ROOT");

  private final Logger runs = (Logger) LoggerFactory.getLogger("heddle.run");

  private final Queue<String> logged = new ConcurrentLinkedQueue<>();

  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          logged.add(
              event.getFormattedMessage()
                  + (event.getThrowableProxy() == null
                      ? ""
                      : ThrowableProxyUtil.asString(event.getThrowableProxy())));
        }
      };

  private final TestHost host;

  private final Caller acme;

  CredentialsAreToldToNobodyTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @BeforeEach
  void listen() {
    runs.setLevel(Level.INFO);
    appender.start();
    root.addAppender(appender);
  }

  @AfterEach
  void nothingWasLogged() {
    root.detachAppender(appender);
    runs.setLevel(Level.WARN);
    assertThat(logged).noneMatch(line -> line.contains(Canaries.MARKER));
  }

  @Test
  void ofARunThatPassesThemOn() {
    String id = workflowId();
    register(
        WorkflowBuilder.workflow(id)
            .variable("key", null)
            .channel("said", "append", Map.of())
            .node("echo", "core.identity")
            .input("told", Map.of("type", "variable", "variableName", "key"))
            .input("length", Map.of("type", "expression", "expression", "size(variables.key)"))
            .node("write", "core.channelWrite", Map.of("channelName", "said"))
            .input("value", Map.of("type", "variable", "variableName", "key"))
            .edge("echo", "write"));
    String run = start(id);
    List<JsonNode> log = acme.log(run);

    clean(run);
    JsonNode echoed =
        log.stream()
            .filter(event -> event.get("type").asString().equals("node.completed"))
            .findFirst()
            .orElseThrow()
            .at("/payload/outputs");
    assertThat(echoed.get("told").asString()).isEqualTo("[REDACTED]" + " and [REDACTED]".repeat(4));
    assertThat(echoed.get("length").asInt()).as("the node saw it").isEqualTo(ALL.length());
    JsonNode snapshot = acme.get("/v1/runs/" + run).json();
    for (String member : List.of("inputs", "variables", "configurable", "metadata", "tags")) {
      assertThat(snapshot.get(member).toString()).as(member).contains("[REDACTED]");
    }
    assertThat(logged).anyMatch(line -> line.contains(run) && line.contains("run.completed"));
    assertThat(stored(run)).doesNotContain(Canaries.MARKER);
  }

  @Test
  void ofARunThatFailsWithThem() {
    String id = workflowId();
    register(
        WorkflowBuilder.workflow(id)
            .node("fail", "core.fail", Map.of("code", Canaries.REFERENCE, "message", ALL)));
    String run = start(id);
    acme.log(run);

    clean(run);
    assertThat(acme.get("/v1/runs/" + run).json().at("/error/message").asString())
        .startsWith("[REDACTED] and ");
    assertThat(logged).anyMatch(line -> line.contains(run) && line.contains("failed"));
    assertThat(stored(run)).doesNotContain(Canaries.MARKER);
    assertThat(
            host.database()
                .sql("select error::text from openwop.run where run_id = :run")
                .param("run", run)
                .query(String.class)
                .single())
        .contains("[REDACTED]")
        .doesNotContain(Canaries.MARKER);
  }

  @Test
  void ofQuestionsAndAnswers() {
    String id = workflowId();
    register(
        WorkflowBuilder.workflow(id)
            .node(
                "ask",
                "core.interrupt",
                Map.of(
                    "kind",
                    "custom",
                    "data",
                    Map.of("customKind", "acme.key", "payload", Map.of("title", ALL)))));
    String run = start(id);
    Await.await("the question").until(() -> acme.status(run).equals("waiting-input"));
    JsonNode snapshot = acme.get("/v1/runs/" + run).json();
    String token = snapshot.at("/interrupt/interruptToken").asString();

    assertThat(token).as("which looks like one itself").isNotBlank().doesNotContain("REDACTED");
    silent(host.anonymous().get("/v1/interrupts/" + token));
    silent(acme.get("/v1/host/heddle/interrupts?limit=200"));
    clean(run);
    silent(
        acme.post(
            "/v1/runs/%s/interrupts/ask".formatted(run),
            Json.write(Map.of("resumeValue", Map.of("key", ALL, Canaries.OPENAI, 1)))));
    acme.log(run);
    clean(run);
    assertThat(stored(run)).doesNotContain(Canaries.MARKER);
  }

  @Test
  void ofRemarksByCallers() {
    String run = start("conformance-cancellable");
    silent(acme.post("/v1/runs/%s:pause".formatted(run), Json.write(Map.of("reason", ALL))));
    silent(acme.post("/v1/runs/%s:resume".formatted(run), Json.write(Map.of("reason", ALL))));
    silent(
        acme.post(
            "/v1/runs/%s/annotations".formatted(run),
            Json.write(
                Map.of("signal", Map.of("kind", "correction", "correction", ALL), "note", ALL))));
    silent(acme.post("/v1/runs/%s/cancel".formatted(run), Json.write(Map.of("reason", ALL))));
    acme.log(run);

    clean(run);
    assertThat(stored(run)).doesNotContain(Canaries.MARKER).contains("[REDACTED] and [REDACTED]");
  }

  @Test
  void inRefusals() {
    String run = acme.startRun("conformance-noop");
    for (String canary : Canaries.ALL) {
      Caller stranger = new Caller(host.port(), canary);
      for (Answer answer :
          List.of(
              stranger.get("/v1/runs/" + run),
              stranger.post("/v1/runs", "{\"workflowId\": \"conformance-noop\"}"),
              new Caller(host.port(), Canaries.MARKER).get("/v1/runs"))) {
        assertThat(answer.status()).isEqualTo(401);
        silent(answer);
      }
      for (String path :
          List.of(
              "/v1/runs/%s",
              "/v1/runs/%s/events",
              "/v1/runs/%s/events/poll",
              "/v1/runs/x-%s/artifacts/%<s",
              "/v1/runs/%s:diff?against=%<s",
              "/v1/workflows/%s",
              "/v1/interrupts/%s",
              "/v1/%s",
              "/v1/host/heddle/runs?cursor=%s",
              "/v1/host/heddle/runs?limit=%s",
              "/v1/host/heddle/runs?status=%s",
              "/v1/runs/" + run + "/events?streamMode=%s",
              "/v1/runs/" + run + "/events/poll?lastSequence=%s",
              "/v1/runs/" + run + "/%s")) {
        refused(acme.get(path.formatted(canary)));
      }
      String member = Json.write(canary);
      for (String body :
          List.of(
              canary,
              "{" + member,
              "{\"workflowId\": " + canary + "}",
              "{%s: 1, %<s: 2}".formatted(member),
              "{\"inputs\": {%s: \"\\u0000\"}}".formatted(member),
              "{\"workflowId\": %s}".formatted(member),
              "{\"workflowId\": %s}".formatted(Json.write("nonexistent-" + canary)),
              "{\"workflowId\": \"conformance-noop\", \"tenantId\": %s}".formatted(member),
              "{\"workflowId\": \"conformance-noop\", \"callbackUrl\": %s}".formatted(member),
              "{\"workflowId\": \"conformance-noop\", \"configurable\": %s}".formatted(member),
              "{\"workflowId\": \"conformance-noop\", \"configurable\": {\"recursionLimit\": %s}}"
                  .formatted(member))) {
        refused(acme.post("/v1/runs", body));
      }
      refused(
          acme.put("/v1/host/heddle/workflows/w", "{\"id\": \"w\", %s: %<s}".formatted(member)));
      refused(
          acme.put(
              "/v1/host/heddle/workflows/w",
              Definitions.chain("w", Definitions.node("n", canary.toLowerCase(), "{}", "{}"))));
      refused(
          acme.post(
              "/v1/runs",
              "{\"workflowId\": \"conformance-noop\"}",
              "X-Force-Engine-Version",
              canary));
      refused(acme.get("/v1/runs/" + run + "/events", "Last-Event-ID", canary));
    }
  }

  @Test
  void inHeadersThatCannotBeRead() throws IOException {
    for (String canary : Canaries.ALL) {
      silent(
          Wire.exchange(
              host.port(),
              "GET /v1/runs/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\u0001\r\n\r\n"
                  .formatted(canary)));
    }
    // It quotes the first of a day only, which may be another test's.
    assertThat(LoggerFactory.getLogger("org.apache.coyote.http11.Http11Processor").isInfoEnabled())
        .isFalse();
  }

  private static void refused(Answer answer) {
    assertThat(answer.status()).as("%s", answer).isBetween(400, 499);
    silent(answer);
  }

  private static void silent(Answer answer) {
    assertThat(answer.status()).isLessThan(500);
    assertThat(answer.toString()).doesNotContainIgnoringCase(Canaries.MARKER);
  }

  /** A run of a workflow, with credentials wherever a caller can put them. */
  private String start(String workflowId) {
    Answer answer =
        acme.post(
            "/v1/runs",
            Json.write(
                Json.members(
                    "workflowId",
                    workflowId,
                    "inputs",
                    Json.members("key", ALL, "more", Map.of(Canaries.GOOGLE, List.of(ALL))),
                    "configurable",
                    Map.of("ai", Map.of("credentialRef", Canaries.REFERENCE)),
                    "metadata",
                    Map.of("note", ALL),
                    "tags",
                    List.of("plain", Canaries.JWT))));
    assertThat(answer.status()).as("%s", answer).isEqualTo(201);
    silent(answer);
    return answer.json().get("runId").asString();
  }

  /** Reads all there is to read of a run. */
  private void clean(String run) {
    String events = "/v1/runs/" + run + "/events";
    List<Answer> answers = new ArrayList<>();
    answers.add(acme.get("/v1/runs/" + run));
    answers.add(acme.get(events, "Accept", "application/json"));
    answers.add(acme.get(events, "Accept", "application/cloudevents-batch+json"));
    answers.add(acme.get(events + "/poll?lastSequence=-1&timeout=0"));
    answers.add(acme.get("/v1/host/heddle/runs?limit=100"));
    answers.add(acme.get("/v1/runs/%s/annotations".formatted(run)));
    answers.add(acme.get("/v1/runs/%s/debug-bundle".formatted(run)));
    answers.add(
        acme.get("/v1/runs/%s:diff?against=%s".formatted(run, acme.startRun("conformance-noop"))));
    if (List.of("completed", "failed", "cancelled").contains(acme.status(run))) {
      for (String mode : List.of("updates", "values", "messages", "debug", "updates,debug")) {
        for (String buffer : List.of("0", "10")) {
          answers.add(
              acme.get(
                  "%s?streamMode=%s&bufferMs=%s"
                      .formatted(events, URLEncoder.encode(mode, StandardCharsets.UTF_8), buffer)));
        }
      }
    }
    for (Answer answer : answers) {
      assertThat(answer.status()).as("%s", answer).isEqualTo(200);
      silent(answer);
    }
  }

  private String stored(String run) {
    return String.join(
        "\n",
        host.database()
            .sql("select payload::text from openwop.event where run_id = :run order by sequence")
            .param("run", run)
            .query(String.class)
            .list());
  }

  private void register(WorkflowBuilder workflow) {
    acme.register(workflow.id(), workflow.json());
  }

  private static String workflowId() {
    return "credentials-" + ++workflows;
  }
}
