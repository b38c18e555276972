package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;

@WebHost
class WhatTheFrameworkRefusesIsRefusedInTheEnvelopeTest {

  @LocalServerPort private int port;

  private WebCaller caller;

  @BeforeEach
  void call() {
    caller = WebCaller.of(port, Key.OPERATOR);
  }

  @ParameterizedTest
  @CsvSource({
    "DELETE, /v1/runs/run-1, GET",
    "PUT, /v1/runs/run-1/annotations, 'GET,POST'",
    "DELETE, /v1/runs/run-1:diff, GET",
    "POST, /v1/host/heddle/runs, GET",
    "PATCH, /v1/host/heddle/workflows/w, 'GET,PUT,DELETE'",
  })
  void anotherMethodHearsWhichOnesAreServed(String method, String path, String served) {
    assertThat(
            caller
                .send(method, path, "{}")
                .refuses(405, "method_not_allowed")
                .header("Allow")
                .split(",\\s*"))
        .contains(served.split(","));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/host/heddle/runs?tag=%FF",
        "/v1/runs/run-1:diff?against=%C3%28",
        "/v1/runs/run-1/events?streamMode=%FF",
        "/v1/runs/run-1/events/poll?timeout=%FF",
      })
  void aQueryThatIsNoTextIsTheCallersFault(String path) {
    caller.get(path).refuses(400, "validation_error");
    WebCaller.anonymous(port).get(path).refuses(401, "unauthenticated");
  }

  @Test
  void whatNeedsNoCredentialDoesNotMindItsQuery() {
    WebCaller.anonymous(port).get("/.well-known/openwop?x=%FF").is(200);
  }
}
