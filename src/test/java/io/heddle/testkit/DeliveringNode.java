package io.heddle.testkit;

import io.heddle.egress.Egress;
import io.heddle.egress.EgressSettings;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.interrupt.TokenKeys;
import io.heddle.postgres.DeadLetterSql;
import io.heddle.postgres.DeliverySql;
import io.heddle.postgres.InterruptSql;
import io.heddle.postgres.RunSql;
import io.heddle.postgres.SecretSql;
import io.heddle.postgres.WebhookSql;
import io.heddle.run.EventType;
import io.heddle.run.Ids;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import io.heddle.secret.Vault;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.web.v1.V1CallbackEncoder;
import io.heddle.web.v1.V1DeliveryEncoder;
import io.heddle.webhook.DeadLetters;
import io.heddle.webhook.DeliveryEncoder;
import io.heddle.webhook.DeliverySettings;
import io.heddle.webhook.Dispatcher;
import io.heddle.webhook.OutboxSignal;
import io.heddle.webhook.RetrySchedule;
import io.heddle.webhook.Sender;
import io.heddle.webhook.Verification;
import io.heddle.webhook.WebhookKeys;
import io.heddle.webhook.Webhooks;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What of a node appends events and delivers them, on a real database and over real sockets. */
public final class DeliveringNode implements AutoCloseable {

  /** Retries that a test need not sit out. */
  public static final RetrySchedule SOON =
      new RetrySchedule(
          List.of(Duration.ofMillis(50), Duration.ofMillis(50)), 0, Duration.ofSeconds(60));

  private final OutboxSignal signal = new OutboxSignal();

  private final Egress egress =
      new Egress(new EgressSettings(List.of(), List.of(), true, 1_000_000));

  private final Stores stores;

  private final RunSql runs;

  private final Dispatcher dispatcher;

  private final Webhooks webhooks;

  private final WebhookKeys keys;

  private final DeadLetters deadLetters;

  public DeliveringNode(Database database, DeliverySettings settings) {
    stores = Stores.on(database.dataSource());
    JdbcClient jdbc = stores.jdbc();
    runs = new RunSql(jdbc, stores.transactions(), 1, 2, false, signal::raise);
    Vault vault = new Vault(new byte[Vault.KEY_BYTES]);
    DeliveryEncoder encoder = new V1DeliveryEncoder();
    keys =
        WebhookKeys.shared(
            new SecretSql(jdbc),
            vault,
            List.of(),
            Instant::now,
            new WebhookKeys.Rotation(null, Duration.ofHours(1)));
    Sender sender = new Sender(egress, vault, keys, encoder, Instant::now, settings.timeout());
    dispatcher =
        new Dispatcher(
            new DeliverySql(jdbc, stores.transactions()),
            sender,
            encoder,
            new V1CallbackEncoder(
                new InterruptSql(jdbc),
                new InterruptTokens(TokenKeys.shared(new SecretSql(jdbc), vault)),
                ""),
            settings,
            signal,
            outcome -> {},
            Executors::newCachedThreadPool,
            Ids.node());
    webhooks =
        new Webhooks(
            new WebhookSql(jdbc, stores.transactions()),
            vault,
            egress,
            new Verification(sender, encoder),
            dispatcher,
            100);
    deadLetters = new DeadLetterSql(jdbc);
  }

  /** A node that tries again, and is told to start by the test. */
  public static DeliverySettings durable(RetrySchedule schedule) {
    return settings(true, schedule, 64, Duration.ofSeconds(5));
  }

  public static DeliverySettings settings(
      boolean durable, RetrySchedule schedule, int concurrency, Duration timeout) {
    return new DeliverySettings(
        durable, schedule, concurrency, timeout, Duration.ofMillis(50), Duration.ofMillis(100));
  }

  public DeliveringNode start() {
    dispatcher.start();
    return this;
  }

  /** Delivers no more; appends go on. */
  public void stop() {
    dispatcher.close();
  }

  public Stores stores() {
    return stores;
  }

  public Webhooks webhooks() {
    return webhooks;
  }

  public Dispatcher dispatcher() {
    return dispatcher;
  }

  public DeadLetters deadLetters() {
    return deadLetters;
  }

  /** Subscribes the sample tenant to some types, or to all. */
  public String subscribe(String url, EventType... types) {
    return subscribe(SampleRuns.TENANT, url, types);
  }

  public String subscribe(Tenant tenant, String url, EventType... types) {
    Set<EventType> events = types.length == 0 ? EnumSet.allOf(EventType.class) : Set.of(types);
    Webhooks.Candidate candidate =
        webhooks.prepare(
            tenant, new Webhooks.Request(url, events, null, List.of("v1"), null, false));
    if (!webhooks.keep(candidate, "alice")) {
      throw new AssertionError("There are too many subscriptions");
    }
    return candidate.subscription().webhookId();
  }

  /** A run whose log the test writes. */
  public Run run() {
    return SampleRuns.create(stores, "node-a");
  }

  /** Appends to a run; returns it as it is then. */
  public Run append(Run run, EventType... types) {
    List<NewEvent> events =
        Arrays.stream(types).map(type -> NewEvent.of(type, null, "{}")).toList();
    return append(run, events);
  }

  public Run append(Run run, List<NewEvent> events) {
    Step.Outcome outcome =
        runs.commit(SampleRuns.step(run, RunStatus.RUNNING, events, new Wakeup.KeepLease()));
    if (outcome != Step.Outcome.COMMITTED) {
      throw new AssertionError(outcome);
    }
    return SampleRuns.read(stores, run.runId());
  }

  /** How many deliveries have a status. */
  public long count(String status) {
    return stores
        .jdbc()
        .sql("select count(*) from openwop.webhook_delivery where status = :status")
        .param("status", status)
        .query(Long.class)
        .single();
  }

  /** Changes rows behind the node's back. */
  public void sql(String statement) {
    stores.jdbc().sql(statement).update();
  }

  @Override
  public void close() {
    dispatcher.close();
    egress.close();
  }
}
