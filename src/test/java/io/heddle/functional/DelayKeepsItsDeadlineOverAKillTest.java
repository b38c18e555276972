package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.RunAssert;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The end of a delay is an instant that is stored, not a time that somebody counts. */
@Timeout(180)
class DelayKeepsItsDeadlineOverAKillTest {

  private static final Tenant TENANT = new Tenant("default");

  // Over before the next process is started, and not before this one is killed.
  private static final Duration SHORT = Duration.ofSeconds(3);

  // Still to come when the next process is there, unless the machine is very busy.
  private static final Duration LONG = Duration.ofSeconds(12);

  // The deadline is reckoned before its step is stored, which takes as long as the database likes.
  private static final Duration RECKONING = Duration.ofMillis(400);

  @RegisterExtension static final HostCluster CLUSTER = HostCluster.of(1);

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  @Test
  void theDeadlineIsNeitherLostNorSetAnew() {
    String ahead = park(LONG);
    String overdue = park(SHORT);
    CLUSTER.host(0).killHard();
    Instant aheadAt = deadline(ahead);
    Instant overdueAt = deadline(overdue);

    await("the short delay to be over").until(() -> databaseTime().isAfter(overdueAt));
    CLUSTER.host(0).restart();
    Instant restarted = lastJoin();

    assertKept(overdue, SHORT, overdueAt);
    // Counted from the restart it would end one delay later, at the earliest.
    assertThat(assertKept(ahead, LONG, aheadAt)).isBefore(restarted.plus(LONG));
  }

  /** Returns when it ended. */
  private Instant assertKept(String runId, Duration delay, Instant deadline) {
    await(runId + " to end").until(() -> read(runId).status().isTerminal());

    RunAssert run = assertThatRun(stores, TENANT, runId).is(RunStatus.COMPLETED).hasSoundLog();
    run.log()
        .tellsAStory()
        .reads("RUN_STARTED", "NODE_STARTED wait", "NODE_COMPLETED wait", "RUN_COMPLETED");
    RunEvent started = run.log().only(EventType.NODE_STARTED, "wait");
    RunEvent completed = run.log().only(EventType.NODE_COMPLETED, "wait");
    assertThat(completed.timestamp())
        .isAfterOrEqualTo(deadline)
        .isAfter(started.timestamp().plus(delay).minus(RECKONING));
    return completed.timestamp();
  }

  private String park(Duration delay) {
    String runId =
        CLUSTER.host(0).client().create("conformance-delay", Map.of("delayMs", delay.toMillis()));
    await(runId + " to sleep").until(() -> read(runId).nextSequence() == 2);
    return runId;
  }

  private Instant deadline(String runId) {
    NodeState node = read(runId).state().nodes().get("wait");
    assertThat(node.until()).isNotNull();
    return node.until();
  }

  private Run read(String runId) {
    return stores.runs().find(TENANT, runId).orElseThrow();
  }

  private Instant databaseTime() {
    return time("select now()");
  }

  private Instant lastJoin() {
    return time("select max(started_at) from openwop.host_node");
  }

  private Instant time(String query) {
    return stores.jdbc().sql(query).query(OffsetDateTime.class).single().toInstant();
  }
}
