package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A node serves so many requests at the same time and no more, open streams among them. */
@Timeout(180)
@ExtendWith(TestHost.Shared.class)
class RequestsInFlightAreCappedTest {

  private static final int CAP = 4;

  private static final int RETRY_AFTER = 7;

  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private static final String GATED = "gated";

  private static TestHost host;

  private final List<Wire> wires = new ArrayList<>();

  @BeforeAll
  static void start(TestHost shared) {
    host =
        TestHost.start(
            "--spring.datasource.url=" + shared.createDatabase("of_a_capped_host"),
            "--openwop.limits.max-in-flight=" + CAP,
            "--openwop.retry-after=" + RETRY_AFTER + "s");
    host.as(Key.ACME).register(GATED, Definitions.chain(GATED, Definitions.gate("gate")));
  }

  @AfterAll
  static void stop() {
    host.gate().openAll();
    host.close();
  }

  @AfterEach
  void everyPlaceIsGivenBack() throws IOException {
    for (Wire wire : wires) {
      wire.close();
    }
    awaitInFlight(0);
  }

  @Test
  void whoeverComesOneAfterTheOtherIsServedUntilStreamsTakeEveryPlace() throws IOException {
    // Creating a run takes a place for a moment only; the stream behind it keeps one.
    for (int i = 0; i < CAP; i++) {
      openStream(host.as(Key.ACME).startRun(GATED));
    }
    awaitInFlight(CAP);

    for (Answer answer :
        List.of(
            host.as(Key.ACME).post("/v1/runs", "{\"workflowId\": \"gated\"}"),
            host.as(Key.GLOBEX).get("/v1/runs/unknown"))) {
      Envelope.assertRefused(answer, 503, "service_unavailable");
      assertThat(answer.header("retry-after")).isEqualTo(Integer.toString(RETRY_AFTER));
      assertThat(answer.json().get("details").get("retryAfter").asInt()).isEqualTo(RETRY_AFTER);
    }
    assertThat(host.bean(InFlight.class).refused()).isGreaterThanOrEqualTo(2);
    assertThat(host.bean(InFlight.class).current()).isEqualTo(CAP);
  }

  @Test
  void whatTellsHowTheHostIsAlwaysAnswers() throws IOException {
    String run = host.as(Key.ACME).startRun(GATED);
    for (int i = 0; i < CAP; i++) {
      openStream(run);
    }
    awaitInFlight(CAP);

    for (String path :
        List.of(
            "/.well-known/openwop",
            "/v1/openapi.json",
            "/v1/host/heddle/webhook-keys",
            "/actuator/health",
            "/actuator/health/liveness",
            "/actuator/health/readiness")) {
      assertThat(host.anonymous().get(path).status()).as(path).isEqualTo(200);
    }
    assertThat(host.as(Key.ACME).get("/actuator/prometheus").status()).isEqualTo(200);
    // The credential is judged first, so that a refusal tells nobody unknown how busy the host is.
    assertThat(host.anonymous().get("/v1/runs/unknown").status()).isEqualTo(401);
    assertThat(host.as(Key.EXPIRED).get("/v1/runs/unknown").status()).isEqualTo(401);
  }

  @Test
  void callersNobodyKnowsTakeNoPlace() throws IOException {
    for (int i = 0; i < 3 * CAP; i++) {
      // Never complete: whoever counted it before looking at the credential would count it on.
      Wire wire = connect();
      wire.send("POST /v1/runs HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{");
      assertThat(wire.receive().status()).isEqualTo(401);
    }

    assertThat(host.as(Key.ACME).get("/v1/runs/unknown").status()).isEqualTo(404);
  }

  @Test
  void aPlaceIsGivenBackWhenTheReaderIsGone() throws IOException {
    String run = host.as(Key.ACME).startRun(GATED);
    for (int i = 0; i < CAP; i++) {
      openStream(run);
    }
    awaitInFlight(CAP);

    wires.get(0).close();

    awaitInFlight(CAP - 1);
    assertThat(host.as(Key.ACME).status(run)).isEqualTo("running");
  }

  @Test
  void aPlaceIsGivenBackWhenTheStreamEnds() throws IOException {
    String run = host.as(Key.ACME).startRun(GATED);
    Wire wire = openStream(run);
    awaitInFlight(1);

    host.gate().open(run, "gate");

    assertThat(wire.readsOnTo("event: run.completed")).isTrue();
    awaitInFlight(0);
  }

  @Test
  void aPlaceIsGivenBackByPollsHoweverTheyEnd() throws IOException {
    String run = host.as(Key.ACME).startRun(GATED);
    Wire answered = poll(run, 60);
    Wire timedOut = poll(run, 1);
    poll(run, 1).close();
    assertThat(timedOut.receive().status()).isEqualTo(200);
    awaitInFlight(1);

    host.gate().open(run, "gate");

    assertThat(answered.receive().status()).isEqualTo(200);
    awaitInFlight(0);
  }

  @Test
  void aPlaceIsGivenBackByRequestsThatBreak() throws IOException {
    for (int i = 0; i < CAP; i++) {
      Wire wire = connect();
      wire.send(head("POST", "/v1/runs") + "Content-Length: 100\r\n\r\n{\"workflowId\"");
    }
    awaitInFlight(CAP);
    for (Wire wire : wires) {
      wire.close();
    }
    awaitInFlight(0);

    for (int i = 0; i < 2 * CAP; i++) {
      Caller acme = host.as(Key.ACME);
      assertThat(acme.get("/v1/runs/unknown/events").status()).isEqualTo(404);
      assertThat(acme.get("/v1/runs/unknown/events/poll").status()).isEqualTo(404);
      assertThat(acme.post("/v1/runs", "{").status()).isEqualTo(400);
      assertThat(acme.delete("/v1/runs").status()).isEqualTo(405);
      assertThat(host.as(Key.POWERLESS).get("/v1/runs/unknown").status()).isEqualTo(403);
    }
  }

  private Wire openStream(String run) throws IOException {
    Wire wire = connect();
    wire.send(head("GET", "/v1/runs/%s/events".formatted(run)) + "\r\n");
    assertThat(wire.readsOnTo("event: run.started")).isTrue();
    return wire;
  }

  private Wire poll(String run, int seconds) throws IOException {
    Wire wire = connect();
    wire.send(
        head("GET", "/v1/runs/%s/events/poll?lastSequence=1&timeout=%d".formatted(run, seconds))
            + "\r\n");
    return wire;
  }

  private Wire connect() throws IOException {
    Wire wire = new Wire(host.port());
    wires.add(wire);
    return wire;
  }

  private static String head(String method, String path) {
    return "%s %s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n"
        .formatted(method, path, Key.ACME.secret());
  }

  private static void awaitInFlight(int count) {
    await().atMost(PATIENCE).until(() -> host.bean(InFlight.class).current() == count);
  }
}
