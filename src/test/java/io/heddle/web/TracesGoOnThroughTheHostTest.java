package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every answer says which trace it belongs to. */
@ExtendWith(TestHost.Shared.class)
class TracesGoOnThroughTheHostTest {

  private static final String TRACE_ID = "5bd8a9ff0e9140668ad4b4f3a1ea7f5c";

  private static final String SPAN_ID = "b7ad6b7169203331";

  private static final String WELL_FORMED = "00-[0-9a-f]{32}-[0-9a-f]{16}-01";

  private final Caller acme;

  private final Caller anonymous;

  TracesGoOnThroughTheHostTest(TestHost host) {
    this.acme = host.as(Key.ACME);
    this.anonymous = host.anonymous();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/.well-known/openwop",
        "/v1/runs",
        "/v1/runs/run-unknown-unknown",
        "/v1/no-such-path"
      })
  void theOneOfItsCaller(String path) {
    for (Caller caller : new Caller[] {acme, anonymous}) {
      Answer answer =
          caller.get(
              path,
              "traceparent",
              "00-%s-%s-00".formatted(TRACE_ID, SPAN_ID),
              "tracestate",
              "a=1,b=2");

      assertThat(answer.header("traceparent"))
          .matches("00-%s-[0-9a-f]{16}-00".formatted(TRACE_ID))
          .doesNotContain(SPAN_ID);
      assertThat(answer.header("tracestate")).isEqualTo("a=1,b=2");
    }
  }

  @Test
  void alsoOnStreams() {
    String run = acme.startRun("conformance-noop");

    Answer answer =
        acme.get(
            "/v1/runs/%s/events".formatted(run),
            "Accept",
            "text/event-stream",
            "traceparent",
            "00-%s-%s-01".formatted(TRACE_ID, SPAN_ID));

    assertThat(answer.header("Content-Type")).startsWith("text/event-stream");
    assertThat(answer.header("traceparent")).startsWith("00-" + TRACE_ID);
  }

  @Test
  void oneThatBeginsWithIt() {
    String one = acme.get("/v1/runs").header("traceparent");
    String other = acme.get("/v1/runs", "tracestate", "a=1").header("traceparent");

    assertThat(one).matches(WELL_FORMED);
    assertThat(other).matches(WELL_FORMED).isNotEqualTo(one);
  }

  @ParameterizedTest
  @ValueSource(strings = {"00-nonsense-01", "00", "'; drop table openwop.run; --"})
  void oneOfItsOwnIfTheHeaderIsMalformed(String traceparent) {
    Answer answer =
        acme.post(
            "/v1/runs",
            "{\"workflowId\": \"conformance-noop\"}",
            "traceparent",
            traceparent,
            "tracestate",
            "a=1");

    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.header("traceparent")).matches(WELL_FORMED);
    assertThat(answer.header("tracestate")).isNull();
  }
}
