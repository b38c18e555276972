package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

@WebHost
class FeedbackIsKeptBesideTheRunTest {

  private static final Map<String, Object> FLAG = Map.of("signal", Map.of("kind", "flag"));

  @LocalServerPort private int port;

  @Autowired private DataSource dataSource;

  private WebCaller caller;

  @BeforeEach
  void call() {
    caller = WebCaller.of(port, Key.OPERATOR);
  }

  @Test
  void itIsAdvertised() {
    Map<?, ?> feedback =
        (Map<?, ?>) WebCaller.anonymous(port).get("/.well-known/openwop").json().get("feedback");

    assertThat(feedback.get("supported")).isEqualTo(true);
    assertThat((List<?>) feedback.get("targets")).asList().containsExactly("run", "event", "node");
    assertThat((List<?>) feedback.get("signals"))
        .asList()
        .containsExactlyInAnyOrder("rating", "correction", "label", "flag");
  }

  @Test
  void whatIsSaidIsListedInItsOrder() {
    String runId = caller.finished("conformance-noop");
    List<Map<String, Object>> signals =
        List.of(
            Map.of("kind", "rating", "rating", 4),
            Map.of("kind", "label", "label", "göod"),
            Map.of("kind", "correction", "correction", ""),
            Map.of("kind", "flag"),
            Map.of("kind", "rating", "rating", 1, "label", "both"));

    for (Map<String, Object> signal : signals) {
      Map<String, Object> kept =
          annotate(caller, runId, Map.of("signal", signal, "note", "because")).is(201).json();
      assertThat(kept)
          .containsOnlyKeys("annotationId", "target", "signal", "actor", "note", "createdAt")
          .containsEntry("target", Map.of("runId", runId))
          .containsEntry("signal", signal)
          .containsEntry("note", "because")
          .containsEntry("actor", Map.of("principalRef", "principal-0"));
    }

    List<Map<String, Object>> listed = list(caller, runId);
    assertThat(listed).extracting(annotation -> annotation.get("signal")).isEqualTo(signals);
    assertThat(listed)
        .extracting(annotation -> annotation.get("annotationId"))
        .doesNotHaveDuplicates();
    assertThat(listed).extracting(annotation -> (String) annotation.get("createdAt")).isSorted();
  }

  @Test
  void neitherTheRunNorItsLogChanges() {
    for (String runId : List.of(caller.finished("conformance-failure"), caller.waiting())) {
      byte[] snapshot = caller.get("/v1/runs/" + runId).is(200).raw();
      List<?> log = caller.log(runId);

      annotate(caller, runId, FLAG).is(201);

      assertThat(caller.get("/v1/runs/" + runId).is(200).raw()).isEqualTo(snapshot);
      assertThat(caller.log(runId)).isEqualTo(log);
      caller.cancel(runId);
    }
  }

  @Test
  void itMayBeAboutAnEventOrANode() {
    String runId = caller.finished("conformance-multi-node");
    String other = caller.finished("conformance-noop");
    Map<?, ?> event = (Map<?, ?>) caller.log(runId).get(1);
    String eventId = (String) event.get("eventId");
    String nodeId = (String) event.get("nodeId");
    Map<String, Object> target = Map.of("eventId", eventId, "nodeId", nodeId);

    annotate(caller, runId, Map.of("signal", Map.of("kind", "flag"), "target", target)).is(201);
    annotate(caller, runId, Map.of("signal", Map.of("kind", "flag"), "target", Map.of())).is(201);

    assertThat(list(caller, runId))
        .extracting(annotation -> annotation.get("target"))
        .containsExactly(
            Map.of("runId", runId, "eventId", eventId, "nodeId", nodeId), Map.of("runId", runId));
    for (Map<String, String> elsewhere :
        List.of(
            Map.of("eventId", eventId),
            Map.of("eventId", "evt-unknown"),
            Map.of("nodeId", "no-such-node"),
            Map.of("nodeId", ""),
            Map.of("eventId", ""))) {
      Answer refused =
          annotate(caller, other, Map.of("signal", Map.of("kind", "flag"), "target", elsewhere));
      assertThat(pointers(refused.refuses(400, "validation_error")))
          .containsExactly("/target/" + elsewhere.keySet().iterator().next());
    }
    assertThat(list(caller, other)).isEmpty();
  }

  @Test
  void aNodeNeedNotHaveBeenReached() {
    String runId = caller.waiting();
    caller.cancel(runId);

    annotate(
            caller,
            runId,
            Map.of("signal", Map.of("kind", "flag"), "target", Map.of("nodeId", "wait")))
        .is(201);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}|/signal",
        "{\"signal\":null}|/signal",
        "{\"signal\":[]}|/signal",
        "{\"signal\":{}}|/signal/kind",
        "{\"signal\":{\"kind\":\"applause\"}}|/signal/kind",
        "{\"signal\":{\"kind\":\"FLAG\"}}|/signal/kind",
        "{\"signal\":{\"kind\":null}}|/signal/kind",
        "{\"signal\":{\"kind\":\"rating\"}}|/signal/rating",
        "{\"signal\":{\"kind\":\"rating\",\"rating\":0}}|/signal/rating",
        "{\"signal\":{\"kind\":\"rating\",\"rating\":6}}|/signal/rating",
        "{\"signal\":{\"kind\":\"rating\",\"rating\":2.5}}|/signal/rating",
        "{\"signal\":{\"kind\":\"rating\",\"rating\":\"5\"}}|/signal/rating",
        "{\"signal\":{\"kind\":\"rating\",\"rating\":null}}|/signal/rating",
        "{\"signal\":{\"kind\":\"label\"}}|/signal/label",
        "{\"signal\":{\"kind\":\"label\",\"label\":7}}|/signal/label",
        "{\"signal\":{\"kind\":\"correction\"}}|/signal/correction",
        "{\"signal\":{\"kind\":\"flag\",\"rating\":9}}|/signal/rating",
        "{\"signal\":{\"kind\":\"flag\",\"extra\":1}}|/signal",
        "{\"signal\":{\"kind\":\"flag\"},\"extra\":1}|",
        "{\"signal\":{\"kind\":\"flag\"},\"note\":null}|/note",
        "{\"signal\":{\"kind\":\"flag\"},\"target\":\"x\"}|/target",
        "{\"signal\":{\"kind\":\"flag\"},\"target\":{\"runId\":\"x\"}}|/target",
        "{\"signal\":{\"kind\":\"flag\"},\"target\":{\"eventId\":1}}|/target/eventId",
      })
  void whatDoesNotFitIsRefusedWithItsPlace(String bodyAndPlace) {
    int bar = bodyAndPlace.lastIndexOf('|');
    String runId = caller.finished("conformance-noop");

    Answer refused =
        caller
            .post("/v1/runs/" + runId + "/annotations", bodyAndPlace.substring(0, bar))
            .refuses(400, "validation_error");

    assertThat(pointers(refused)).containsExactly(bodyAndPlace.substring(bar + 1));
    assertThat(list(caller, runId)).isEmpty();
  }

  @Test
  void sizesAreBounded() {
    String runId = caller.finished("conformance-noop");
    Map<String, Object> longest =
        Map.of(
            "signal",
            Map.of(
                "kind", "correction", "correction", "c".repeat(16_384), "label", "l".repeat(256)),
            "note",
            "n".repeat(16_384));
    annotate(caller, runId, longest).is(201);

    for (Map<String, Object> tooLong :
        List.of(
            Map.<String, Object>of("signal", Map.of("kind", "flag"), "note", "n".repeat(16_385)),
            Map.<String, Object>of("signal", Map.of("kind", "label", "label", "l".repeat(257))),
            Map.<String, Object>of(
                "signal", Map.of("kind", "correction", "correction", "c".repeat(16_385))))) {
      annotate(caller, runId, tooLong).refuses(400, "validation_error");
    }
    assertThat(list(caller, runId)).hasSize(1);
  }

  @Test
  void secretsAreNeverStored() {
    String runId = caller.finished("conformance-noop");
    String secret = "sk-" + "ant-api03-" + UUID.randomUUID().toString().replace("-", "");
    String key = UUID.randomUUID().toString();
    Map<String, Object> body =
        Map.of(
            "signal",
            Map.of("kind", "correction", "correction", "use " + secret, "label", secret),
            "note",
            "Authorization: Bearer " + secret);

    WebCaller keyed = caller.with("Idempotency-Key", key);
    Answer first = annotate(keyed, runId, body).is(201);
    Answer replayed = annotate(keyed, runId, body).is(201);

    assertThat(first.text()).doesNotContain(secret).contains("use [REDACTED]");
    assertThat(replayed.raw()).isEqualTo(first.raw());
    assertThat(replayed.header("openwop-Idempotent-Replay")).isEqualTo("true");
    assertThat(list(caller, runId)).hasSize(1);
    assertThat(caller.get("/v1/runs/" + runId + "/annotations").text()).doesNotContain(secret);
    for (String table : List.of("annotation", "idempotency_record", "event", "run")) {
      assertThat(
              JdbcClient.create(dataSource)
                  .sql("select count(*) from openwop.%s t where t::text like ?".formatted(table))
                  .param("%" + secret + "%")
                  .query(Long.class)
                  .single())
          .as(table)
          .isZero();
    }
  }

  @Test
  void othersSeeNothingOfIt() {
    String runId = caller.finished("conformance-noop");
    annotate(caller, runId, FLAG).is(201);
    WebCaller stranger = WebCaller.of(port, Key.STRANGER);
    String path = "/v1/runs/" + runId + "/annotations";
    Map<String, Object> byNode =
        Map.of("signal", Map.of("kind", "flag"), "target", Map.of("nodeId", "noop"));

    byte[] unknown =
        stranger.get("/v1/runs/run-unknown/annotations").refuses(404, "not_found").raw();
    assertThat(stranger.get(path).refuses(404, "not_found").raw()).isEqualTo(unknown);
    stranger.post(path, FLAG).refuses(404, "not_found");
    stranger.post(path, byNode).refuses(404, "not_found");
    caller.post("/v1/runs/run-unknown/annotations", FLAG).refuses(404, "not_found");
    caller.post("/v1/runs/%20/annotations", FLAG).refuses(404, "not_found");
    WebCaller.anonymous(port).get(path).refuses(401, "unauthenticated");
    WebCaller.anonymous(port).post(path, "{").refuses(401, "unauthenticated");
    assertThat(list(caller, runId)).hasSize(1);
  }

  @Test
  void readingIsOneRightAndJudgingAnother() {
    String runId = caller.finished("conformance-noop");
    String path = "/v1/runs/" + runId + "/annotations";

    WebCaller.of(port, Key.READER).get(path).is(200);
    assertThat(WebCaller.of(port, Key.READER).post(path, FLAG).refuses(403, "forbidden").details())
        .containsEntry("scopeRequired", "runs:annotate");
    WebCaller.of(port, Key.CREATOR).get(path).refuses(403, "forbidden");
    WebCaller.of(port, Key.CREATOR).post(path, FLAG).refuses(403, "forbidden");
  }

  @Test
  void eachHolderSpeaksForItself() {
    String runId = caller.finished("conformance-noop");
    annotate(caller, runId, FLAG).is(201);
    annotate(WebCaller.of(port, Key.COLLEAGUE), runId, FLAG).is(201);

    assertThat(list(caller, runId))
        .extracting(annotation -> annotation.get("actor"))
        .containsExactly(
            Map.of("principalRef", "principal-0"), Map.of("principalRef", "principal-1"));
  }

  @Test
  void aKeyThatComesBackWithOtherWordsIsRefused() {
    String runId = caller.finished("conformance-noop");
    String other = caller.finished("conformance-noop");
    WebCaller keyed = caller.with("Idempotency-Key", UUID.randomUUID().toString());

    annotate(keyed, runId, FLAG).is(201);

    annotate(keyed, runId, Map.of("signal", Map.of("kind", "flag"), "note", "x"))
        .refuses(409, "idempotency_key_mismatch");
    annotate(keyed, other, FLAG).refuses(409, "idempotency_key_mismatch");
  }

  @Test
  void aRunHasRoomForAThousandWhoeverComesFirst() throws Exception {
    String runId = caller.finished("conformance-noop");
    JdbcClient.create(dataSource)
        .sql(
            """
            insert into openwop.annotation (annotation_id, run_id, tenant_id, position, kind, principal)
            select 'ann-' || n || '-' || :run, :run, 'acme', n, 'FLAG', 'somebody'
            from generate_series(0, 994) n
            """)
        .param("run", runId)
        .update();

    List<Answer> answers = AtOnce.call(12, number -> annotate(caller, runId, FLAG));

    Set<String> kept = new HashSet<>();
    for (Answer answer : answers) {
      if (answer.response().statusCode() == 201) {
        kept.add((String) answer.json().get("annotationId"));
      } else {
        assertThat(answer.refuses(409, "heddle_annotations_full").details())
            .containsEntry("maxAnnotations", 1000);
      }
    }
    assertThat(kept).hasSize(5);
    assertThat(list(caller, runId))
        .hasSize(1000)
        .extracting(annotation -> (String) annotation.get("annotationId"))
        .containsAll(kept);
  }

  @Test
  void otherMethodsAreNotServed() {
    caller
        .send("DELETE", "/v1/runs/run-unknown/annotations", null)
        .refuses(405, "method_not_allowed");
    caller.send("PUT", "/v1/runs/run-unknown/annotations", "{}").refuses(405, "method_not_allowed");
  }

  private static Answer annotate(WebCaller caller, String runId, Map<String, Object> body) {
    return caller.post("/v1/runs/" + runId + "/annotations", body);
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> list(WebCaller caller, String runId) {
    Map<String, Object> answer = caller.get("/v1/runs/" + runId + "/annotations").is(200).json();
    assertThat(answer).containsOnlyKeys("annotations");
    return (List<Map<String, Object>>) answer.get("annotations");
  }

  private static List<Object> pointers(Answer refused) {
    return ((List<?>) refused.details().get("errors"))
        .stream().map(error -> Json.object(error, "").get("pointer")).toList();
  }
}
