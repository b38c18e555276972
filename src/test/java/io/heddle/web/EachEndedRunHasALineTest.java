package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.heddle.json.Json;
import io.heddle.web.TestHost.Key;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What an operator's log tells of runs, and how it is brought together with a caller's trace. */
@ExtendWith(TestHost.Shared.class)
class EachEndedRunHasALineTest {

  private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

  private static final String TRACEPARENT = "00-" + TRACE_ID + "-b7ad6b7169203331-01";

  private final Logger logger = (Logger) LoggerFactory.getLogger("heddle.run");

  private final Queue<String> messages = new ConcurrentLinkedQueue<>();

  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          messages.add(event.getFormattedMessage());
        }
      };

  private final TestHost host;

  private final Caller acme;

  // Of the request that created the last run, as it was answered.
  private String traceId = "";

  EachEndedRunHasALineTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @BeforeEach
  void listen() {
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    appender.start();
    logger.addAppender(appender);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(appender);
    logger.setAdditive(true);
    logger.setLevel(Level.WARN);
  }

  @Test
  void thatSaysHowItEnded() {
    String run = create("conformance-noop");

    Map<String, Object> line = lineOf(run);

    assertThat(line.remove("durationMs")).isInstanceOf(Integer.class);
    assertThat(line.remove("correlationId")).isEqualTo(traceId).isNotEqualTo(TRACE_ID);
    assertThat(line)
        .containsExactlyEntriesOf(
            Json.members(
                "metricKind", "openwop.run.completed",
                "runId", run,
                "tenantId", "acme",
                "workflowId", "conformance-noop",
                "status", "completed",
                "errorCode", null));
  }

  @Test
  void thatNamesTheErrorAndTheTraceItBelongsTo() {
    String run = create("conformance-failure", "traceparent", TRACEPARENT);

    Map<String, Object> line = lineOf(run);

    assertThat(line).containsEntry("status", "failed").containsEntry("correlationId", TRACE_ID);
    assertThat(line.get("errorCode")).isEqualTo(error(run)).isNotNull();
  }

  @Test
  void thatComesOnceForEachRunOfATreeThatIsCancelled() throws InterruptedException {
    acme.register("gated-child", Definitions.chain("gated-child", Definitions.gate("gate")));
    acme.register(
        "parent-of-gated",
        Definitions.chain(
            "parent-of-gated",
            Definitions.node(
                "child", "core.subWorkflow", "{\"workflowId\": \"gated-child\"}", "{}")));
    String parent = create("parent-of-gated", "traceparent", TRACEPARENT);
    await().until(() -> !children(parent).isEmpty());
    String child = children(parent).get(0);
    host.gate().awaitReached(child, "gate");

    acme.post("/v1/runs/%s/cancel".formatted(parent), "{}");
    acme.post("/v1/runs/%s/cancel".formatted(parent), "{}");
    host.gate().open(child, "gate");

    for (String run : List.of(parent, child)) {
      assertThat(lineOf(run))
          .containsEntry("status", "cancelled")
          .containsEntry("errorCode", null)
          .containsEntry("correlationId", TRACE_ID);
    }
    // The line of a later run shows that no second one was on its way.
    lineOf(create("conformance-noop"));
    assertThat(lines(parent)).hasSize(1);
    assertThat(lines(child)).hasSize(1);
  }

  @Test
  void thatNamesTheTraceOfTheCreatorAlsoAfterSomebodyAnswered() {
    String run = create("conformance-approval", "traceparent", TRACEPARENT);
    await().until(() -> acme.status(run).equals("waiting-approval"));

    acme.post(
        "/v1/runs/%s/interrupts/gate".formatted(run),
        "{\"resumeValue\": {\"action\": \"accept\"}}");

    assertThat(lineOf(run))
        .containsEntry("status", "completed")
        .containsEntry("correlationId", TRACE_ID);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "'; drop table openwop.run; --",
        ""
      })
  void whichNamesATraceOfItsOwnIfTheHeaderIsMalformed(String traceparent) {
    String run = create("conformance-noop", "traceparent", traceparent);

    assertThat(lineOf(run))
        .containsEntry("status", "completed")
        .containsEntry("correlationId", traceId)
        .doesNotContainEntry("correlationId", TRACE_ID);
  }

  @Test
  void whichNamesTheTraceOfAVersionToCome() {
    String run =
        create("conformance-noop", "traceparent", "cc" + TRACEPARENT.substring(2) + "-more");

    assertThat(lineOf(run)).containsEntry("correlationId", TRACE_ID);
  }

  @Test
  void whichNamesATraceOfItsOwnIfThereAreTwo() {
    String run = create("conformance-noop", "traceparent", TRACEPARENT, "traceparent", TRACEPARENT);

    assertThat(lineOf(run))
        .containsEntry("correlationId", traceId)
        .doesNotContainEntry("correlationId", TRACE_ID);
  }

  @Test
  void andIsCountedWithHowLongItTook() {
    create("conformance-failure");

    await()
        .untilAsserted(
            () ->
                assertThat(acme.get("/actuator/prometheus").text())
                    .containsPattern("heddle_runs_ended_seconds_count\\{.*status=\"failed\".*} \\d")
                    .contains("heddle_runs_ended_seconds_bucket"));
  }

  private List<String> children(String runId) {
    return host.database()
        .sql("select run_id from openwop.run where parent_run_id = :run")
        .param("run", runId)
        .query(String.class)
        .list();
  }

  private String error(String runId) {
    return acme.get("/v1/runs/" + runId).json().at("/error/code").asString();
  }

  private String create(String workflowId, String... headers) {
    Answer answer =
        acme.post("/v1/runs", "{\"workflowId\": \"%s\"}".formatted(workflowId), headers);
    assertThat(answer.status()).isEqualTo(201);
    traceId = answer.header("traceparent").substring(3, 35);
    return answer.json().get("runId").asString();
  }

  private Map<String, Object> lineOf(String runId) {
    await("the line of " + runId).until(() -> !lines(runId).isEmpty());
    assertThat(lines(runId)).hasSize(1);
    return lines(runId).get(0);
  }

  private List<Map<String, Object>> lines(String runId) {
    return messages.stream()
        .map(Json::parseObject)
        .filter(line -> runId.equals(line.get("runId")))
        .toList();
  }
}
