package io.heddle.webhook;

import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.testkit.DeliveringNode;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.WebhookReceiver;
import java.time.Duration;
import java.util.Collections;
import java.util.List;

/**
 * How many deliveries one node makes in a second, with the database and the receiver on the same
 * machine: start it by hand with the number of subscriptions and of events.
 */
final class DeliveryBenchmark {

  private DeliveryBenchmark() {}

  public static void main(String[] arguments) throws InterruptedException {
    int subscriptions = Integer.parseInt(arguments[0]);
    int events = Integer.parseInt(arguments[1]);
    Database database = PostgresPerJvm.freshDatabase();
    DeliverySettings settings =
        DeliveringNode.settings(true, DeliveringNode.SOON, 256, Duration.ofSeconds(5));
    try (DeliveringNode node = new DeliveringNode(database, settings);
        WebhookReceiver receiver = WebhookReceiver.start()) {
      for (int i = 0; i < subscriptions; i++) {
        node.subscribe(receiver.url());
      }
      for (int round = 1; round <= 3; round++) {
        Run run = node.run();
        List<NewEvent> step =
            Collections.nCopies(100, 0).stream()
                .map(zero -> NewEvent.of(EventType.CAP_BREACHED, null, "{\"number\":1}"))
                .toList();
        for (int i = 0; i < events / 100; i++) {
          run =
              node.append(
                  run,
                  step.stream()
                      .map(event -> NewEvent.of(event.type(), null, event.payload()))
                      .toList());
        }
        long expected = (long) round * subscriptions * events;
        long begun = System.nanoTime();
        node.start();
        while (node.count("DELIVERED") < expected) {
          Thread.sleep(20);
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        node.stop();
        System.out.printf(
            "%d subscriptions, %d deliveries: %.1f s, %.0f per second%n",
            subscriptions, subscriptions * events, seconds, subscriptions * events / seconds);
      }
    }
    System.exit(0);
  }
}
