package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.WebhookReceiver;
import io.heddle.testkit.WebhookReceiver.Received;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A host that dies between an attempt and its record has it repeated, to the byte, by another. */
@Timeout(180)
class DeliveriesOutlastTheDeathOfAHostTest {

  @RegisterExtension
  static final HostCluster CLUSTER =
      HostCluster.of(2)
          .with("OPENWOP_WEBHOOK_ALLOW_PRIVATE", "true")
          .with("OPENWOP_WEBHOOKS_TIMEOUT", "1s");

  @Test
  void theSameMessageComesFromWhoeverLives() {
    try (WebhookReceiver receiver = WebhookReceiver.start()) {
      // The first attempt is received and never answered, so that nobody can record it.
      receiver.behave(
          (request, exchange) -> {
            if (request.number() == 0) {
              receiver.hanging().answer(request, exchange);
            } else {
              exchange.sendResponseHeaders(204, -1);
            }
          });
      HostCluster.Host dying = CLUSTER.host(0);
      CLUSTER
          .host(1)
          .client()
          .post(
              "/v1/webhooks",
              Json.write(
                  Json.members(
                      "url", receiver.url(), "events", List.of("run.started", "run.completed"))),
              201);
      String runId = dying.client().create("conformance-noop", Map.of());
      Received first = receiver.await("the first attempt", one -> true);
      // Whichever of the two is at it: with both gone, nobody of them can record it.
      CLUSTER.host(0).killHard();
      CLUSTER.host(1).killHard();
      CLUSTER.host(1).restart();

      await("the rest").until(() -> receiver.about(runId).size() >= 3);
      List<Received> all = receiver.about(runId);
      assertThat(all).hasSize(3);
      assertThat(all.get(1).text()).isEqualTo(first.text());
      assertThat(all.get(2).type()).isEqualTo("run.completed");
      assertThat(
              CLUSTER
                  .database()
                  .jdbc()
                  .sql("select count(distinct message_id) from openwop.webhook_delivery")
                  .query(Integer.class)
                  .single())
          .isEqualTo(2);
    }
  }
}
