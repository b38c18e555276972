package io.heddle.egress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.egress.EgressFailedException.Kind;
import io.heddle.testkit.Await;
import io.heddle.testkit.ScriptedServer;
import io.heddle.testkit.ScriptedServer.Request;
import io.heddle.testkit.ScriptedServer.Script;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is sent and what comes of it, against real servers that behave well or badly. */
class CallsEndWhateverThePeerDoesTest {

  private static final Duration PATIENT = Duration.ofMinutes(1);

  private static final Duration SHORT = Duration.ofMillis(300);

  private final CountDownLatch never = new CountDownLatch(1);

  private final Egress egress = new Egress(new EgressSettings(List.of(), List.of(), true, 1000));

  @AfterEach
  void close() {
    never.countDown();
    egress.close();
  }

  private static EgressRequest post(int port, Duration timeout) {
    return new EgressRequest(
        "POST",
        "http://127.0.0.1:" + port + "/hook?a=b%20c",
        Map.of("Content-Type", "application/json", "X-Sample", "yes"),
        "{\"ü\": 1}".getBytes(UTF_8),
        timeout,
        "test",
        "acme",
        null,
        false);
  }

  private EgressResponse call(Script script) {
    try (ScriptedServer server = ScriptedServer.start(script)) {
      EgressResponse response = egress.send(post(server.port(), PATIENT));
      assertThat(server.connections()).isEqualTo(1);
      Await.await("the end of the connection").until(() -> server.open() == 0);
      return response;
    }
  }

  private void assertFails(Script script, Duration timeout, Kind kind) {
    try (ScriptedServer server = ScriptedServer.start(script)) {
      assertThatThrownBy(() -> egress.send(post(server.port(), timeout)))
          .isInstanceOfSatisfying(
              EgressFailedException.class, failed -> assertThat(failed.kind()).isEqualTo(kind));
      assertThat(server.connections()).as("there is no second attempt").isEqualTo(1);
      Await.await("the end of the connection").until(() -> server.open() == 0);
    }
  }

  @Test
  void theRequestIsSentAsItIs() {
    AtomicReference<Request> seen = new AtomicReference<>();
    EgressResponse response =
        call(
            (request, out) -> {
              seen.set(request);
              ScriptedServer.says(
                      "HTTP/1.1 202 Accepted\r\nX-One: a\r\nx-one: b\r\nContent-Length: 2\r\n\r\nok")
                  .answer(request, out);
            });

    assertThat(response.status()).isEqualTo(202);
    assertThat(response.body()).asString().isEqualTo("ok");
    assertThat(response.truncated()).isFalse();
    assertThat(response.headers()).containsEntry("x-one", "a, b");
    Request request = seen.get();
    assertThat(request.line()).isEqualTo("POST /hook?a=b%20c HTTP/1.1");
    assertThat(request.body()).asString(UTF_8).isEqualTo("{\"ü\": 1}");
    assertThat(request.headers())
        .containsOnlyKeys("host", "content-type", "x-sample", "content-length", "connection")
        .containsEntry("connection", "close")
        .containsEntry("content-type", "application/json");
    assertThat(request.headers().get("host")).startsWith("127.0.0.1:");
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308, 401, 407, 429, 500, 503})
  void anyFinalStatusIsAnAnswerAndNothingFollows(int status) throws IOException {
    try (ScriptedServer elsewhere = ScriptedServer.start(ScriptedServer.says(""))) {
      String head =
          "HTTP/1.1 %d Some\r\nLocation: http://127.0.0.1:%d/\r\nRetry-After: 0\r\n"
              + "WWW-Authenticate: Basic realm=a\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n";
      EgressResponse response = call(ScriptedServer.says(head.formatted(status, elsewhere.port())));

      assertThat(response.status()).isEqualTo(status);
      assertThat(response.headers()).containsKeys("location", "set-cookie");
      assertThat(elsewhere.connections()).isZero();
    }
  }

  @Test
  void cookiesAreNotKept() {
    try (ScriptedServer server =
        ScriptedServer.start(
            ScriptedServer.says(
                "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"))) {
      egress.send(post(server.port(), PATIENT));
      egress.send(post(server.port(), PATIENT));

      assertThat(server.requests()).hasSize(2);
      assertThat(server.requests().get(1).headers()).doesNotContainKey("cookie");
      assertThat(server.connections()).as("no connection serves two calls").isEqualTo(2);
    }
  }

  @Test
  void interimAnswersAreNotTheAnswer() {
    EgressResponse response =
        call(
            ScriptedServer.says(
                "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                    + "HTTP/1.1 204 None\r\n\r\n"));

    assertThat(response.status()).isEqualTo(204);
    assertThat(response.body()).isEmpty();
  }

  @Test
  void aBodyIsCutAtTheLimit() {
    for (int length : new int[] {999, 1000}) {
      EgressResponse whole =
          call(
              ScriptedServer.says(
                  "HTTP/1.1 200 OK\r\nContent-Length: "
                      + length
                      + "\r\n\r\n"
                      + "x".repeat(length)));
      assertThat(whole.body()).hasSize(length);
      assertThat(whole.truncated()).isFalse();
    }
    EgressResponse cut =
        call(
            ScriptedServer.says(
                "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + "x".repeat(1001)));
    assertThat(cut.body()).hasSize(1000);
    assertThat(cut.truncated()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 999999999999", "Transfer-Encoding: chunked", "X-A: b"})
  void aBodyWithoutEndIsNotRead(String framing) {
    byte[] chunk = ("400\r\n" + "x".repeat(1024) + "\r\n").getBytes(UTF_8);
    EgressResponse response =
        call(
            (request, out) -> {
              out.write(("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n").getBytes(UTF_8));
              // Ends when the other side does not want more.
              while (true) {
                out.write(chunk);
              }
            });

    assertThat(response.body()).hasSize(1000);
    assertThat(response.truncated()).isTrue();
  }

  @Test
  void nothingIsUnpacked() {
    EgressResponse response =
        call(
            ScriptedServer.says(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nxxxxx"));

    assertThat(response.body()).asString().isEqualTo("xxxxx");
    assertThat(response.headers()).containsEntry("content-encoding", "gzip");
  }

  @Test
  void aPeerThatIsSilentIsLeft() {
    assertFails(ScriptedServer.SILENT, SHORT, Kind.TIMEOUT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n",
        "HTTP/1.1 200 OK\r\nX-Long: ",
        "HTTP/1.1 2"
      })
  void aPeerThatDripsIsLeft(String start) {
    assertFails(
        (request, out) -> {
          out.write(start.getBytes(UTF_8));
          // Each byte comes long before a read would time out.
          do {
            out.write('0');
            out.flush();
          } while (!await(never, 20));
        },
        SHORT,
        Kind.TIMEOUT);
  }

  @Test
  void endlessInterimAnswersAreLeft() {
    assertFails(
        (request, out) -> {
          do {
            out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(UTF_8));
          } while (!await(never, 20));
        },
        SHORT,
        Kind.TIMEOUT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "HTTP/1.1",
        "HTTP/1.1 200 OK\r\nContent-Len",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothex\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\u0000\u0001\u0002\u0003"
      })
  void aPeerThatSaysNoHttpHasNotAnswered(String text) {
    assertFails(ScriptedServer.says(text), PATIENT, Kind.CLOSED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"X: 1\r\n", "x", "\r\n"})
  void aHeadWithoutEndIsNotKept(String again) {
    byte[] some = again.repeat(100).getBytes(UTF_8);
    assertFails(
        (request, out) -> {
          if (!again.isBlank()) {
            out.write("HTTP/1.1 200 OK\r\n".getBytes(UTF_8));
          }
          while (true) {
            out.write(some);
          }
        },
        PATIENT,
        Kind.CLOSED);
  }

  @Test
  void nobodyThereIsAFailure() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    assertThatThrownBy(() -> egress.send(post(port, PATIENT)))
        .isInstanceOfSatisfying(
            EgressFailedException.class,
            failed -> assertThat(failed.kind()).isEqualTo(Kind.CONNECT))
        .hasMessageNotContaining("hook");
  }

  @Test
  void anInterruptedCallerIsLetGo() throws InterruptedException {
    AtomicReference<Object> outcome = new AtomicReference<>();
    CountDownLatch called = new CountDownLatch(1);
    try (ScriptedServer server =
        ScriptedServer.start(
            (request, out) -> {
              called.countDown();
              ScriptedServer.SILENT.answer(request, out);
            })) {
      Thread caller =
          new Thread(
              () -> {
                try {
                  egress.send(post(server.port(), PATIENT));
                } catch (EgressFailedException e) {
                  outcome.set(List.of(e.kind(), Thread.currentThread().isInterrupted()));
                }
              });
      caller.start();
      called.await();
      caller.interrupt();
      caller.join();

      assertThat(outcome.get()).isEqualTo(List.of(Kind.CLOSED, true));
      Await.await("the end of the call").until(() -> server.open() == 0);
    }
  }

  @Test
  void aReplayCallsNobody() {
    try (ScriptedServer server = ScriptedServer.start(ScriptedServer.says(""))) {
      EgressRequest request = post(server.port(), PATIENT);
      EgressRequest replay =
          new EgressRequest(
              request.method(),
              request.url(),
              request.headers(),
              request.body(),
              request.timeout(),
              "test",
              "acme",
              "run-1",
              true);

      assertThatThrownBy(() -> egress.send(replay))
          .isInstanceOfSatisfying(
              EgressRefusedException.class,
              refused -> assertThat(refused.reason()).isEqualTo("replay"));
      assertThat(server.connections()).isZero();
    }
  }

  @Test
  void aMessageCannotBeSplit() {
    try (ScriptedServer server = ScriptedServer.start(ScriptedServer.says(""))) {
      for (Map.Entry<String, String> header :
          List.of(
              Map.entry("X-A", "b\r\nX-C: d"),
              Map.entry("X-A", "b\nX-C: d"),
              Map.entry("X-A", "b\u0000"),
              Map.entry("X-A", "\u010a"),
              Map.entry("X-A: b\r\nX-C", "d"),
              Map.entry("", "d"),
              Map.entry("X A", "d"),
              Map.entry("Host", "elsewhere.example"),
              Map.entry("content-length", "0"),
              Map.entry("Transfer-Encoding", "chunked"),
              Map.entry("Connection", "upgrade"),
              Map.entry("Upgrade", "h2c"),
              Map.entry("Expect", "100-continue"))) {
        assertRefused(server, "POST", Map.ofEntries(header), "header");
      }
      for (String method : List.of("CONNECT", "TRACE", "", "post", "GET /x", "GET\r\n")) {
        assertRefused(server, method, Map.of(), "method");
      }
      assertThat(server.connections()).isZero();
    }
  }

  private void assertRefused(
      ScriptedServer server, String method, Map<String, String> headers, String reason) {
    EgressRequest request =
        new EgressRequest(
            method,
            "http://127.0.0.1:" + server.port() + "/",
            headers,
            new byte[0],
            PATIENT,
            "test",
            "acme",
            null,
            false);
    assertThatThrownBy(() -> egress.send(request))
        .isInstanceOfSatisfying(
            EgressRefusedException.class,
            refused -> assertThat(refused.reason()).as("%s", request).isEqualTo(reason));
  }

  @Test
  void othersMethodsHaveABodyIfThereIsOne() {
    Map<String, Request> seen = new LinkedHashMap<>();
    for (String method : List.of("GET", "DELETE", "PUT")) {
      try (ScriptedServer server =
          ScriptedServer.start(ScriptedServer.says("HTTP/1.1 204 None\r\n\r\n"))) {
        egress.send(
            new EgressRequest(
                method,
                "http://127.0.0.1:" + server.port(),
                Map.of(),
                method.equals("DELETE") ? new byte[] {1, 2} : new byte[0],
                PATIENT,
                "test",
                "acme",
                null,
                false));
        seen.put(method, server.requests().get(0));
      }
    }

    assertThat(seen.get("GET").line()).isEqualTo("GET / HTTP/1.1");
    assertThat(seen.get("GET").headers()).doesNotContainKey("content-length");
    assertThat(seen.get("DELETE").body()).containsExactly(1, 2);
    assertThat(seen.get("PUT").headers()).containsEntry("content-length", "0");
  }

  @Test
  void aCallTellsNothingOfItself() {
    EgressRequest request =
        new EgressRequest(
            "POST",
            "https://a.example/?token=hunter2",
            Map.of("Authorization", "hunter2"),
            "hunter2".getBytes(UTF_8),
            PATIENT,
            "test",
            "acme",
            null,
            false);
    EgressResponse response =
        new EgressResponse(200, Map.of("a", "hunter2"), "hunter2".getBytes(UTF_8), false);

    assertThat(request.toString()).doesNotContain("hunter2", "example");
    assertThat(response.toString()).doesNotContain("hunter2", Arrays.toString(response.body()));
  }

  private static boolean await(CountDownLatch latch, long millis) {
    try {
      return latch.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }
}
