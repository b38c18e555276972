package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.Ids;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.Amendment;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import io.heddle.webhook.Subscription;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

class EventsAreQueuedWithTheirCommitTest {

  private final AtomicInteger told = new AtomicInteger();

  private Stores stores;

  private RunSql runs;

  private WebhookSql webhooks;

  private JdbcClient jdbc;

  @BeforeEach
  void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    jdbc = stores.jdbc();
    runs = new RunSql(jdbc, stores.transactions(), 1, 2, false, told::incrementAndGet);
    webhooks = new WebhookSql(jdbc, stores.transactions());
  }

  @Test
  void oneRowForEachEventAndSubscriptionInTheOrderOfTheLog() {
    String both = subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED, EventType.NODE_FAILED);
    String one = subscribe(SampleRuns.TENANT, null, EventType.NODE_FAILED);
    Run run = SampleRuns.create(stores, "node-a");

    commit(run, EventType.NODE_STARTED, EventType.NODE_COMPLETED, EventType.NODE_FAILED);

    assertThat(queue(both)).containsExactly("0 NODE_STARTED", "2 NODE_FAILED");
    assertThat(queue(one)).containsExactly("2 NODE_FAILED");
    assertThat(
            jdbc.sql("select message_id from openwop.webhook_delivery").query(String.class).list())
        .doesNotHaveDuplicates()
        .allMatch(id -> id.matches("[A-Za-z0-9_-]{16,128}"));
    assertThat(told).hasValue(1);
  }

  @Test
  void nobodyIsWokenForAStepThatNobodyListensTo() {
    subscribe(SampleRuns.TENANT, null, EventType.NODE_FAILED);
    Run run = SampleRuns.create(stores, "node-a");

    commit(run, EventType.NODE_STARTED);

    assertThat(told).hasValue(0);
    assertThat(deliveries()).isZero();
  }

  @Test
  void theWakeUpComesAfterTheCommitAndNotWithoutOne() {
    subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED);
    Run first = SampleRuns.create(stores, "node-a");
    Run second = SampleRuns.create(stores, "node-a");

    stores
        .transactions()
        .executeWithoutResult(
            status -> {
              commit(first, EventType.NODE_STARTED);
              assertThat(told).hasValue(0);
            });
    assertThat(told).hasValue(1);

    stores
        .transactions()
        .executeWithoutResult(
            status -> {
              commit(second, EventType.NODE_STARTED);
              status.setRollbackOnly();
            });
    assertThat(told).hasValue(1);
    assertThat(deliveries()).isEqualTo(1);
  }

  @Test
  void whatOthersAppendIsQueuedToo() {
    String webhook = subscribe(SampleRuns.TENANT, null, EventType.RUN_CANCELLED);
    Run run = SampleRuns.create(stores, null);

    runs.amend(
        SampleRuns.TENANT,
        run.runId(),
        found ->
            Optional.of(
                new Amendment(
                    List.of(NewEvent.of(EventType.RUN_CANCELLED, null, "{}")),
                    RunStatus.CANCELLED,
                    found.state(),
                    new Wakeup.Never(),
                    false)));

    assertThat(queue(webhook)).containsExactly("0 RUN_CANCELLED");
    assertThat(told).hasValue(1);
  }

  @Test
  void aStepThatIsFencedQueuesNothing() {
    subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED);
    Run run = SampleRuns.create(stores, "node-a");
    jdbc.sql("update openwop.run set lease_epoch = lease_epoch + 1").update();

    assertThat(commit(run, EventType.NODE_STARTED)).isEqualTo(Step.Outcome.FENCED);

    assertThat(deliveries()).isZero();
  }

  @Test
  void aStepThatIsSentAgainIsQueuedOnce() {
    subscribe(SampleRuns.TENANT, null, EventType.CAP_BREACHED);
    Run run = SampleRuns.create(stores, "node-a");
    Step step = SampleRuns.step(run, 3);

    assertThat(runs.commit(step)).isEqualTo(Step.Outcome.COMMITTED);
    assertThat(runs.commit(step)).isEqualTo(Step.Outcome.COMMITTED);

    assertThat(deliveries()).isEqualTo(3);
  }

  @Test
  void nobodyIsToldOfAnotherTenantsRuns() {
    String stranger = subscribe(new Tenant("globex"), null, EventType.NODE_STARTED);
    String own = subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED);

    commit(SampleRuns.create(stores, "node-a"), EventType.NODE_STARTED);

    assertThat(queue(stranger)).isEmpty();
    assertThat(queue(own)).hasSize(1);
  }

  @Test
  void tagsHaveToOverlap() {
    String production =
        subscribe(SampleRuns.TENANT, List.of("production", "x"), EventType.NODE_STARTED);
    String any = subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED);
    Run untagged = SampleRuns.create(stores, "node-a");
    Run tagged = SampleRuns.create(stores, "node-a");
    Run other = SampleRuns.create(stores, "node-a");
    tag(tagged, "[\"eu\", \"production\"]");
    tag(other, "[\"test\"]");

    for (Run run : List.of(untagged, tagged, other)) {
      commit(run, EventType.NODE_STARTED);
    }

    assertThat(queue(production)).hasSize(1);
    assertThat(queue(any)).hasSize(3);
    assertThat(
            jdbc.sql("select run_id from openwop.webhook_delivery where webhook_id = :webhook")
                .param("webhook", production)
                .query(String.class)
                .list())
        .containsExactly(tagged.runId());
  }

  @Test
  void aReplayTellsNobodyAndABranchDoes() {
    String webhook = subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED);
    Run replay = SampleRuns.create(stores, "node-a");
    Run branch = SampleRuns.create(stores, "node-a");
    mode(replay, "REPLAY");
    mode(branch, "BRANCH");

    commit(replay, EventType.NODE_STARTED);
    assertThat(queue(webhook)).isEmpty();

    commit(branch, EventType.NODE_STARTED);
    assertThat(queue(webhook)).hasSize(1);
  }

  @Test
  void nobodyIsToldWhoFailedOrWhoseCircuitIsOpen() {
    String failed = subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED);
    String open = subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED);
    String closedAgain = subscribe(SampleRuns.TENANT, null, EventType.NODE_STARTED);
    set(failed, "status = 'FAILED'");
    set(open, "open_until = clock_timestamp() + interval '1 minute'");
    set(closedAgain, "open_until = clock_timestamp() - interval '1 millisecond'");

    commit(SampleRuns.create(stores, "node-a"), EventType.NODE_STARTED);

    assertThat(queue(failed)).isEmpty();
    assertThat(queue(open)).isEmpty();
    assertThat(queue(closedAgain)).hasSize(1);
  }

  @Test
  void eachQuestionOfARunThatCallsBackHasAQueueOfItsOwn() {
    Run run = SampleRuns.create(stores, "node-a");
    Run other = SampleRuns.create(stores, "node-a");
    callBack(run);

    commit(other, EventType.INTERRUPT_REQUESTED);
    commit(
        run,
        EventType.NODE_STARTED,
        EventType.INTERRUPT_REQUESTED,
        EventType.NODE_SUSPENDED,
        EventType.INTERRUPT_REQUESTED);

    assertThat(queues(run)).containsExactly("1 INTERRUPT_REQUESTED", "3 INTERRUPT_REQUESTED");
    assertThat(queues(other)).isEmpty();
    assertThat(told).hasValue(1);
  }

  @Test
  void aQuestionIsQueuedOnceAndNotByAFencedStepOrAReplay() {
    Run run = SampleRuns.create(stores, "node-a");
    Run fenced = SampleRuns.create(stores, "node-a");
    Run replay = SampleRuns.create(stores, "node-a");
    List.of(run, fenced, replay).forEach(this::callBack);
    mode(replay, "REPLAY");
    jdbc.sql("update openwop.run set lease_epoch = lease_epoch + 1 where run_id = :run")
        .param("run", fenced.runId())
        .update();
    List<NewEvent> asked = List.of(NewEvent.of(EventType.INTERRUPT_REQUESTED, null, "{}"));

    // The same step twice, as after an answer that was lost.
    Step step = SampleRuns.step(run, RunStatus.RUNNING, asked, new Wakeup.KeepLease());
    assertThat(runs.commit(step)).isEqualTo(Step.Outcome.COMMITTED);
    assertThat(runs.commit(step)).isEqualTo(Step.Outcome.COMMITTED);
    assertThat(commit(fenced, EventType.INTERRUPT_REQUESTED)).isEqualTo(Step.Outcome.FENCED);
    assertThat(commit(replay, EventType.INTERRUPT_REQUESTED)).isEqualTo(Step.Outcome.COMMITTED);

    assertThat(queues(run)).containsExactly("0 INTERRUPT_REQUESTED");
    assertThat(queues(fenced)).isEmpty();
    assertThat(queues(replay)).isEmpty();
  }

  private void callBack(Run run) {
    jdbc.sql("update openwop.run set callback_url = 'https://example.org/' where run_id = :run")
        .param("run", run.runId())
        .update();
  }

  /** What is queued for subscriptions of this run alone. */
  private List<String> queues(Run run) {
    return jdbc
        .sql("select webhook_id from openwop.webhook_subscription where run_id = :run")
        .param("run", run.runId())
        .query(String.class)
        .list()
        .stream()
        .flatMap(
            webhookId -> {
              assertThat(queue(webhookId)).hasSize(1);
              return queue(webhookId).stream();
            })
        .sorted()
        .toList();
  }

  private String subscribe(Tenant tenant, @Nullable List<String> tags, EventType... events) {
    String webhookId = Ids.webhook();
    boolean inserted =
        webhooks.insert(
            new Subscription(
                tenant,
                webhookId,
                "https://example.org/",
                Set.of(events),
                tags,
                List.of("v1"),
                new Subscription.Secrets(new byte[] {0, 1}, null)),
            "alice",
            100);
    assertThat(inserted).isTrue();
    return webhookId;
  }

  private Step.Outcome commit(Run run, EventType... types) {
    List<NewEvent> events =
        java.util.Arrays.stream(types).map(type -> NewEvent.of(type, null, "{}")).toList();
    return runs.commit(SampleRuns.step(run, RunStatus.RUNNING, events, new Wakeup.KeepLease()));
  }

  private void tag(Run run, String tags) {
    jdbc.sql("update openwop.run set tags = :tags::json where run_id = :run")
        .param("tags", tags)
        .param("run", run.runId())
        .update();
  }

  private void mode(Run run, String mode) {
    jdbc.sql("update openwop.run set replay_mode = :mode where run_id = :run")
        .param("mode", mode)
        .param("run", run.runId())
        .update();
  }

  private void set(String webhookId, String change) {
    jdbc.sql(
            "update openwop.webhook_subscription set %s where webhook_id = :webhook"
                .formatted(change))
        .param("webhook", webhookId)
        .update();
  }

  private long deliveries() {
    return jdbc.sql("select count(*) from openwop.webhook_delivery").query(Long.class).single();
  }

  private List<String> queue(String webhookId) {
    return jdbc.sql(
            """
            select sequence || ' ' || type from openwop.webhook_delivery
            where webhook_id = :webhook and status = 'PENDING' order by position
            """)
        .param("webhook", webhookId)
        .query(String.class)
        .list();
  }
}
