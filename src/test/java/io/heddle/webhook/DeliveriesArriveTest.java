package io.heddle.webhook;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.DeliveringNode;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.WebhookReceiver;
import io.heddle.testkit.WebhookReceiver.Received;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class DeliveriesArriveTest {

  private final List<AutoCloseable> open = new ArrayList<>();

  private Database database;

  private DeliveringNode node;

  private WebhookReceiver receiver;

  @BeforeEach
  void open() {
    database = PostgresPerJvm.freshDatabase();
    node = node(DeliveringNode.durable(DeliveringNode.SOON)).start();
    receiver = receiver();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open) {
      one.close();
    }
  }

  private DeliveringNode node(DeliverySettings settings) {
    DeliveringNode made = new DeliveringNode(database, settings);
    open.add(made);
    return made;
  }

  private WebhookReceiver receiver() {
    WebhookReceiver made = WebhookReceiver.start();
    open.add(made);
    return made;
  }

  @Test
  void aSubscriberIsToldOfItsEventsInTheOrderOfTheLog() {
    node.subscribe(receiver.url(), EventType.NODE_STARTED, EventType.NODE_COMPLETED);
    Run run = node.run();
    for (int i = 0; i < 50; i++) {
      run =
          node.append(
              run, EventType.NODE_STARTED, EventType.CAP_BREACHED, EventType.NODE_COMPLETED);
    }

    await("all deliveries").until(() -> receiver.received().size() >= 100);
    assertThat(receiver.received().stream().map(Received::sequence))
        .isEqualTo(IntStream.range(0, 150).filter(number -> number % 3 != 1).boxed().toList());
    assertThat(receiver.received().stream().map(Received::type))
        .containsOnly("node.started", "node.completed");
    await("the record").until(() -> node.count("DELIVERED") == 100);
  }

  @Test
  void whatIsDeliveredIsWrittenOnceAndDroppedAfterwards() {
    receiver.behave(
        (request, exchange) -> {
          // Whatever happens to the log, the message stays what it was.
          node.sql("update openwop.event set payload = '{}'");
          exchange.sendResponseHeaders(request.number() == 0 ? 500 : 204, -1);
        });
    node.subscribe(receiver.url());
    node.append(node.run(), List.of(NewEvent.of(EventType.CAP_BREACHED, null, "{\"n\": 1.50}")));

    await("the delivery").until(() -> node.count("DELIVERED") == 1);
    List<Received> all = receiver.received();
    assertThat(all).hasSize(2);
    assertThat(all).extracting(Received::text).containsOnly(all.get(0).text());
    assertThat(all.get(0).text()).contains("{\"n\": 1.50}");
    assertThat(
            node.stores()
                .jdbc()
                .sql("select count(*) from openwop.webhook_delivery where body is not null")
                .query(Integer.class)
                .single())
        .isZero();
  }

  @Test
  void aDeliveryIsTriedAsOftenAsTheScheduleSaysAndThenKept() {
    receiver.behave(WebhookReceiver.status(500));
    node.subscribe(receiver.url());
    Run run = node.append(node.run(), EventType.NODE_STARTED);

    await("the end").until(() -> node.count("DEAD") == 1);
    assertThat(receiver.received()).hasSize(DeliveringNode.SOON.maxAttempts());
    DeadLetters.Page page = node.deadLetters().page(run.tenant(), null, null, 10);
    assertThat(page.letters())
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.runId()).isEqualTo(run.runId());
              assertThat(letter.attempts()).isEqualTo(3);
              assertThat(letter.lastStatus()).isEqualTo(500);
            });
    assertThat(node.deadLetters().page(new Tenant("globex"), null, null, 10).letters()).isEmpty();
  }

  @Test
  void aHeadThatIsRetriedHoldsUpOnlyItsOwnQueue() {
    WebhookReceiver failing = receiver();
    failing.behave(WebhookReceiver.status(503));
    String failingId = node.subscribe(failing.url());
    node.subscribe(receiver.url());
    slowDown(failingId);

    Run run = node.append(node.run(), EventType.NODE_STARTED, EventType.NODE_COMPLETED);

    receiver.await("the other subscriber's events", one -> one.sequence() == 1);
    failing.behave(WebhookReceiver.status(200));
    hurry(failingId);
    await("the rest").until(() -> node.count("DELIVERED") == 4);
    assertThat(failing.about(run.runId()).stream().map(Received::sequence).distinct())
        .containsExactly(0, 1);
  }

  /** Keeps a subscription's queue from being looked at. */
  private void slowDown(String webhookId) {
    node.sql(
        "update openwop.webhook_subscription set due_at = clock_timestamp() + interval '1 hour' where webhook_id = '%s'"
            .formatted(webhookId));
  }

  private void hurry(String webhookId) {
    node.sql(
        "update openwop.webhook_subscription set due_at = clock_timestamp() where webhook_id = '%s'"
            .formatted(webhookId));
  }

  @Test
  void aReceiverThatAsksForTimeGetsIt() {
    receiver.behave(WebhookReceiver.status(429, "Retry-After", "50"));
    String webhookId = node.subscribe(receiver.url());
    node.append(node.run(), EventType.NODE_STARTED);

    await("the first attempt").until(() -> attempts() == 1);
    assertThat(secondsUntilDue(webhookId)).isBetween(30.0, 50.0);
    receiver.behave(WebhookReceiver.status(204));
    hurry(webhookId);
    await("the delivery").until(() -> node.count("DELIVERED") == 1);
  }

  @Test
  void butNotMoreThanTheHostGivesAnybody() {
    receiver.behave(WebhookReceiver.status(503, "Retry-After", "86400"));
    String webhookId = node.subscribe(receiver.url());
    node.append(node.run(), EventType.NODE_STARTED);

    await("the first attempt").until(() -> attempts() == 1);
    assertThat(secondsUntilDue(webhookId)).isBetween(30.0, 60.0);
  }

  private int attempts() {
    return node.stores()
        .jdbc()
        .sql("select coalesce(sum(attempts), 0) from openwop.webhook_delivery")
        .query(Integer.class)
        .single();
  }

  private double secondsUntilDue(String webhookId) {
    return node.stores()
        .jdbc()
        .sql(
            """
            select extract(epoch from due_at - clock_timestamp())::float8
            from openwop.webhook_subscription where webhook_id = :webhook
            """)
        .param("webhook", webhookId)
        .query(Double.class)
        .single();
  }

  @Test
  void aReceiverThatIsGoneGetsNoOtherAttempt() {
    receiver.behave(WebhookReceiver.status(410));
    node.subscribe(receiver.url());
    node.append(node.run(), EventType.NODE_STARTED);

    await("the end").until(() -> node.count("DEAD") == 1);
    assertThat(receiver.received()).hasSize(1);
  }

  @Test
  void redirectionsAndAnswersCutOffAreFailures() {
    WebhookReceiver elsewhere = receiver();
    WebhookReceiver cutting = receiver();
    receiver.behave(WebhookReceiver.status(307, "Location", elsewhere.url()));
    cutting.behave(WebhookReceiver.cutOff());
    node.subscribe(receiver.url());
    node.subscribe(cutting.url());
    node.append(node.run(), EventType.NODE_STARTED);

    await("the end of both").until(() -> node.count("DEAD") == 2);
    assertThat(elsewhere.received()).isEmpty();
    assertThat(receiver.received()).hasSize(3);
    assertThat(cutting.received()).hasSize(3);
  }

  @Test
  void eightReceiversThatHangDelayNobody() {
    List<WebhookReceiver> hanging = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      WebhookReceiver one = receiver();
      one.behave(one.hanging());
      hanging.add(one);
      node.subscribe(one.url());
    }
    node.subscribe(receiver.url());

    Run run = node.append(node.run(), EventType.NODE_STARTED);
    await("all of them to hang")
        .until(() -> hanging.stream().allMatch(one -> one.received().size() == 1));
    Run later = node.append(run, EventType.NODE_COMPLETED);

    receiver.await("the later event", one -> one.sequence() == 1);
    assertThat(later.nextSequence()).isEqualTo(2);
    assertThat(node.dispatcher().sending()).isGreaterThanOrEqualTo(8);
    assertThat(hanging).allSatisfy(one -> assertThat(one.received()).hasSize(1));
  }

  @Test
  void aDeletedSubscriptionIsNotTriedAgain() {
    receiver.behave(WebhookReceiver.status(500));
    String webhookId = node.subscribe(receiver.url());
    Run run = node.append(node.run(), EventType.NODE_STARTED);
    receiver.await("the first attempt", one -> true);

    assertThat(node.webhooks().delete(new Tenant("globex"), webhookId)).isFalse();
    assertThat(node.webhooks().delete(run.tenant(), webhookId)).isTrue();
    assertThat(node.count("PENDING")).isZero();
    await("attempts under way").until(() -> node.dispatcher().sending() == 0);
    int before = receiver.received().size();
    node.append(run, EventType.NODE_COMPLETED);
    // A later event that somebody else hears shows that the dispatcher has been by.
    WebhookReceiver other = receiver();
    node.subscribe(other.url());
    Run another = node.append(node.run(), EventType.NODE_STARTED);
    other.await("the other subscriber", one -> one.runId().equals(another.runId()));
    assertThat(receiver.received()).hasSize(before);
  }

  @Test
  void twoNodesThatAreWellDeliverEverythingOnceAndInOrder() {
    DeliveringNode second = node(DeliveringNode.durable(DeliveringNode.SOON)).start();
    List<WebhookReceiver> receivers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      WebhookReceiver one = receiver();
      receivers.add(one);
      node.subscribe(one.url(), EventType.CAP_BREACHED);
    }
    Map<String, Run> runs = new ConcurrentHashMap<>();
    IntStream.range(0, 8)
        .parallel()
        .forEach(
            number -> {
              DeliveringNode appending = number % 2 == 0 ? node : second;
              Run run = appending.run();
              for (int i = 0; i < 40; i++) {
                run =
                    appending.append(run, List.of(NewEvent.of(EventType.CAP_BREACHED, null, "{}")));
              }
              runs.put(run.runId(), run);
            });

    await("all deliveries").until(() -> node.count("DELIVERED") == 4 * 8 * 40);
    for (WebhookReceiver one : receivers) {
      Map<String, List<Integer>> told = new HashMap<>();
      one.received()
          .forEach(
              message ->
                  told.computeIfAbsent(message.runId(), id -> new ArrayList<>())
                      .add(message.sequence()));
      assertThat(told.keySet()).isEqualTo(runs.keySet());
      assertThat(told.values())
          .allSatisfy(
              sequences ->
                  assertThat(sequences).isEqualTo(IntStream.range(0, 40).boxed().toList()));
    }
  }

  @Test
  void aDeliveryOfANodeThatVanishedIsTakenOverWhenItsLeaseIsOver() {
    node.stop();
    DeliveringNode vanished = node(DeliveringNode.durable(DeliveringNode.SOON));
    String webhookId = vanished.subscribe(receiver.url());
    vanished.append(vanished.run(), EventType.NODE_STARTED);
    // As if it had died in the middle of an attempt.
    vanished.sql(
        """
        update openwop.webhook_subscription
        set lease_owner = 'node-gone', lease_epoch = 7, lease_until = clock_timestamp() + interval '1 hour'
        """);
    DeliveringNode next = node(DeliveringNode.durable(DeliveringNode.SOON)).start();
    WebhookReceiver other = receiver();
    next.subscribe(other.url());
    next.append(next.run(), EventType.NODE_STARTED);
    await("the node to have been by").until(() -> next.count("DELIVERED") == 1);
    assertThat(receiver.received()).isEmpty();

    next.sql(
        "update openwop.webhook_subscription set lease_until = clock_timestamp() where webhook_id = '%s'"
            .formatted(webhookId));

    receiver.await("the delivery", one -> true);
  }

  @Test
  void aHolderThatLostItsLeaseRecordsNothing() {
    receiver.behave(receiver.hanging());
    String webhookId = node.subscribe(receiver.url());
    node.append(node.run(), EventType.NODE_STARTED);
    receiver.await("the attempt", one -> true);
    node.sql(
        """
        update openwop.webhook_subscription
        set lease_owner = 'node-other', lease_epoch = lease_epoch + 1,
          lease_until = clock_timestamp() + interval '1 hour'
        """);

    node.stop();

    assertThat(attempts()).isZero();
    assertThat(
            node.stores()
                .jdbc()
                .sql("select lease_owner from openwop.webhook_subscription where webhook_id = :id")
                .param("id", webhookId)
                .query(String.class)
                .single())
        .isEqualTo("node-other");
  }

  @Test
  void aRunThatExpiredBeforeItWasToldOfLeavesADeadLetterThatCannotBeSent() {
    node.stop();
    node.subscribe(receiver.url());
    Run run = node.append(node.run(), EventType.NODE_STARTED);
    node.sql("delete from openwop.event");

    node.start();

    await("the end").until(() -> node.count("DEAD") == 1);
    assertThat(receiver.received()).isEmpty();
    DeadLetters.Letter letter =
        node.deadLetters().page(run.tenant(), null, null, 10).letters().get(0);
    assertThat(letter.attempts()).isZero();
    assertThat(node.deadLetters().redrive(run.tenant(), letter.messageId()))
        .isEqualTo(DeadLetters.Redriven.NOTHING_TO_SEND);
  }

  @Test
  void aDeadLetterIsSentAgainBehindWhatIsQueued() {
    receiver.behave(WebhookReceiver.status(410));
    node.subscribe(receiver.url());
    Run run = node.append(node.run(), EventType.NODE_STARTED);
    await("the end").until(() -> node.count("DEAD") == 1);
    receiver.behave(WebhookReceiver.status(204));
    DeadLetters.Letter letter =
        node.deadLetters().page(run.tenant(), null, null, 10).letters().get(0);
    assertThat(node.deadLetters().redrive(new Tenant("globex"), letter.messageId()))
        .isEqualTo(DeadLetters.Redriven.UNKNOWN);

    assertThat(node.deadLetters().redrive(run.tenant(), letter.messageId()))
        .isEqualTo(DeadLetters.Redriven.QUEUED);

    await("the delivery").until(() -> node.count("DELIVERED") == 1);
    assertThat(receiver.received().get(0).text()).isEqualTo(receiver.received().get(1).text());
    assertThat(node.count("DEAD")).isZero();
  }

  @Test
  void aQueueThatWaitedLongerThanTheScheduleGetsOneAttemptEach() {
    node.stop();
    receiver.behave(WebhookReceiver.status(500));
    node.subscribe(receiver.url());
    node.append(node.run(), EventType.NODE_STARTED, EventType.NODE_COMPLETED);
    node.sql(
        "update openwop.webhook_delivery set queued_at = clock_timestamp() - interval '1 day'");

    node.start();

    await("the end").until(() -> node.count("DEAD") == 2);
    assertThat(receiver.received()).hasSize(2);
  }

  @Test
  void longQueuesOfLargeEventsAreReadInParts() {
    String large = "{\"text\": \"%s\"}".formatted("x".repeat(300_000));
    node.subscribe(receiver.url());
    Run run = node.run();
    for (int i = 0; i < 3; i++) {
      run =
          node.append(
              run,
              List.of(
                  NewEvent.of(EventType.CAP_BREACHED, null, large),
                  NewEvent.of(EventType.CAP_BREACHED, null, large)));
    }

    await("all deliveries").until(() -> node.count("DELIVERED") == 6);
    assertThat(receiver.received().stream().map(Received::sequence))
        .containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void theAgeOfWhatIsDueIsKnown() {
    DeliverySettings settings =
        DeliveringNode.settings(true, DeliveringNode.SOON, 1, Duration.ofSeconds(5));
    node.stop();
    DeliveringNode late = node(settings);
    late.subscribe(receiver.url());
    late.append(late.run(), EventType.NODE_STARTED);
    late.sql(
        "update openwop.webhook_delivery set queued_at = clock_timestamp() - interval '1 hour'");

    assertThat(
            new io.heddle.postgres.DeliverySql(late.stores().jdbc(), late.stores().transactions())
                .oldestDue())
        .isBetween(Duration.ofMinutes(60), Duration.ofMinutes(70));
  }
}
