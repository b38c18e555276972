package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.AtOnce;
import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;

@WebHost
class OneLiveRunPerScopeTest {

  @LocalServerPort private int port;

  private final String scope = "scope-" + UUID.randomUUID();

  private final List<String> created = new ArrayList<>();

  private WebCaller plain;

  private WebCaller dedup;

  @BeforeEach
  void call() {
    plain = WebCaller.of(port, Key.OPERATOR);
    dedup = plain.with("X-Dedup", "enforce");
  }

  @AfterEach
  void cancelAll() {
    created.forEach(plain::cancel);
  }

  @Test
  void aSecondRunIsRefusedAndHearsOfTheFirst() {
    String first = runId(create(dedup, scope).is(201));

    Answer refused = create(dedup, scope).refuses(409, "run_already_active");

    assertThat(refused.details()).containsOnlyKeys("activeRunId", "activeHost", "retryAfter");
    assertThat(refused.details()).containsEntry("activeRunId", first);
    assertThat((String) refused.details().get("activeHost")).isNotEmpty();
    int retryAfter = (int) refused.details().get("retryAfter");
    assertThat(retryAfter).isPositive();
    assertThat(refused.header("Retry-After")).isEqualTo(String.valueOf(retryAfter));
  }

  @Test
  void theScopeIsFreeAgainWhenTheRunHasEnded() {
    String first = runId(create(dedup, scope).is(201));
    plain.cancel(first);
    String second = runId(create(dedup, scope).is(201));
    create(dedup, scope).refuses(409, "run_already_active");
    plain.cancel(second);

    String noop =
        runId(
            dedup
                .post("/v1/runs", Map.of("workflowId", "conformance-noop", "scopeId", scope))
                .is(201));
    plain.awaitEnd(noop);

    create(dedup, scope).is(201);
  }

  @Test
  void nobodyElseIsTouched() {
    create(dedup, scope).is(201);

    create(dedup, scope + "-other").is(201);
    create(plain, scope).is(201);
    create(plain, scope).is(201);
    WebCaller stranger = WebCaller.of(port, Key.STRANGER);
    Answer foreign = stranger.with("X-Dedup", "enforce").post("/v1/runs", body(scope)).is(201);
    stranger.cancel(runId(foreign));
  }

  @Test
  void whoDidNotOptInDoesNotStandInTheWay() {
    create(plain, scope).is(201);

    create(dedup, scope).is(201);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Enforce", "true", "enforce, enforce", "off"})
  void anotherValueOfTheHeaderIsRefused(String value) {
    create(plain.with("X-Dedup", value), scope).refuses(400, "validation_error");
  }

  @Test
  void theScopeMustBeNamed() {
    for (Object body :
        List.of(
            Map.of("workflowId", "conformance-noop"),
            Map.of("workflowId", "conformance-noop", "scopeId", ""),
            Map.of("workflowId", "conformance-noop", "scopeId", 7),
            Map.of("workflowId", "conformance-noop", "scopeId", "x".repeat(513)))) {
      Answer refused = dedup.post("/v1/runs", body).refuses(400, "validation_error");
      assertThat((List<?>) refused.details().get("errors"))
          .singleElement()
          .extracting("pointer")
          .isEqualTo("/scopeId");
    }
  }

  @Test
  void theLongestScopeIsAScope() {
    // Three bytes each, which is the most that a character of a Java string takes.
    String longest = UUID.randomUUID() + "\u20ac".repeat(512 - 36);

    create(dedup, longest).is(201);

    create(dedup, longest).refuses(409, "run_already_active");
  }

  @Test
  void ofManyAtOnceExactlyOneIsAccepted() throws Exception {
    for (int round = 0; round < 5; round++) {
      String contested = scope + "-" + round;

      List<Answer> answers = AtOnce.call(12, caller -> create(dedup, contested));

      assertOneAccepted(answers);
    }
  }

  @Test
  void ofManyAtOnceExactlyOneIsAcceptedUnderKeysOfTheirOwn() throws Exception {
    for (int round = 0; round < 5; round++) {
      String contested = scope + "-" + round;

      List<Answer> answers =
          AtOnce.call(
              12, caller -> create(dedup.with("Idempotency-Key", contested + caller), contested));

      assertOneAccepted(answers);
    }
  }

  @Test
  void theRefusalIsNotWhatARetryGets() {
    WebCaller keyed = dedup.with("Idempotency-Key", scope);
    String first = runId(create(dedup, scope).is(201));
    create(keyed, scope).refuses(409, "run_already_active");
    plain.cancel(first);

    Answer retried = create(keyed, scope).is(201);

    assertThat(retried.header("openwop-Idempotent-Replay")).isNull();
    Answer replayed = keyed.post("/v1/runs", body(scope)).is(201);
    assertThat(replayed.header("openwop-Idempotent-Replay")).isEqualTo("true");
    assertThat(replayed.json()).containsEntry("runId", runId(retried));
  }

  @Test
  void aReplayIsAnsweredWhileItsOwnRunIsLive() {
    WebCaller keyed = dedup.with("Idempotency-Key", scope);
    String first = runId(create(keyed, scope).is(201));

    Answer replayed = keyed.post("/v1/runs", body(scope)).is(201);

    assertThat(replayed.json()).containsEntry("runId", first);
  }

  private void assertOneAccepted(List<Answer> answers) {
    List<Answer> accepted =
        answers.stream().filter(answer -> answer.response().statusCode() == 201).toList();
    assertThat(accepted).hasSize(1);
    answers.stream()
        .filter(answer -> !accepted.contains(answer))
        .forEach(
            answer ->
                assertThat(answer.refuses(409, "run_already_active").details())
                    .containsEntry("activeRunId", runId(accepted.get(0))));
  }

  private Answer create(WebCaller caller, String scopeId) {
    Answer answer = caller.post("/v1/runs", body(scopeId));
    if (answer.response().statusCode() == 201) {
      synchronized (created) {
        created.add(runId(answer));
      }
    }
    return answer;
  }

  private static Map<String, Object> body(String scopeId) {
    return Map.of("workflowId", "conformance-cancellable", "scopeId", scopeId);
  }

  private static String runId(Answer answer) {
    return (String) answer.json().get("runId");
  }
}
