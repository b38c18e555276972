package io.heddle.webhook;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.testkit.DeliveringNode;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.WebhookReceiver;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Without retries: one attempt for each event, and a circuit for each subscriber. */
@Timeout(120)
class SubscribersThatFailAreLeftAloneTest {

  private DeliveringNode node;

  private WebhookReceiver receiver;

  private Run run;

  @BeforeEach
  void open() {
    node =
        new DeliveringNode(
                PostgresPerJvm.freshDatabase(),
                DeliveringNode.settings(false, DeliveringNode.SOON, 8, Duration.ofSeconds(5)))
            .start();
    receiver = WebhookReceiver.start(WebhookReceiver.status(500));
    node.subscribe(receiver.url());
    run = node.run();
  }

  @AfterEach
  void close() {
    node.close();
    receiver.close();
  }

  private void append(int events) {
    for (int i = 0; i < events; i++) {
      run = node.append(run, EventType.NODE_STARTED);
    }
  }

  @Test
  void aFailedDeliveryIsNotTriedAgainAndTheNextOneIs() {
    append(1);
    await("the failure").until(() -> node.count("FAILED") == 1);
    receiver.behave(WebhookReceiver.status(200));
    append(1);

    await("the next").until(() -> node.count("DELIVERED") == 1);
    assertThat(receiver.received()).hasSize(2);
    assertThat(failures()).isZero();
  }

  @Test
  void afterFourFailuresNothingIsToldForAnHour() {
    openCircuit();
    append(3);

    assertThat(node.count("PENDING")).isZero();
    assertThat(receiver.received()).hasSize(4);
    assertThat(minutesUntilClosed()).isBetween(55.0, 60.0);
  }

  @Test
  void whatWasQueuedWhenTheCircuitOpenedIsSkipped() {
    node.stop();
    append(10);
    node.start();

    await("the end of the queue").until(() -> node.count("PENDING") == 0);
    assertThat(receiver.received()).hasSize(4);
    assertThat(node.count("FAILED")).isEqualTo(4);
    assertThat(node.count("SKIPPED")).isEqualTo(6);
  }

  @Test
  void aProbeThatSucceedsClosesTheCircuit() {
    openCircuit();
    receiver.behave(WebhookReceiver.status(200));
    anHourLater();
    append(3);

    await("all three").until(() -> node.count("DELIVERED") == 3);
    assertThat(failures()).isZero();
  }

  @Test
  void aProbeThatFailsOpensItAgain() {
    openCircuit();
    anHourLater();
    append(1);

    await("the probe").until(() -> receiver.received().size() == 5);
    await("its record").until(() -> node.count("FAILED") == 5);
    await("the circuit").until(() -> minutesUntilClosed() > 55);
    append(2);
    assertThat(node.count("PENDING")).isZero();
  }

  @Test
  void aHundredFailuresInAWeekEndASubscription() {
    // One is too old to count.
    node.sql(
        """
        insert into openwop.webhook_delivery (
          message_id, webhook_id, tenant_id, run_id, sequence, type, status, ended_at)
        select 'msg-' || n, webhook_id, tenant_id, 'run', n, 'NODE_STARTED', 'FAILED',
          clock_timestamp() - case when n = 1 then interval '8 days' else interval '6 days' end
        from openwop.webhook_subscription, generate_series(1, 99) n
        """);
    append(1);
    await("the 99th").until(() -> node.count("FAILED") == 100);
    assertThat(status()).isEqualTo("ACTIVE");

    append(1);

    await("the 100th").until(() -> status().equals("FAILED"));
    int told = receiver.received().size();
    append(1);
    assertThat(node.count("PENDING")).isZero();
    assertThat(receiver.received()).hasSize(told);
  }

  private void openCircuit() {
    append(4);
    await("the circuit").until(() -> node.count("FAILED") == 4 && minutesUntilClosed() > 0);
  }

  private void anHourLater() {
    node.sql(
        """
        update openwop.webhook_subscription
        set open_until = clock_timestamp(), due_at = clock_timestamp()
        """);
  }

  private int failures() {
    return node.stores()
        .jdbc()
        .sql("select failures from openwop.webhook_subscription")
        .query(Integer.class)
        .single();
  }

  private String status() {
    return node.stores()
        .jdbc()
        .sql("select status from openwop.webhook_subscription")
        .query(String.class)
        .single();
  }

  private double minutesUntilClosed() {
    return node.stores()
        .jdbc()
        .sql(
            """
            select coalesce(extract(epoch from open_until - clock_timestamp()) / 60, 0)::float8
            from openwop.webhook_subscription
            """)
        .query(Double.class)
        .single();
  }
}
