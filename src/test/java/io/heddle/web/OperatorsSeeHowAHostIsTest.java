package io.heddle.web;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.claim.ClaimStore;
import io.heddle.claim.Claimer;
import io.heddle.retention.Sweeper;
import io.heddle.web.TestHost.Key;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

@ExtendWith(TestHost.Shared.class)
class OperatorsSeeHowAHostIsTest {

  private static final String PATH = "/actuator/openwop";

  @Test
  void aHostTellsOfItselfAndOfItsCluster(TestHost shared) throws Exception {
    String url = shared.createDatabase("of_a_watched_host");
    try (TestHost host =
        TestHost.start(
            "--spring.datasource.url=" + url,
            "--openwop.claim.slots=1",
            // Swept when this test says so.
            "--openwop.retention.interval=1h")) {
      Caller acme = host.as(Key.ACME);
      acme.register("watched", Definitions.chain("watched", Definitions.gate("g")));
      String first = acme.startRun("watched");
      host.gate().awaitReached(first, "g");
      String second = acme.startRun("watched");
      host.bean(ClaimStore.class).register("node-of-somebody-else", Duration.ofHours(1));
      delivery(host, "PENDING", "null");
      delivery(host, "PENDING", "null");
      delivery(host, "DEAD", "now()");
      // By the poll that finds no free slot at the latest.
      await("the second run to wait").until(() -> status(host).at("/runs/waiting").asInt() == 1);

      Answer answer = acme.get(PATH);
      assertThat(answer.status()).isEqualTo(200);
      JsonNode status = answer.json();
      String id = host.bean(Claimer.class).nodeId().orElseThrow();

      assertThat(status.at("/node/id").asString()).isEqualTo(id);
      assertThat(status.at("/node/state").asString()).isEqualTo("CLAIMING");
      assertThat(status.at("/node/slots").asInt()).isEqualTo(1);
      assertThat(status.at("/node/slotsUsed").asInt()).isEqualTo(1);
      assertThat(status.at("/runs/executing").asInt()).isEqualTo(1);
      assertThat(status.get("nodes").valueStream().map(node -> node.get("id").asString()))
          .containsExactly(id, "node-of-somebody-else");
      Instant since = Instant.parse(status.at("/node/since").asString());
      assertThat(Instant.parse(status.at("/nodes/0/since").asString())).isEqualTo(since);
      assertThat(Instant.parse(status.at("/nodes/0/expiresAt").asString())).isAfter(since);
      assertThat(status.at("/deliveries/pending").asInt()).isEqualTo(2);
      assertThat(status.at("/deliveries/deadLetters").asInt()).isEqualTo(1);
      assertThat(status.at("/deliveries/oldestDueSeconds").isNumber()).isTrue();
      assertThat(status.at("/audit/unsealed").isNumber()).isTrue();
      assertThat(status.get("sweeper").get("lastPass").isNull()).isTrue();
      assertThat(answer.text()).doesNotContain(first, second, "acme", "watched", "webhook");

      host.bean(Sweeper.class).sweep();
      Instant pass = Instant.parse(status(host).at("/sweeper/lastPass").asString());
      assertThat(pass).isAfter(since);

      host.bean(Claimer.class).leave();
      assertThat(status(host).at("/node/state").asString()).isEqualTo("LEAVING");
      host.gate().openAll();
    }
  }

  @Test
  void itsScopeIsThatOfMetrics(TestHost host) {
    Answer powerless = host.as(Key.POWERLESS).get(PATH);
    Envelope.assertRefused(powerless, 403, "forbidden");
    assertThat(powerless.json().at("/details/scopeRequired").asString()).isEqualTo("metrics:read");
    Envelope.assertRefused(host.anonymous().get(PATH), 401, "unauthenticated");
    assertThat(host.as(Key.ACME).get(PATH).status()).isEqualTo(200);
  }

  private static JsonNode status(TestHost host) {
    return host.as(Key.ACME).get(PATH).json();
  }

  private static void delivery(TestHost host, String status, String endedAt) {
    host.database()
        .sql(
            """
            insert into openwop.webhook_delivery (
              message_id, webhook_id, tenant_id, run_id, sequence, type, status, ended_at)
            values (gen_random_uuid(), 'webhook-of-nobody', 'acme', 'run-gone', 0, 'RUN_STARTED', :status, %s)
            """
                .formatted(endedAt))
        .param("status", status)
        .update();
  }
}
