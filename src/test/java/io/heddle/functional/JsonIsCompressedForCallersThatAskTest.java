package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;

@WebHost
class JsonIsCompressedForCallersThatAskTest {

  @LocalServerPort private int port;

  private WebCaller plain;

  private WebCaller gzip;

  @BeforeEach
  void call() {
    plain = WebCaller.of(port, Key.OPERATOR);
    gzip = plain.with("Accept-Encoding", "gzip");
  }

  @Test
  void itIsAdvertised() {
    assertThat(WebCaller.anonymous(port).get("/.well-known/openwop").is(200).json())
        .extractingByKey("restTransport")
        .satisfies(
            family ->
                assertThat(((Map<?, ?>) family).get("contentEncodings"))
                    .isEqualTo(List.of("gzip")));
  }

  @Test
  void everyKindOfAnswerDecodesToThePlainOne() {
    String runId = plain.finished("conformance-noop");
    for (String path :
        List.of(
            "/v1/runs/" + runId,
            "/v1/runs/" + runId + "/events/poll?timeout=0",
            "/v1/runs/" + runId + "/events/poll?timeout=30",
            "/v1/workflows/conformance-noop",
            "/.well-known/openwop",
            "/v1/openapi.json")) {
      same(path, plain, gzip, 200);
    }
    // Written as it is read from the database.
    same(
        "/v1/runs/" + runId + "/events",
        plain.with("Accept", "application/json"),
        gzip.with("Accept", "application/json"),
        200);
  }

  @Test
  void anAnswerThatWasWaitedForIsCompressedToo() {
    String runId = plain.waiting();

    // Nothing happens in this second.
    Answer polled = gzip.get("/v1/runs/" + runId + "/events/poll?lastSequence=1&timeout=1").is(200);

    assertThat(polled.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(polled.json()).containsEntry("isComplete", false);
    assertThat(polled.headers("Vary")).containsOnlyOnce("Accept-Encoding");
    plain.cancel(runId);
  }

  @Test
  void refusalsAreCompressedWhateverLayerTheyComeFrom() {
    same("/v1/runs/run-unknown", plain, gzip, 404);
    same("/v1/nowhere", plain, gzip, 404);
    Answer anonymous =
        WebCaller.anonymous(port).with("Accept-Encoding", "gzip").get("/v1/runs/run-unknown");
    assertThat(anonymous.refuses(401, "unauthenticated").header("Content-Encoding"))
        .isEqualTo("gzip");
    assertThat(gzip.send("DELETE", "/v1/runs", null).refuses(405, "method_not_allowed").raw())
        .startsWith(0x1f, 0x8b);
    assertThat(gzip.post("/v1/runs", "{").refuses(400, "validation_error").raw())
        .startsWith(0x1f, 0x8b);
  }

  @Test
  void aMutationIsAnsweredCompressed() {
    Answer created = gzip.post("/v1/runs", Map.of("workflowId", "conformance-noop")).is(201);

    assertThat(created.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(created.json()).containsKey("runId");
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity", "br", "gzip;q=0", "gzip;q=0.5, identity", ""})
  void nobodyGetsWhatItDidNotAskFor(String accepted) {
    Answer answer =
        plain.with("Accept-Encoding", accepted).get("/v1/workflows/conformance-noop").is(200);

    assertThat(answer.header("Content-Encoding")).isNull();
    assertThat(answer.headers("Vary")).containsOnlyOnce("Accept-Encoding");
    assertThat(answer.json()).containsEntry("id", "conformance-noop");
  }

  @Test
  void streamsAreNeverCompressed() {
    String runId = plain.finished("conformance-noop");

    Answer stream =
        gzip.with("Accept", "text/event-stream").get("/v1/runs/" + runId + "/events").is(200);

    assertThat(stream.header("Content-Encoding")).isNull();
    assertThat(stream.header("Content-Type")).startsWith("text/event-stream");
    assertThat(new String(stream.raw())).contains("event: run.completed");
  }

  @Test
  void eachRepresentationHasAStrongTagOfItsOwn() {
    String path = "/v1/runs/" + plain.finished("conformance-noop");
    String plainTag = plain.get(path).is(200).header("ETag");
    String gzipTag = gzip.get(path).is(200).header("ETag");

    assertThat(gzipTag).isNotEqualTo(plainTag).startsWith("\"").endsWith("\"");
    assertThat(plain.with("If-None-Match", plainTag).get(path).is(304).header("ETag"))
        .isEqualTo(plainTag);
    Answer unchanged = gzip.with("If-None-Match", "\"x\", " + gzipTag).get(path).is(304);
    assertThat(unchanged.header("ETag")).isEqualTo(gzipTag);
    assertThat(unchanged.raw()).isEmpty();
    assertThat(unchanged.header("Content-Encoding")).isNull();
    assertThat(unchanged.headers("Vary")).contains("Accept-Encoding");
    // Whoever holds the one representation does not hold the other.
    plain.with("If-None-Match", gzipTag).get(path).is(200);
    gzip.with("If-None-Match", plainTag).get(path).is(200);
    gzip.with("If-None-Match", "*").get(path).is(304);
  }

  @Test
  void aHeadRequestTellsWhatAGetWould() {
    String path = "/v1/runs/" + plain.finished("conformance-noop");
    Answer get = gzip.get(path).is(200);

    Answer head = gzip.send("HEAD", path, null).is(200);

    assertThat(head.raw()).isEmpty();
    assertThat(head.header("ETag")).isEqualTo(get.header("ETag"));
    assertThat(head.header("Content-Encoding")).isEqualTo("gzip");
  }

  @Test
  void longAnswersArriveWhole() {
    String filling = "the quick brown fox %d ".repeat(20_000);
    String runId =
        plain.create("conformance-identity", "inputs", Map.of("payload", Map.of("text", filling)));
    plain.awaitEnd(runId);

    same("/v1/runs/" + runId, plain, gzip, 200);
    same("/v1/runs/" + runId + "/events/poll?timeout=0", plain, gzip, 200);
  }

  private static void same(String path, WebCaller plain, WebCaller gzip, int status) {
    Answer expected = plain.get(path).is(status);
    Answer compressed = gzip.get(path).is(status);
    assertThat(expected.header("Content-Encoding")).as(path).isNull();
    assertThat(compressed.header("Content-Encoding")).as(path).isEqualTo("gzip");
    assertThat(compressed.body()).as(path).isEqualTo(expected.raw());
    assertThat(compressed.headers("Vary")).as(path).containsOnlyOnce("Accept-Encoding");
    assertThat(compressed.headers("Content-Length")).hasSizeLessThan(2);
  }
}
