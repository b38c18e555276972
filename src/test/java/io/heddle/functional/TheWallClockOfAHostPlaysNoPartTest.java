package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.Gate.Execution;
import io.heddle.testkit.HostClient;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.HostCluster.Host;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Hosts whose clocks are two minutes off the database's wait, claim and write by the latter. */
@Timeout(180)
class TheWallClockOfAHostPlaysNoPartTest {

  private static final Tenant TENANT = new Tenant("default");

  private static final Duration DELAY = Duration.ofMillis(2_500);

  @Nested
  class WhenItIsSlow {

    @RegisterExtension
    static final HostCluster CLUSTER = HostCluster.of(2).onDatabaseAheadBy("2 minutes");

    /** Who went by it would wait for two minutes more. */
    @Test
    void deadlinesAreKeptAndRunsTakenOver() {
      assertRunsGoOn(CLUSTER);
    }

    @Test
    void questionsWaitForAsLongAsTheyShould() {
      assertQuestionsWait(CLUSTER);
    }
  }

  @Nested
  class WhenItIsFast {

    @RegisterExtension
    static final HostCluster CLUSTER = HostCluster.of(2).onDatabaseAheadBy("-2 minutes");

    /** Who went by it would not wait at all. */
    @Test
    void deadlinesAreKeptAndRunsTakenOver() {
      assertRunsGoOn(CLUSTER);
    }

    @Test
    void questionsWaitForAsLongAsTheyShould() {
      assertQuestionsWait(CLUSTER);
    }
  }

  private static void assertRunsGoOn(HostCluster cluster) {
    Stores stores = Stores.on(cluster.database().dataSource());
    cluster
        .host(0)
        .client()
        .put(
            workflow("delayed")
                .timeout(60_000)
                .node("wait", "core.delay", Map.of("ms", DELAY.toMillis()))
                .node("work", "test.gated")
                .edge("wait", "work"));
    Instant before = databaseTime(stores);
    String runId = cluster.host(0).client().create("delayed", Map.of());
    await("the delay to end").until(() -> cluster.gate().executions(runId).size() == 1);
    Execution first = cluster.gate().executions(runId).get(0);

    cluster.hostOf(first.pid()).killHard();
    await("the other host").until(() -> cluster.gate().executions(runId).size() == 2);
    cluster.gate().open(runId);
    await("the end").until(() -> stores.runs().find(TENANT, runId).orElseThrow().endedAt() != null);

    assertThatRun(stores, TENANT, runId).is(RunStatus.COMPLETED).hasSoundLog();
    List<RunEvent> log =
        stores.runs().log(TENANT, runId, -1, Integer.MAX_VALUE).orElseThrow().events();
    assertThat(log)
        .allSatisfy(event -> assertThat(event.timestamp()).isBetween(before, databaseTime(stores)));
    assertThat(Duration.between(time(log, EventType.NODE_STARTED), waited(log)))
        // It begins a moment before the log says so.
        .isGreaterThan(DELAY.dividedBy(2));
  }

  private static void assertQuestionsWait(HostCluster cluster) {
    Stores stores = Stores.on(cluster.database().dataSource());
    HostClient client =
        cluster.hosts().stream().filter(Host::isAlive).findFirst().orElseThrow().client();
    client.put(
        workflow("asked")
            .node("gate", "core.approvalGate", Map.of("timeoutMs", DELAY.toMillis() * 2)));
    String answered = client.create("asked", Map.of());
    String unanswered = client.create("asked", Map.of());
    await("the question")
        .until(
            () ->
                stores.runs().find(TENANT, answered).orElseThrow().status()
                    == RunStatus.WAITING_APPROVAL);
    Object token =
        Json.object(client.read(answered).get("interrupt"), "/interrupt").get("interruptToken");
    String accept = Json.write(Json.members("resumeValue", Map.of("action", "accept")));

    assertThat(client.replyToAnybody("POST", "/v1/interrupts/" + token, accept).status())
        .isEqualTo(200);

    await("the end of their time")
        .until(() -> stores.runs().find(TENANT, unanswered).orElseThrow().endedAt() != null);
    assertThatRun(stores, TENANT, unanswered).hasError("interrupt_timeout").hasSoundLog();
    assertThat(
            stores
                .jdbc()
                .sql(
                    """
                    select closed_at >= deadline and closed_at < deadline + interval '1 minute'
                    from openwop.interrupt where run_id = :run
                    """)
                .param("run", unanswered)
                .query(Boolean.class)
                .single())
        .isTrue();
    await("the other end")
        .until(() -> stores.runs().find(TENANT, answered).orElseThrow().endedAt() != null);
    assertThatRun(stores, TENANT, answered).is(RunStatus.COMPLETED).hasSoundLog();
  }

  private static Instant waited(List<RunEvent> log) {
    return time(log, EventType.NODE_COMPLETED);
  }

  private static Instant time(List<RunEvent> log, EventType type) {
    return log.stream()
        .filter(event -> event.type() == type && "wait".equals(event.nodeId()))
        .findFirst()
        .orElseThrow()
        .timestamp();
  }

  private static Instant databaseTime(Stores stores) {
    return stores
        .jdbc()
        .sql("select clock_timestamp()")
        .query(OffsetDateTime.class)
        .single()
        .toInstant();
  }
}
