package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

@ExtendWith(TestHost.Shared.class)
class WorkflowRegistrationTest {

  private static final String ROUTE = "/v1/host/heddle/workflows/";

  private final TestHost host;

  private final Caller acme;

  WorkflowRegistrationTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @Test
  void aRegisteredWorkflowIsReadAsItWasWritten() {
    String definition = Definitions.chain("read-back", Definitions.says("a", "\\u00e9 \\\\ ~"));

    assertThat(acme.register("read-back", definition)).isEqualTo(1);

    JsonNode written = new Answer(0, Map.of(), definition.getBytes()).json();
    assertThat(acme.get("/v1/workflows/read-back").json()).isEqualTo(written);
    JsonNode revision = acme.get(ROUTE + "read-back").json();
    assertThat(revision.get("workflowId").asString()).isEqualTo("read-back");
    assertThat(revision.get("revision").asInt()).isEqualTo(1);
    assertThat(revision.get("definition")).isEqualTo(written);
  }

  @Test
  void everyFaultIsListedWithItsPointer() {
    String faulty =
        """
        {"id": "faulty", "name": "", "version": "1.0", "nodes": [
          {"id": "a", "typeId": "no.such.type", "name": "a", "position": {"x": 0, "y": 0}, "config": {}, "inputs": {}},
          {"id": "b", "typeId": "core.delay", "name": "b", "position": {"x": 0, "y": 0}, "config": {"ms": -1}, "inputs": {}}],
         "edges": [{"id": "e", "sourceNodeId": "a", "targetNodeId": "nowhere"}],
         "triggers": [], "variables": [], "metadata": {}, "settings": {"timeout": "long"}}""";

    Answer answer = acme.put(ROUTE + "faulty", faulty);

    Envelope.assertRefused(answer, 400, "validation_error");
    List<String> pointers = new ArrayList<>();
    for (JsonNode error : answer.json().get("details").get("errors")) {
      pointers.add(error.get("pointer").asString());
    }
    assertThat(pointers)
        .contains(
            "/name",
            "/nodes/0/typeId",
            "/nodes/1/config/ms",
            "/edges/0/targetNodeId",
            "/settings/timeout");
    assertThat(acme.get("/v1/workflows/faulty").status()).isEqualTo(404);
  }

  @Test
  void theIdInThePathMustBeThatOfTheDefinition() {
    Answer answer =
        acme.put(ROUTE + "one-id", Definitions.chain("another-id", Definitions.noop("a")));

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.json().at("/details/errors/0/pointer").asString()).isEqualTo("/id");
    for (String id : List.of("one-id", "another-id")) {
      assertThat(acme.get("/v1/workflows/" + id).status()).isEqualTo(404);
    }
  }

  @Test
  void aRunKeepsTheDefinitionItWasStartedWith() throws InterruptedException {
    String id = "changes-under-way";
    acme.register(id, waiting(id, "old"));
    String running = acme.startRun(id);
    host.gate().awaitReached(running, "gate");

    assertThat(acme.register(id, waiting(id, "new"))).isEqualTo(2);
    String later = acme.startRun(id);
    assertThat(acme.delete(ROUTE + id).status()).isEqualTo(204);
    // Behind the gate each run waits for a moment, is given up and taken again from the store.
    host.gate().open(running, "gate");
    host.gate().open(later, "gate");

    assertThat(said(running)).isEqualTo("old");
    assertThat(said(later)).isEqualTo("new");
  }

  @Test
  void aDeletedWorkflowIsGoneUntilItIsRegisteredAgain() {
    String id = "comes-and-goes";
    String definition = Definitions.chain(id, Definitions.noop("a"));
    acme.register(id, definition);

    assertThat(acme.delete(ROUTE + id).status()).isEqualTo(204);

    for (String path : List.of("/v1/workflows/" + id, ROUTE + id)) {
      Envelope.assertRefused(acme.get(path), 404, "not_found");
    }
    Envelope.assertRefused(acme.delete(ROUTE + id), 404, "not_found");
    long before = host.runs();
    Answer refused = acme.post("/v1/runs", "{\"workflowId\": \"%s\"}".formatted(id));
    Envelope.assertRefused(refused, 400, "validation_error");
    assertThat(refused.json().at("/details/errors/0/pointer").asString()).isEqualTo("/workflowId");
    assertThat(host.runs()).isEqualTo(before);

    assertThat(acme.register(id, definition)).isEqualTo(3);
    assertThat(acme.types(acme.startRun(id))).endsWith("run.completed");
  }

  @Test
  void whatTheHostOffersCannotBeChanged() {
    String offered = acme.get("/v1/workflows/conformance-noop").text();

    Answer put =
        acme.put(
            ROUTE + "conformance-noop",
            Definitions.chain("conformance-noop", Definitions.says("a", "mine now")));
    Answer delete = acme.delete(ROUTE + "conformance-noop");

    Envelope.assertRefused(put, 409, "heddle_workflow_not_editable");
    Envelope.assertRefused(delete, 409, "heddle_workflow_not_editable");
    assertThat(acme.get("/v1/workflows/conformance-noop").text()).isEqualTo(offered);
  }

  @Test
  void theSameContentAgainKeepsTheRevision() {
    String id = "same-again";
    String one = Definitions.chain(id, Definitions.says("a", "one"));
    String oneSpeltDifferently =
        one.replace(": ", " :\n")
            .replace("\"name\" :\n\"Test\", ", "")
            .replaceFirst("}$", ", \"name\":\"Test\"}");
    assertThat(oneSpeltDifferently).isNotEqualTo(one);
    String two = Definitions.chain(id, Definitions.says("a", "two"));

    assertThat(acme.register(id, one)).isEqualTo(1);
    assertThat(acme.register(id, oneSpeltDifferently)).isEqualTo(1);
    assertThat(acme.register(id, two)).isEqualTo(2);
    assertThat(acme.register(id, two)).isEqualTo(2);
    // Back to what was before is a change like any other.
    assertThat(acme.register(id, one)).isEqualTo(3);
    assertThat(said(acme.startRun(id))).isEqualTo("one");
  }

  @Test
  void concurrentRegistrationsEachGetTheirOwnRevision() {
    String id = "everybody-at-once";
    List<String> definitions =
        IntStream.range(0, 12)
            .mapToObj(i -> Definitions.chain(id, Definitions.says("a", "v" + i)))
            .toList();

    List<Answer> answers = allAtOnce(id, definitions);

    List<Integer> revisions = new ArrayList<>();
    for (Answer answer : answers) {
      assertThat(answer.status()).as("%s", answer).isEqualTo(200);
      revisions.add(answer.json().get("revision").asInt());
    }
    assertThat(revisions)
        .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 12).boxed().toList());
    assertThat(said(acme.startRun(id))).isEqualTo("v" + revisions.indexOf(12));
  }

  @Test
  void concurrentRegistrationsOfOneContentAreOneRevision() {
    String id = "everybody-the-same";
    String definition = Definitions.chain(id, Definitions.noop("a"));

    List<Answer> answers = allAtOnce(id, IntStream.range(0, 12).mapToObj(i -> definition).toList());

    assertThat(answers)
        .allSatisfy(answer -> assertThat(answer.json().get("revision").asInt()).isEqualTo(1));
  }

  @Test
  void aRegistrationThatIsUndoneLeavesNothing() {
    String id = "never-was";
    String refusing =
        "alter table openwop.idempotency_record add constraint refuses_registrations"
            + " check (operation <> 'v1.heddle.registerWorkflow' or status is null) not valid";
    host.database().sql(refusing).update();
    try {
      Answer answer =
          acme.put(
              ROUTE + id,
              Definitions.chain(id, Definitions.noop("a")),
              "Idempotency-Key",
              "undone-registration");
      Envelope.assertRefused(answer, 500, "internal_error");
    } finally {
      host.database()
          .sql("alter table openwop.idempotency_record drop constraint refuses_registrations")
          .update();
    }

    Answer run = acme.post("/v1/runs", "{\"workflowId\": \"%s\"}".formatted(id));

    Envelope.assertRefused(run, 400, "validation_error");
    assertThat(acme.get("/v1/workflows/" + id).status()).isEqualTo(404);
    // Somebody else may get the number that was not used, with other content.
    String other = Definitions.chain(id, Definitions.says("a", "other"));
    registerElsewhere(id, other);
    assertThat(acme.get("/v1/workflows/" + id).text()).contains("other");
    assertThat(said(acme.startRun(id))).isEqualTo("other");
  }

  /** As another node of the same cluster would. */
  private void registerElsewhere(String id, String definition) {
    host.database()
        .sql(
            """
            insert into openwop.workflow_revision (scope, workflow_id, revision, definition, digest)
            values ('acme', :id, 1, :definition::json, :digest)
            """)
        .param("id", id)
        .param("definition", definition)
        .param("digest", new byte[32])
        .update();
  }

  private List<Answer> allAtOnce(String id, List<String> definitions) {
    List<CompletableFuture<Answer>> answers =
        definitions.stream()
            .map(definition -> acme.sendAsync("PUT", ROUTE + id, definition))
            .toList();
    return answers.stream().map(CompletableFuture::join).toList();
  }

  private String said(String run) {
    List<JsonNode> log = acme.log(run);
    return log.get(log.size() - 1).at("/payload/outputs/says").asString();
  }

  private static String waiting(String id, String text) {
    return Definitions.chain(
        id,
        Definitions.gate("gate"),
        Definitions.shortDelay("delay"),
        Definitions.says("text", text));
  }
}
