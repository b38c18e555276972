package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.HostCluster.Host;
import io.heddle.testkit.Trap;
import io.heddle.testkit.WebhookReceiver;
import io.heddle.testkit.WebhookReceiver.Received;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whoever a run calls back hears of its question, wherever the host dies on the way. */
@Timeout(180)
class CallbacksOutlastTheDeathOfAHostTest {

  private static final String ACCEPT =
      Json.write(Json.members("resumeValue", Map.of("action", "accept")));

  @RegisterExtension
  static final HostCluster CLUSTER =
      HostCluster.of(1)
          .with("OPENWOP_WEBHOOK_ALLOW_PRIVATE", "true")
          .with("OPENWOP_WEBHOOKS_TIMEOUT", "1s");

  private final Host host = CLUSTER.host(0);

  private WebhookReceiver receiver;

  @BeforeEach
  void open() {
    receiver = WebhookReceiver.start();
  }

  @AfterEach
  void close() {
    receiver.close();
  }

  @Test
  void betweenTheQuestionAndTheCall() {
    String runId;
    // Who wants to call takes a lease first.
    try (Trap trap = Trap.beforeUpdatesOf(CLUSTER.database(), "openwop.webhook_subscription")) {
      runId = started();
      trap.awaitCatch();
      host.killHard();
    }
    assertThat(statuses(runId)).containsExactly("PENDING");
    assertThat(receiver.received()).isEmpty();

    host.restart();

    Received told = receiver.await("the call", one -> runId.equals(one.runId()));
    assertThat(told.header("webhook-id")).isEqualTo(messageId(runId));
    assertAnswers(runId, told);
  }

  @Test
  void betweenTheCallAndItsRecord() {
    String runId;
    try (Trap trap = Trap.beforeUpdatesOf(CLUSTER.database(), "openwop.webhook_delivery")) {
      runId = started();
      trap.awaitCatch();
      host.killHard();
    }
    assertThat(statuses(runId)).containsExactly("PENDING");
    Received first = receiver.about(runId).get(0);

    host.restart();

    await("the call again").until(() -> receiver.about(runId).size() == 2);
    Received second = receiver.about(runId).get(1);
    assertThat(second.header("webhook-id"))
        .isEqualTo(first.header("webhook-id"))
        .isEqualTo(messageId(runId));
    assertThat(second.json().get("interruptId")).isEqualTo(first.json().get("interruptId"));
    assertAnswers(runId, first);
  }

  private String started() {
    return (String)
        host.client()
            .post(
                "/v1/runs",
                Json.write(
                    Json.members(
                        "workflowId", "conformance-approval", "callbackUrl", receiver.url())),
                201)
            .get("runId");
  }

  private void assertAnswers(String runId, Received told) {
    await("the record").until(() -> statuses(runId).equals(List.of("DELIVERED")));
    String link = (String) told.json().get("callbackUrl");
    assertThat(host.client().replyToAnybody("POST", link, ACCEPT).status()).isEqualTo(200);
    await("the end").until(() -> "completed".equals(host.client().read(runId).get("status")));
  }

  private static List<String> statuses(String runId) {
    return CLUSTER
        .database()
        .jdbc()
        .sql("select status from openwop.webhook_delivery where run_id = :run")
        .param("run", runId)
        .query(String.class)
        .list();
  }

  private static String messageId(String runId) {
    return CLUSTER
        .database()
        .jdbc()
        .sql("select message_id from openwop.webhook_delivery where run_id = :run")
        .param("run", runId)
        .query(String.class)
        .single();
  }
}
