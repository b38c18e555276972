package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;

@WebHost
class TwoRunsAreComparedTest {

  private static final Pattern SECRET =
      Pattern.compile("sk-|api[_-]?key|secret|bearer\\s", Pattern.CASE_INSENSITIVE);

  @LocalServerPort private int port;

  private WebCaller caller;

  @BeforeEach
  void call() {
    caller = WebCaller.of(port, Key.OPERATOR);
  }

  @Test
  void aRunDoesNotDifferFromItself() {
    String runId = caller.finished("conformance-multi-node");

    assertThat(diff(runId, runId))
        .isEqualTo(
            Json.members(
                "a",
                runId,
                "b",
                runId,
                "divergedAtSeq",
                null,
                "eventDiffs",
                List.of(),
                "stateDiff",
                Map.of(),
                "truncated",
                false));
  }

  @Test
  void runsThatDidTheSameDoNotDifferHoweverItIsSpelled() {
    String a =
        caller.finished(
            "conformance-identity",
            "inputs",
            Json.parse("{\"payload\":{\"n\":1,\"o\":{\"x\":100,\"y\":[0]}}}"));
    String b =
        caller.finished(
            "conformance-identity",
            "inputs",
            Json.parse("{\"payload\":{\"o\":{\"y\":[0.0],\"x\":1e2},\"n\":1.0}}"));

    Map<String, Object> diff = diff(a, b);

    assertThat(diff).containsEntry("divergedAtSeq", null).containsEntry("eventDiffs", List.of());
    assertThat(diff).containsEntry("stateDiff", Map.of()).containsEntry("truncated", false);
  }

  @Test
  void theFirstDifferenceIsNamedAndAllAreShown() {
    String completed = caller.finished("conformance-noop");
    String failed = caller.finished("conformance-failure");
    List<?> logA = caller.log(completed);
    List<?> logB = caller.log(failed);

    Map<String, Object> diff = diff(completed, failed);

    // The first events name their workflows.
    assertThat(diff).containsEntry("divergedAtSeq", 0).containsEntry("truncated", false);
    List<Map<String, Object>> events = events(diff);
    assertThat(events).hasSameSizeAs(logA).hasSameSizeAs(logB);
    for (int i = 0; i < events.size(); i++) {
      assertThat(events.get(i))
          .isEqualTo(
              Json.members(
                  "seq", i, "op", "changed", "aEvent", logA.get(i), "bEvent", logB.get(i)));
    }
    assertThat(diff)
        .containsEntry("stateDiff", Map.of("status", Map.of("a", "completed", "b", "failed")));
  }

  @Test
  void onlyWhatDiffersIsShown() {
    String a =
        caller.finished("conformance-identity", "inputs", Map.of("payload", Map.of("v", "one")));
    String b =
        caller.finished("conformance-identity", "inputs", Map.of("payload", Map.of("v", "two")));

    Map<String, Object> diff = diff(a, b);

    assertThat((int) diff.get("divergedAtSeq")).isPositive();
    assertThat(events(diff)).hasSizeLessThan(caller.log(a).size());
    assertThat(events(diff).get(0)).containsEntry("seq", diff.get("divergedAtSeq"));
    assertThat(diff)
        .containsEntry(
            "stateDiff",
            Map.of(
                "variables",
                Map.of("payload", Map.of("a", Map.of("v", "one"), "b", Map.of("v", "two")))));
  }

  @Test
  void whatTheLongerLogHasMoreIsAddedOrRemoved() {
    String longer = caller.finished("conformance-multi-node");
    String shorter = caller.finished("conformance-noop");
    int common = caller.log(shorter).size();
    int all = caller.log(longer).size();
    assertThat(all).isGreaterThan(common);

    for (Map<String, Object> event : events(diff(shorter, longer))) {
      boolean more = (int) event.get("seq") >= common;
      assertThat(event).containsEntry("op", more ? "added" : "changed");
      assertThat(event.keySet()).contains("bEvent");
      assertThat(event.containsKey("aEvent")).isEqualTo(!more);
    }
    List<Map<String, Object>> reversed = events(diff(longer, shorter));
    assertThat(reversed.get(reversed.size() - 1))
        .containsOnlyKeys("seq", "op", "aEvent")
        .containsEntry("seq", all - 1)
        .containsEntry("op", "removed");
  }

  @Test
  void whatARunMayStillDoIsNoDifference() {
    String waiting = caller.waiting();
    String cancelled = caller.waiting();
    caller.cancel(cancelled);

    for (Map<String, Object> diff :
        List.of(diff(waiting, cancelled), diff(cancelled, waiting), diff(waiting, waiting))) {
      assertThat(diff)
          .containsEntry("divergedAtSeq", null)
          .containsEntry("eventDiffs", List.of())
          .containsEntry("truncated", true);
    }
    assertThat(diff(waiting, cancelled).get("stateDiff"))
        .isEqualTo(Map.of("status", Map.of("a", "running", "b", "cancelled")));
    caller.cancel(waiting);
  }

  @Test
  void whatItDidAlreadyIs() {
    String waiting = caller.waiting();
    String finished = caller.finished("conformance-noop");

    Map<String, Object> diff = diff(waiting, finished);

    assertThat(diff).containsEntry("divergedAtSeq", 0).containsEntry("truncated", true);
    assertThat(events(diff)).hasSize(2);
    caller.cancel(waiting);
  }

  @Test
  void theStateShowsNoSecrets() {
    String key = "sk-" + "ant-api03-" + "Zq9".repeat(12);
    String a =
        caller.finished(
            "conformance-identity",
            "inputs",
            Map.of(
                "payload",
                Map.of("apiKey", "x", "note", "use " + key, "header", "Bearer x", "kept", 1)));
    String b =
        caller.finished("conformance-identity", "inputs", Map.of("payload", Map.of("v", "other")));

    Map<String, Object> diff = diff(a, b);

    assertThat(diff.get("stateDiff"))
        .isEqualTo(
            Map.of(
                "variables",
                Map.of(
                    "payload",
                    Map.of(
                        "a",
                        Map.of("note", "[REDACTED]", "header", "[REDACTED]", "kept", 1),
                        "b",
                        Map.of("v", "other")))));
    assertThat(Json.write(diff.get("stateDiff"))).doesNotContainPattern(SECRET);
  }

  @Test
  void theOtherRunMustBeNamed() {
    String runId = caller.finished("conformance-noop");

    caller.get("/v1/runs/" + runId + ":diff").refuses(400, "validation_error");
    caller.get("/v1/runs/" + runId + ":diff?against=").refuses(400, "validation_error");
  }

  @Test
  void bothRunsMustBeTheCallersOwn() {
    String runId = caller.finished("conformance-noop");
    WebCaller stranger = WebCaller.of(port, Key.STRANGER);
    String foreign = stranger.finished("conformance-noop");
    byte[] unknown =
        caller
            .get("/v1/runs/" + runId + ":diff?against=run-unknown")
            .refuses(404, "not_found")
            .raw();

    for (Answer answer :
        List.of(
            caller.get("/v1/runs/" + runId + ":diff?against=" + foreign),
            caller.get("/v1/runs/" + foreign + ":diff?against=" + runId),
            caller.get("/v1/runs/run-unknown:diff?against=" + runId),
            caller.get("/v1/runs/" + runId + ":diff?against=%20"),
            stranger.get("/v1/runs/" + runId + ":diff?against=" + runId))) {
      assertThat(answer.refuses(404, "not_found").raw()).isEqualTo(unknown);
    }
    WebCaller.anonymous(port)
        .get("/v1/runs/" + runId + ":diff?against=" + runId)
        .refuses(401, "unauthenticated");
    WebCaller.of(port, Key.CREATOR)
        .get("/v1/runs/" + runId + ":diff?against=" + runId)
        .refuses(403, "forbidden");
    WebCaller.of(port, Key.READER).get("/v1/runs/" + runId + ":diff?against=" + runId).is(200);
  }

  @Test
  void whatIsNotServedIsRefusedInTheEnvelope() {
    String runId = caller.finished("conformance-noop");

    caller.post("/v1/runs/" + runId + ":diff", "{}").refuses(405, "method_not_allowed");
    caller.get("/v1/runs/" + runId + "%3Adiff?against=" + runId).is(200);
    caller.get("/v1/runs/" + runId + ":differ?against=" + runId).refuses(404, "not_found");
    caller.get("/v1/runs/" + runId + "/ancestry").refuses(404, "not_found");
  }

  private Map<String, Object> diff(String a, String b) {
    Map<String, Object> diff =
        caller.get("/v1/runs/%s:diff?against=%s".formatted(a, b)).is(200).json();
    assertThat(diff)
        .containsOnlyKeys("a", "b", "divergedAtSeq", "eventDiffs", "stateDiff", "truncated")
        .containsEntry("a", a)
        .containsEntry("b", b);
    return diff;
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> events(Map<String, Object> diff) {
    return (List<Map<String, Object>>) diff.get("eventDiffs");
  }
}
