package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.web.TestHost.Key;
import io.heddle.workflow.Mutations;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Damaged definitions are refused at the place of the damage, or they are executed. */
@ExtendWith(TestHost.Shared.class)
class MutatedDefinitionsOverHttpTest {

  private static final int DOCUMENTS = 200;

  private final Caller acme;

  MutatedDefinitionsOverHttpTest(TestHost host) {
    this.acme = host.as(Key.ACME);
  }

  @Test
  void neverAreTheyTheHostsFault() {
    Random random = new Random(20_261_125);
    int refused = 0;
    int accepted = 0;
    for (int i = 0; i < DOCUMENTS; i++) {
      String id = "mutated-" + i;
      Map<String, Object> sound = Mutations.sound();
      sound.put("id", id);
      Object document = Json.parse(Json.write(sound));
      List<String> done = new ArrayList<>();
      for (int m = 0; m <= random.nextInt(3); m++) {
        done.add(Mutations.mutate(document, random));
      }

      Answer answer = acme.put("/v1/host/heddle/workflows/" + id, Json.write(document));

      if (answer.status() == 400) {
        refused++;
        Envelope.assertRefused(answer, 400, "validation_error");
        JsonNode errors = answer.json().at("/details/errors");
        assertThat(errors).as("%s after %s", answer.text(), done).isNotEmpty();
        for (JsonNode error : errors) {
          Mutations.assertPlaceIsReal(
              document, error.get("pointer").asString(), error.get("message").asString(), done);
        }
      } else if (answer.status() == 413) {
        // Texts of some of the damage are long.
        Envelope.assertRefused(answer, 413, "payload_too_large");
      } else {
        accepted++;
        assertThat(answer.status()).as("%s after %s", answer.text(), done).isEqualTo(200);
        assertRunnable(id, done);
      }
    }
    assertThat(refused).isGreaterThan(DOCUMENTS / 4);
    assertThat(accepted).isGreaterThan(DOCUMENTS / 10);
  }

  private void assertRunnable(String workflowId, List<String> done) {
    Answer created =
        acme.post(
            "/v1/runs",
            Json.write(Map.of("workflowId", workflowId, "inputs", Map.of("needed", "given"))));
    assertThat(created.status()).as("%s after %s", created.text(), done).isIn(201, 400);
    if (created.status() == 201) {
      String run = "/v1/runs/" + created.json().get("runId").asString();
      assertThat(acme.get(run).status()).as("after %s", done).isEqualTo(200);
      assertThat(acme.get(run + "/events/poll?timeout=0").status())
          .as("after %s", done)
          .isEqualTo(200);
      acme.post(run + "/cancel", "{}");
    }
  }
}
