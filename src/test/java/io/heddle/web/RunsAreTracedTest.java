package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.awaitility.Awaitility.await;

import io.heddle.testkit.OtlpCollector;
import io.heddle.testkit.OtlpCollector.Measured;
import io.heddle.testkit.OtlpCollector.Received;
import io.heddle.web.TestHost.Key;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/**
 * What a collector gets of two hosts that share a database, one of which speaks Protobuf and the
 * other JSON.
 */
@ExtendWith(TestHost.Shared.class)
@Timeout(120)
class RunsAreTracedTest {

  private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

  private static final String CALLERS_SPAN = "00f067aa0ba902b7";

  private static final String TRACEPARENT = "00-" + TRACE_ID + "-" + CALLERS_SPAN + "-01";

  private static final String MARKER = "CANARY-openwop-CONFORMANCE-NEVER-SECRET";

  private static OtlpCollector collector;

  private static TestHost first;

  private static TestHost second;

  @BeforeAll
  static void start(TestHost shared) {
    collector = OtlpCollector.start();
    String database = shared.createDatabase("traced");
    first = host(database, "http/protobuf");
    second = host(database, "http/json");
  }

  private static TestHost host(String database, String protocol) {
    return TestHost.start(
        "--spring.datasource.url=" + database,
        "--spring.datasource.username=postgres",
        "--openwop.telemetry.endpoint=" + collector.endpoint() + "/",
        "--openwop.telemetry.protocol=" + protocol,
        "--openwop.telemetry.headers.x-collector-key=letmein");
  }

  @AfterAll
  static void stop() {
    second.close();
    first.close();
    collector.close();
  }

  @Test
  void withTheSpanOfTheRunAndThoseOfItsNodes() {
    for (TestHost host : List.of(first, second)) {
      String run = create(host, "conformance-noop");

      Received whole = awaitRun(run);
      Received node = collector.span(run, "openwop.node.core.noop");

      assertThat(collector.spansOf(run)).hasSize(2);
      assertThat(whole.parentSpanId()).isEmpty();
      assertThat(whole.failed()).isFalse();
      assertThat(whole.end()).isGreaterThanOrEqualTo(whole.start());
      assertThat(whole.attributes())
          .containsOnly(
              entry("openwop.run_id", run),
              entry("openwop.workflow_id", "conformance-noop"),
              entry("openwop.protocol_version", "1.0"),
              entry("openwop.tenant_id", "acme"),
              entry("openwop.compliance_class", "public"),
              entry("openwop.run_status", "completed"),
              entry("openwop.pii_present", false));
      assertThat(node.parentSpanId()).isEqualTo(whole.spanId());
      assertThat(node.traceId()).isEqualTo(whole.traceId());
      assertThat(node.start()).isGreaterThanOrEqualTo(whole.start());
      assertThat(node.attributes())
          .contains(
              entry("openwop.run_id", run),
              entry("openwop.workflow_id", "conformance-noop"),
              entry("openwop.node_id", "noop"),
              entry("openwop.node_type", "core.noop"),
              entry("openwop.node_attempt", 0L));
      assertThat(whole.resource()).containsEntry("service.name", "heddle");
      assertThat(whole.resource()).containsKey("service.version");
    }
    assertThat(collector.headers())
        .allSatisfy(headers -> assertThat(headers).containsEntry("x-collector-key", "letmein"))
        .anySatisfy(
            headers -> assertThat(headers).containsEntry("Content-Type", "application/json"))
        .anySatisfy(
            headers -> assertThat(headers).containsEntry("Content-Type", "application/x-protobuf"));
  }

  @Test
  void inTheTraceOfTheirCaller() {
    String run =
        create(first, "conformance-noop", "traceparent", TRACEPARENT, "tracestate", "vendor=kept");

    Received whole = awaitRun(run);

    assertThat(whole.parentSpanId()).isEqualTo(CALLERS_SPAN);
    assertThat(collector.spansOf(run))
        .hasSize(2)
        .allSatisfy(
            span -> {
              assertThat(span.traceId()).isEqualTo(TRACE_ID);
              assertThat(span.traceState()).isEqualTo("vendor=kept");
            });
  }

  @Test
  void inTheTraceThatTheHostAnswersWith() {
    Answer answer = first.as(Key.ACME).post("/v1/runs", "{\"workflowId\": \"conformance-noop\"}");

    Received whole = awaitRun(answer.json().get("runId").asString());

    assertThat(answer.header("traceparent")).startsWith("00-" + whole.traceId() + "-");
  }

  @Test
  void notIfTheCallerDoesNotRecordTheTrace() {
    String quiet =
        create(
            first,
            "conformance-noop",
            "traceparent",
            TRACEPARENT.substring(0, TRACEPARENT.length() - 1) + "0");
    first.as(Key.ACME).log(quiet);
    String loud = create(first, "conformance-noop");

    awaitRun(loud);

    // Exported in the order in which they end.
    assertThat(collector.spansOf(quiet)).isEmpty();
  }

  @Test
  void throughWhicheverHostsExecuteThem() {
    String run = create(first, "conformance-approval", "traceparent", TRACEPARENT);
    await().until(() -> first.as(Key.ACME).status(run).equals("waiting-approval"));

    Answer answer =
        second
            .as(Key.ACME)
            .post(
                "/v1/runs/%s/interrupts/gate".formatted(run),
                "{\"resumeValue\": {\"action\": \"accept\"}}",
                "traceparent",
                "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01");

    assertThat(answer.status()).isEqualTo(200);
    Received whole = awaitRun(run);
    Received gate = collector.span(run, "openwop.node.core.approvalGate");
    Received interrupt = collector.span(run, "openwop.interrupt");
    assertThat(whole.parentSpanId()).isEqualTo(CALLERS_SPAN);
    assertThat(collector.spansOf(run)).extracting(Received::traceId).containsOnly(TRACE_ID);
    assertThat(interrupt.parentSpanId()).isEqualTo(gate.spanId());
    assertThat(interrupt.start()).isBetween(gate.start(), gate.end());
    assertThat(interrupt.end()).isBetween(interrupt.start(), gate.end());
    assertThat(interrupt.attributes())
        .contains(entry("openwop.interrupt_kind", "approval"), entry("openwop.interrupt_count", 0L))
        .containsKey("openwop.interrupt_id");
  }

  @Test
  void belowTheNodeThatStartedThem() {
    String parent = create(first, "conformance-subworkflow-parent");
    awaitRun(parent);
    String child = child(parent);
    Received whole = awaitRun(child);

    Received node = collector.span(parent, "openwop.node.core.subWorkflow");

    assertThat(whole.traceId()).isEqualTo(node.traceId());
    assertThat(whole.parentSpanId()).isEqualTo(node.spanId());
    assertThat(whole.attributes())
        .contains(
            entry("openwop.parent.run_id", parent),
            entry("openwop.parent.workflow_id", "conformance-subworkflow-parent"),
            entry("openwop.parent.node_id", String.valueOf(node.attribute("node_id"))));
  }

  @Test
  void besideTheOneTheyWereForkedFrom() {
    String source = create(first, "conformance-multi-node", "traceparent", TRACEPARENT);
    Received original = awaitRun(source);
    Answer forked =
        first
            .as(Key.ACME)
            .post("/v1/runs/%s:fork".formatted(source), "{\"mode\": \"branch\", \"fromSeq\": 3}");
    assertThat(forked.status()).as("%s", forked).isEqualTo(201);
    String fork = forked.json().get("runId").asString();

    Received whole = awaitRun(fork);

    assertThat(whole.traceId()).isNotEqualTo(TRACE_ID);
    assertThat(whole.parentSpanId()).isEmpty();
    assertThat(whole.links()).containsExactly(TRACE_ID + "/" + original.spanId());
    assertThat(whole.attributes())
        .contains(
            entry("openwop.replay.source_run_id", source),
            entry("openwop.replay.from_seq", 3L),
            entry("openwop.replay.mode", "branch"));
    // What the source had done before is told in its trace.
    assertThat(collector.spansOf(fork)).hasSizeLessThan(collector.spansOf(source).size());
    assertThat(collector.spansOf(fork))
        .allSatisfy(span -> assertThat(span.start()).isGreaterThanOrEqualTo(whole.start()));
  }

  @Test
  void withTheLimitTheyBroke() {
    String run = create(first, "conformance-cap-breach", "recursionLimit");

    Received whole = awaitRun(run);

    assertThat(whole.failed()).isTrue();
    assertThat(whole.attributes())
        .contains(
            entry("openwop.cap_kind", "node-executions"),
            entry("error.type", "recursion_limit_exceeded"))
        .containsKeys("openwop.cap_limit", "openwop.cap_observed");
    awaitMetric("openwop.cap.exceeded", "openwop.cap_kind", "node-executions");
  }

  @Test
  void andMeasured() {
    String run = create(second, "conformance-noop");
    awaitRun(run);

    assertThat(awaitMetric("openwop.run.created", "openwop.workflow_id", "conformance-noop").kind())
        .isEqualTo("sum");
    assertThat(awaitMetric("openwop.run.backlog", "openwop.tenant_id", "all").kind())
        .isEqualTo("gauge");
    assertThat(awaitMetric("openwop.queue.depth", "openwop.tenant_id", "all").kind())
        .isEqualTo("gauge");
    assertThat(awaitMetric("openwop.node.completed", "openwop.node_type", "core.noop").kind())
        .isEqualTo("sum");
    Measured duration =
        awaitMetric("openwop.run.duration", "openwop.workflow_id", "conformance-noop");
    assertThat(duration.kind()).isEqualTo("histogram");
    assertThat(duration.bounds())
        .containsExactly(.5, 1., 2.5, 5., 10., 30., 60., 300., 600., 1_800., 3_600.);
    assertThat(collector.metrics())
        .extracting(Measured::name)
        .contains("openwop.run.active", "heddle.telemetry.exported", "jvm.memory.used");
    assertThat(collector.metrics())
        .flatExtracting(Measured::attributes)
        .noneMatch(point -> point.containsKey("openwop.run_id"));
  }

  @Test
  void withWhatTheirOrchestratorsDecided() {
    String run = create(first, "conformance-orchestrator-terminate");
    awaitRun(run);

    assertThat(
            awaitMetric(
                    "openwop.orchestrator.decisions",
                    "openwop.orchestrator.decision_kind",
                    "terminate")
                .kind())
        .isEqualTo("sum");
    Measured iterations =
        awaitMetric(
            "openwop.orchestrator.iterations",
            "openwop.workflow_id",
            "conformance-orchestrator-terminate");
    assertThat(iterations.bounds()).containsExactly(1., 2., 5., 10., 25., 50., 100., 250.);
  }

  @Test
  void withoutWhatIsSecret() {
    String token = "sk-" + MARKER + "-abc";
    first
        .as(Key.ACME)
        .register(
            "leaky",
            Definitions.chain("leaky", Definitions.says("says", token), Definitions.noop(token)));
    String run =
        first.as(Key.ACME).startRun("leaky", "{\"userField\": \"cred_%s-xyz\"}".formatted(MARKER));
    awaitRun(run);
    awaitMetric("openwop.run.created", "openwop.workflow_id", "leaky");

    assertThat(collector.spansOf(run)).hasSize(3);
    assertThat(collector.everything()).doesNotContain(MARKER);
    assertThat(first.as(Key.ACME).get("/actuator/prometheus").text()).doesNotContain(MARKER);
    assertThat(seam(first, Key.ACME, run).text()).doesNotContain(MARKER);
  }

  @Test
  void forTestsThatAskForThem() {
    String run = create(first, "conformance-noop");
    awaitRun(run);

    Answer answer = seam(second, Key.ACME, run);

    assertThat(answer.status()).isEqualTo(200);
    List<String> names =
        answer.json().get("spans").valueStream().map(span -> span.get("name").asString()).toList();
    assertThat(names).containsExactly("openwop.node.core.noop", "openwop.run");
    for (JsonNode span : answer.json().get("spans")) {
      assertThat(span.at("/attributes").get("openwop.run_id").asString()).isEqualTo(run);
      assertThat(span.get("events").isEmpty()).isTrue();
    }
    assertThat(seam(first, Key.GLOBEX, run).status()).isEqualTo(404);
    assertThat(seam(first, Key.ACME, "run-unknown-unknown").status()).isEqualTo(404);
    assertThat(first.as(Key.ACME).get("/v1/host/sample/test/otel/spans").status()).isEqualTo(400);
  }

  @Test
  void asDiscoveryClaims(TestHost silent) {
    JsonNode document = first.anonymous().get("/.well-known/openwop").json();

    for (JsonNode claimed : List.of(document, document.get("capabilities"))) {
      JsonNode family = claimed.get("observability");
      assertThat(family.at("/otel/exportProtocols").valueStream().map(JsonNode::asString))
          .containsExactly("http/json", "http/protobuf");
      assertThat(family.at("/metrics/supported").asBoolean()).isTrue();
      assertThat(family.at("/testSeams/otelScrape").asBoolean()).isTrue();
    }
    JsonNode withoutCollector = silent.anonymous().get("/.well-known/openwop").json();
    assertThat(withoutCollector.at("/observability").has("otel")).isFalse();
    assertThat(withoutCollector.at("/observability").has("metrics")).isFalse();
    assertThat(withoutCollector.at("/observability/testSeams").has("otelScrape")).isFalse();
  }

  private static String create(TestHost host, String workflowId, String... headers) {
    boolean limited = headers.length == 1;
    Answer answer =
        host.as(Key.ACME)
            .post(
                "/v1/runs",
                limited
                    ? "{\"workflowId\": \"%s\", \"configurable\": {\"%s\": 1}}"
                        .formatted(workflowId, headers[0])
                    : "{\"workflowId\": \"%s\"}".formatted(workflowId),
                limited ? new String[0] : headers);
    assertThat(answer.status()).as("%s", answer).isEqualTo(201);
    return answer.json().get("runId").asString();
  }

  private static String child(String parent) {
    return first
        .database()
        .sql("select run_id from openwop.run where parent_run_id = :run")
        .param("run", parent)
        .query(String.class)
        .single();
  }

  private static Answer seam(TestHost host, Key key, String runId) {
    return host.as(key).get("/v1/host/sample/test/otel/spans?runId=" + runId);
  }

  private static Received awaitRun(String runId) {
    await("the span of " + runId)
        .atMost(Duration.ofSeconds(30))
        .until(() -> collector.hasRun(runId));
    return collector.span(runId, "openwop.run");
  }

  private static Measured awaitMetric(String name, String attribute, String value) {
    await(name)
        .atMost(Duration.ofSeconds(30))
        .until(() -> find(name, attribute, value).findAny().isPresent());
    return find(name, attribute, value).findAny().orElseThrow();
  }

  private static Stream<Measured> find(String name, String attribute, String value) {
    Map.Entry<String, Object> wanted = Map.entry(attribute, value);
    return collector.metrics(name).stream()
        .filter(
            metric ->
                metric.attributes().stream().anyMatch(point -> point.entrySet().contains(wanted)));
  }
}
