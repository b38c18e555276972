package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

@ExtendWith(TestHost.Shared.class)
class EveryErrorIsTheClosedEnvelopeTest {

  private static final String AUTHORIZED =
      "Host: localhost\r\nAuthorization: Bearer %s\r\n".formatted(Key.ACME.secret());

  private static final String JSON = "Content-Type: application/json\r\n";

  private static final String CHUNKED = JSON + "Transfer-Encoding: chunked\r\n";

  private static final String GOOD = "{\"workflowId\":\"conformance-noop\"}";

  private static final int TEN_MEGABYTES = 10 * 1024 * 1024;

  /**
   * @param code null if any will do
   */
  private record Refused(String name, int status, @Nullable String code, byte[] request) {

    Refused(String name, int status, @Nullable String code, String request) {
      this(name, status, code, request.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private final TestHost host;

  EveryErrorIsTheClosedEnvelopeTest(TestHost host) {
    this.host = host;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"paths", "methods", "bodies", "types", "framings", "headers", "queries"})
  void aRefusalHasTheEnvelopeAndLeavesNothing(Refused refused) throws IOException {
    long before = host.runs();

    Answer answer = Wire.exchange(host.port(), refused.request());

    Envelope.assertRefused(answer, refused.status(), refused.code());
    assertThat(host.runs()).isEqualTo(before);
  }

  static Stream<Refused> paths() {
    List<Refused> cases = new ArrayList<>();
    cases.add(new Refused("unknown route", 404, "not_found", get("/v1/nope")));
    cases.add(new Refused("root", 404, "not_found", get("/")));
    cases.add(new Refused("the bare version", 404, "not_found", get("/v1")));
    cases.add(new Refused("no version", 400, "validation_error", get("/runs")));
    cases.add(new Refused("no version, by id", 400, "validation_error", get("/runs/x/events")));
    cases.add(new Refused("the framework's error page", 404, "not_found", get("/error")));
    cases.add(
        new Refused("beside the health endpoint", 404, "not_found", get("/actuator/healthy")));
    cases.add(new Refused("trailing slash", 404, "not_found", get("/v1/runs/x/")));
    cases.add(
        new Refused("4000 characters", 404, "not_found", get("/v1/runs/" + "a".repeat(4000))));
    cases.add(new Refused("tilde", 404, "not_found", get("/v1/runs/a~b")));
    cases.add(new Refused("encoded tilde", 404, "not_found", get("/v1/runs/a%7Eb")));
    cases.add(new Refused("verb nobody serves", 404, "not_found", get("/v1/runs/a:b")));
    for (String id :
        List.of(
            "%zz",
            "%",
            "%0",
            "%00",
            "a%00b",
            "a%2Fb",
            "a%2fb",
            "a%5Cb",
            "a\\b",
            "..",
            "../x",
            "%2e%2e",
            "a/../../x",
            ";",
            "a;b=c",
            "a;jsessionid=x",
            "%ff",
            "\u00ff",
            "a b",
            "{a}",
            "a|b",
            "%0d%0aX:y",
            "/x",
            "%25%30%30")) {
      for (String rest : List.of("", "/events", "/events/poll")) {
        cases.add(
            new Refused("id " + id + rest, 400, "validation_error", get("/v1/runs/" + id + rest)));
      }
    }
    for (String path :
        List.of(
            "/v1;x=y/runs/a",
            "/v1/runs;x=y",
            "//v1/runs/a",
            "/v1//runs/a",
            "/v1%2Fruns/a",
            "/./v1/x")) {
      cases.add(new Refused("path " + path, 400, "validation_error", get(path)));
    }
    return cases.stream();
  }

  static Stream<Refused> methods() {
    return Stream.of(
        new Refused("DELETE /v1/runs", 405, "method_not_allowed", request("DELETE", "/v1/runs")),
        new Refused("PATCH /v1/runs", 405, "method_not_allowed", request("PATCH", "/v1/runs")),
        new Refused("GET cancel", 405, "method_not_allowed", get("/v1/runs/a/cancel")),
        new Refused(
            "POST discovery", 405, "method_not_allowed", request("POST", "/.well-known/openwop")),
        new Refused("unknown method", 400, "validation_error", request("FOO", "/v1/runs")),
        new Refused("TRACE", 405, "method_not_allowed", request("TRACE", "/v1/runs")),
        new Refused("CONNECT", 501, "not_implemented", request("CONNECT", "/v1/runs")),
        new Refused("PRI", 400, "validation_error", request("PRI", "/v1/runs")));
  }

  static Stream<Refused> bodies() {
    String run = "{\"workflowId\":\"conformance-noop\",\"inputs\":{%s}}";
    List<Refused> cases = new ArrayList<>();
    for (String body :
        List.of(
            "{\"workflowId\":\"a", // ends in its middle
            "{",
            "[",
            "\"",
            "   ",
            "{]",
            "{}{}",
            "{} x",
            "[]",
            "null",
            "\"x\"",
            "1",
            "true",
            "NaN",
            "{'workflowId':'a'}",
            "{workflowId:1}",
            "{\"a\":1,}",
            "/**/{}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{\"a\":\"\t\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{\"workflowId\":\"conformance-noop\",\"workflowId\":\"conformance-noop\"}",
            run.formatted("\"a\":1,\"\\u0061\":2"),
            run.formatted("\"a\":\"\\ud800\""),
            run.formatted("\"a\":\"\\udc00x\""),
            run.formatted("\"\\ud800\":1"),
            run.formatted("\"\\udc00\":1"),
            run.formatted("\"a\":\"\\u0000\""),
            run.formatted("\"a\\u0000b\":1"),
            run.formatted("\"a\":1e309"),
            run.formatted("\"a\":-1e309"),
            run.formatted("\"a\":1e999999999"),
            run.formatted("\"a\":1e9999999999"),
            run.formatted("\"a\":1e99999999999999999999"),
            run.formatted("\"a\":" + "9".repeat(400)),
            run.formatted("\"a\":" + "9".repeat(100_000)),
            run.formatted("\"a\":" + "[".repeat(20_000) + "]".repeat(20_000)),
            run.formatted("\"a\":" + "{\"a\":".repeat(20_000) + "1" + "}".repeat(20_000)),
            "[".repeat(20_000),
            "{\"a\":".repeat(20_000),
            // Not UTF-8: a lone byte, a surrogate, an overlong NUL, an overlong slash, UTF-16.
            run.formatted("\"a\":\"\u00ff\""),
            run.formatted("\"a\":\"\u00ed\u00a0\u0080\""),
            run.formatted("\"a\":\"\u00c0\u0080\""),
            run.formatted("\"a\":\"\u00c0\u00af\""),
            new String(GOOD.getBytes(StandardCharsets.UTF_16), StandardCharsets.ISO_8859_1),
            new String(GOOD.getBytes(StandardCharsets.UTF_16LE), StandardCharsets.ISO_8859_1),
            "{\"workflowId\":\"no-such-workflow\"}",
            "{\"workflowId\":\"" + "a".repeat(100_000) + "\"}",
            "{\"workflowId\":\"~../\\u001b[31m\"}",
            "{\"workflowId\":\"conformance-noop\",\"tenantId\":\"globex\"}")) {
      String shown = body.substring(0, Math.min(60, body.length()));
      cases.add(new Refused("body " + shown, 400, "validation_error", post(JSON, body)));
    }
    cases.add(new Refused("no body", 400, "validation_error", request("POST", "/v1/runs")));
    cases.add(
        new Refused("10 MB", 413, "payload_too_large", post(JSON, "x".repeat(TEN_MEGABYTES))));
    cases.add(
        new Refused(
            "10 MB without a length",
            413,
            "payload_too_large",
            request(
                "POST",
                "/v1/runs",
                CHUNKED,
                "%x\r\n%s\r\n0\r\n\r\n".formatted(TEN_MEGABYTES, "x".repeat(TEN_MEGABYTES)))));
    cases.add(
        new Refused(
            "10 MB announced and not sent",
            413,
            "payload_too_large",
            request("POST", "/v1/runs", JSON + "Content-Length: " + TEN_MEGABYTES + "\r\n", "")));
    return cases.stream();
  }

  static Stream<Refused> types() {
    List<Refused> cases = new ArrayList<>();
    for (String type :
        List.of(
            "text/plain",
            "application/xml",
            "application/octet-stream",
            "application/jsonp",
            ";;;",
            "json",
            "application/json;charset=no-such-charset",
            "application/x-www-form-urlencoded",
            "APPLICATION/X-WWW-FORM-URLENCODED",
            "multipart/form-data",
            "multipart/form-data; boundary=x")) {
      for (String route : List.of("POST /v1/runs", "PUT /v1/host/heddle/workflows/a")) {
        String[] parts = route.split(" ");
        cases.add(
            new Refused(
                route + " as " + type,
                415,
                "unsupported_media_type",
                request(
                    parts[0], parts[1], "Content-Type: " + type + "\r\n" + length(GOOD), GOOD)));
      }
    }
    cases.add(
        new Refused(
            "a form that cannot be decoded",
            415,
            "unsupported_media_type",
            request(
                "PUT",
                "/v1/host/heddle/workflows/a",
                "Content-Type: application/x-www-form-urlencoded\r\n" + length("a=%zz"),
                "a=%zz")));
    return cases.stream();
  }

  static Stream<Refused> framings() {
    String two = "Content-Length: 33\r\nContent-Length: 34\r\n";
    return Stream.of(
        bad("two lengths", request("POST", "/v1/runs", JSON + two, GOOD + "xx")),
        bad("a list of lengths", framed("Content-Length: 33, 34\r\n")),
        bad("a negative length", framed("Content-Length: -5\r\n")),
        bad("a length in words", framed("Content-Length: abc\r\n")),
        bad("a length beyond all", framed("Content-Length: 99999999999999999999999\r\n")),
        bad("a chunk size in words", chunked("zz\r\n" + GOOD + "\r\n0\r\n\r\n")),
        bad("a negative chunk size", chunked("-1\r\n" + GOOD + "\r\n0\r\n\r\n")),
        bad("a chunk longer than told", chunked("2\r\n" + GOOD + "\r\n0\r\n\r\n")),
        bad("a flood in a chunk extension", chunked("21;a=" + "x".repeat(20_000) + "\r\n")),
        bad(
            "a flood of trailers",
            chunked("21\r\n" + GOOD + "\r\n0\r\nX: " + "y".repeat(20_000) + "\r\n\r\n")),
        bad("chunked and then not", framed("Transfer-Encoding: chunked, identity\r\n")),
        new Refused(
            "an unknown coding", 501, "not_implemented", framed("Transfer-Encoding: gzip\r\n")),
        bad("an unknown expectation", framed("Expect: 200-ok\r\n" + length(GOOD))),
        bad("no request line", "\r\n\r\n\u0000\u0001\u0002\r\n\r\n"),
        bad("a method alone", "GET\r\n\r\n"),
        bad("four words", "GET /v1/runs/a HTTP/1.1 x\r\n" + AUTHORIZED + "\r\n"),
        bad("a method that is no token", "G(T /v1/runs/a HTTP/1.1\r\n" + AUTHORIZED + "\r\n"),
        new Refused(
            "HTTP/2.0",
            505,
            "http_version_not_supported",
            "GET /v1/runs/a HTTP/2.0\r\n" + AUTHORIZED + "\r\n"),
        new Refused(
            "HTTP/9.9",
            505,
            "http_version_not_supported",
            "GET /v1/runs/a HTTP/9.9\r\n" + AUTHORIZED + "\r\n"),
        bad("no host", "GET /v1/runs/a HTTP/1.1\r\n\r\n"),
        bad("two hosts", "GET /v1/runs/a HTTP/1.1\r\nHost: a\r\n" + AUTHORIZED + "\r\n"),
        bad("no such host", "GET /v1/runs/a HTTP/1.1\r\nHost: a b/\r\n\r\n"));
  }

  static Stream<Refused> headers() {
    String many =
        String.join(
            "", IntStream.range(0, 2000).mapToObj(i -> "X-%d: y\r\n".formatted(i)).toList());
    String cookies =
        String.join("; ", IntStream.range(0, 500).mapToObj(i -> "c%d=v".formatted(i)).toList());
    return Stream.of(
        unread("2000 headers", request("GET", "/v1/runs/a", many, "")),
        unread("a header of 100 kB", request("GET", "/v1/runs/a", "X: " + "y".repeat(100_000), "")),
        unread(
            "a header of 100 kB before all others",
            "GET /v1/runs/a HTTP/1.1\r\nX: %s\r\n%s\r\n"
                .formatted("y".repeat(100_000), AUTHORIZED)),
        new Refused(
            "a header of 100 kB to what is public",
            431,
            "headers_too_large",
            request("GET", "/.well-known/openwop", "X: " + "y".repeat(100_000), "")),
        bad("500 cookies", request("GET", "/v1/runs/a", "Cookie: " + cookies + "\r\n", "")),
        bad("a header without a colon", request("GET", "/v1/runs/a", "NoColon\r\n", "")),
        bad("a header name with a space", request("GET", "/v1/runs/a", "A B: x\r\n", "")),
        bad("a NUL in a header", request("GET", "/v1/runs/a", "X: a\u0000b\r\n", "")),
        bad("a path of 100 kB", get("/v1/runs/" + "a".repeat(100_000))),
        bad("X-Dedup", framed("X-Dedup: enforce\r\n" + length(GOOD))),
        new Refused(
            "an engine version to a production key",
            403,
            "force_engine_version_forbidden",
            framed("X-Force-Engine-Version: 1\r\n" + length(GOOD))));
  }

  static Stream<Refused> queries() {
    List<Refused> cases = new ArrayList<>();
    String many =
        String.join("&", IntStream.range(0, 1500).mapToObj(i -> "p%d=1".formatted(i)).toList());
    for (String query : List.of("lastSequence=%zz", "timeout=%", "x=%ff%zz&lastSequence=1", many)) {
      String shown = query.substring(0, Math.min(30, query.length()));
      cases.add(bad("poll?" + shown, get("/v1/runs/a/events/poll?" + query)));
      cases.add(bad("events?" + shown, get("/v1/runs/a/events?" + query)));
    }
    cases.add(bad("a query of 100 kB", get("/v1/runs/a?q=" + "y".repeat(100_000))));
    return cases.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faultyMembers")
  void aFaultyMemberIsNamedByItsPointer(String members, List<String> pointers) {
    long before = host.runs();

    Answer answer =
        host.as(Key.ACME).post("/v1/runs", "{\"workflowId\":\"conformance-noop\"," + members + "}");

    Envelope.assertRefused(answer, 400, "validation_error");
    List<String> named = new ArrayList<>();
    for (JsonNode error : answer.json().get("details").get("errors")) {
      named.add(error.get("pointer").asString());
      assertThat(error.get("message").asString()).isNotBlank();
    }
    assertThat(named).containsExactlyInAnyOrderElementsOf(pointers);
    assertThat(host.runs()).isEqualTo(before);
  }

  static Stream<Object[]> faultyMembers() {
    String longTag = "x".repeat(257);
    return Stream.of(
        new Object[] {"\"inputs\":[]", List.of("/inputs")},
        new Object[] {"\"inputs\":null", List.of("/inputs")},
        new Object[] {"\"configurable\":\"x\"", List.of("/configurable")},
        new Object[] {"\"configurable\":3", List.of("/configurable")},
        new Object[] {"\"metadata\":true", List.of("/metadata")},
        new Object[] {"\"tags\":{}", List.of("/tags")},
        new Object[] {"\"tags\":\"x\"", List.of("/tags")},
        new Object[] {"\"tags\":[\"a\",1,\"b\",null]", List.of("/tags/1", "/tags/3")},
        new Object[] {"\"tags\":[\"%s\"]".formatted(longTag), List.of("/tags/0")},
        new Object[] {"\"tags\":[%s\"x\"]".formatted("\"x\",".repeat(100)), List.of("/tags")},
        new Object[] {
          "\"inputs\":1,\"configurable\":[],\"metadata\":[],\"tags\":[[]]",
          List.of("/inputs", "/configurable", "/metadata", "/tags/0")
        },
        new Object[] {
          "\"configurable\":{\"recursionLimit\":0,\"runTimeoutMs\":\"x\"}",
          List.of("/configurable/recursionLimit", "/configurable/runTimeoutMs")
        },
        new Object[] {
          "\"configurable\":{\"recursionLimit\":1.5}", List.of("/configurable/recursionLimit")
        },
        new Object[] {"\"callbackUrl\":7,\"scopeId\":{}", List.of("/callbackUrl", "/scopeId")},
        new Object[] {"\"inputs\":{\"a/b\":{\"~\":[0,\"\\u0000\"]}}", List.of("/inputs/a~1b/~0/1")},
        new Object[] {"\"metadata\":{\"n\":[1e999]}", List.of("/metadata/n/0")},
        new Object[] {"\"tags\":[],\"tags\":[]", List.of("/tags")});
  }

  @Test
  void inputsOfAWrongTypeAreNamedByTheirPointers() {
    Answer answer =
        host.as(Key.ACME)
            .post(
                "/v1/runs",
                "{\"workflowId\":\"conformance-delay\",\"inputs\":{\"delayMs\":\"soon\"}}");

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.json().at("/details/errors/0/pointer").asString())
        .isEqualTo("/inputs/delayMs");
  }

  @Test
  void headIsAnsweredLikeGetWithoutABody() throws IOException {
    Answer got = Wire.exchange(host.port(), get("/v1/runs/unknown"));
    Answer head = Wire.exchange(host.port(), request("HEAD", "/v1/runs/unknown"));

    assertThat(head.status()).isEqualTo(404);
    assertThat(head.body()).isEmpty();
    assertThat(head.header("content-type")).isEqualTo("application/json");
    assertThat(head.header("content-length")).isEqualTo(String.valueOf(got.body().length));
  }

  @Test
  void optionsTellsTheMethodsAndOpensNothingToOtherOrigins() throws IOException {
    Answer answer =
        Wire.exchange(
            host.port(),
            request(
                "OPTIONS",
                "/v1/runs",
                "Origin: http://elsewhere\r\nAccess-Control-Request-Method: POST\r\n",
                ""));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("allow")).contains("POST");
    assertThat(answer.body()).isEmpty();
    assertThat(answer.headers().keySet()).noneMatch(name -> name.startsWith("access-control"));
  }

  @Test
  void aBodyThatNobodyAskedForDoesNotSpoilTheConnection() throws IOException {
    try (Wire wire = new Wire(host.port())) {
      wire.send(request("GET", "/v1/runs/a", length("GET / HTTP/1.1\r\n"), "GET / HTTP/1.1\r\n"));
      Envelope.assertRefused(wire.receive(), 404, "not_found");

      wire.send(get("/.well-known/openwop"));
      assertThat(wire.receive().status()).isEqualTo(200);
    }
  }

  @Test
  void requestsInAPipelineAreAnsweredInTurn() throws IOException {
    try (Wire wire = new Wire(host.port())) {
      wire.send(
          get("/v1/runs/a") + get("/.well-known/openwop") + get("/v1/nope") + post(JSON, "{"));

      Envelope.assertRefused(wire.receive(), 404, "not_found");
      assertThat(wire.receive().status()).isEqualTo(200);
      Envelope.assertRefused(wire.receive(), 404, "not_found");
      Envelope.assertRefused(wire.receive(), 400, "validation_error");
    }
  }

  @Test
  void aBodyThatEndsInItsMiddleIsRefused() throws IOException {
    for (String framing : List.of(JSON + length(GOOD), CHUNKED)) {
      long before = host.runs();
      try (Wire wire = new Wire(host.port())) {
        String sent = framing.equals(CHUNKED) ? "21\r\n" + GOOD.substring(9) : GOOD.substring(9);
        wire.send(request("POST", "/v1/runs", framing, sent));
        wire.finish();

        Envelope.assertRefused(wire.receive(), 400, "validation_error");
      }
      assertThat(host.runs()).isEqualTo(before);
    }
  }

  @Test
  void aClientThatLeavesInTheMiddleOfItsBodyStartsNothing() throws IOException {
    long before = host.runs();
    try (Wire wire = new Wire(host.port())) {
      wire.send(request("POST", "/v1/runs", JSON + length(GOOD), GOOD.substring(0, 20)));
    }

    // The next request of the same kind is served as if that one had never been.
    host.as(Key.ACME).startRun("conformance-noop");
    assertThat(host.runs()).isEqualTo(before + 1);
  }

  @Test
  void aClientThatWaitsForLeaveToSendItsBodyGetsIt() throws IOException {
    try (Wire wire = new Wire(host.port())) {
      wire.send(request("POST", "/v1/runs", JSON + "Expect: 100-continue\r\n" + length(GOOD), ""));
      assertThat(wire.readsOnTo("HTTP/1.1 100 ")).isTrue();
      assertThat(wire.readsOnTo("")).isTrue();
      wire.send(GOOD);

      assertThat(wire.receive().status()).isEqualTo(201);
    }
  }

  private static Refused unread(String name, String request) {
    return new Refused(name, 401, "unauthenticated", request);
  }

  private static Refused bad(String name, String request) {
    return new Refused(name, 400, "validation_error", request);
  }

  private static String get(String path) {
    return request("GET", path);
  }

  private static String request(String method, String path) {
    return request(method, path, "", "");
  }

  private static String request(String method, String path, String headers, String body) {
    String end = headers.isEmpty() || headers.endsWith("\r\n") ? "" : "\r\n";
    return "%s %s HTTP/1.1\r\n".formatted(method, path)
        + AUTHORIZED
        + headers
        + end
        + "\r\n"
        + body;
  }

  private static String post(String headers, String body) {
    return request("POST", "/v1/runs", headers + length(body), body);
  }

  private static String framed(String headers) {
    return request("POST", "/v1/runs", JSON + headers, GOOD);
  }

  private static String chunked(String body) {
    return request("POST", "/v1/runs", CHUNKED, body);
  }

  private static String length(String body) {
    return "Content-Length: %d\r\n".formatted(body.length());
  }
}
