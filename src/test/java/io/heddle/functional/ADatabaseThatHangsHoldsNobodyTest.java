package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HostClient;
import io.heddle.testkit.HostClient.Reply;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A database that is away, or there and silent, for a while: every caller is answered in time, and
 * all goes on when it is back. For how long is told by a system property.
 */
@Timeout(600)
class ADatabaseThatHangsHoldsNobodyTest {

  private static final Tenant TENANT = new Tenant("default");

  private static final Duration AWAY = Duration.ofSeconds(Integer.getInteger("faults.away", 8));

  private static final int CALLERS = 6;

  @RegisterExtension
  static final HostCluster CLUSTER =
      HostCluster.of(2)
          .onOwnServer()
          // As in production, only sooner.
          .withDriver("socketTimeout=3")
          .with("OPENWOP_LIMITS_MAX_PROCESS_LOSSES", "1000");

  enum Fault {
    HANGS,
    IS_AWAY
  }

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  private final ExecutorService threads = Executors.newFixedThreadPool(CALLERS + 1);

  private final Set<String> created = ConcurrentHashMap.newKeySet();

  private final Set<Integer> statuses = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean over = new AtomicBoolean();

  @ParameterizedTest
  @EnumSource
  void everybodyIsAnsweredAndAllGoesOn(Fault fault) throws Exception {
    CLUSTER
        .host(0)
        .client()
        .put(
            workflow("steps")
                .node("sleep", "core.delay", Map.of("ms", 300))
                .node("order", "test.ordering", Map.of("takes", 50))
                .edge("sleep", "order"));
    CLUSTER
        .host(0)
        .client()
        .put(
            workflow("long")
                .node("before", "core.noop")
                .node("wait", "core.delay", Map.of("ms", AWAY.plusSeconds(4).toMillis()))
                .node("order", "test.ordering", Map.of("takes", 50))
                .edge("before", "wait")
                .edge("wait", "order"));
    String followed = CLUSTER.host(1).client().create("long", Map.of());
    List<Long> seen = new ArrayList<>();
    Future<?> following = threads.submit(() -> follow(followed, seen));
    List<Future<?>> calling = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      HostClient client = CLUSTER.host(i % 2).client();
      calling.add(threads.submit(() -> call(client, followed)));
    }
    await("runs under way").until(() -> created.size() >= 2 * CALLERS);

    if (fault == Fault.HANGS) {
      CLUSTER.server().freeze();
      Thread.sleep(AWAY.toMillis());
      CLUSTER.server().thaw();
    } else {
      CLUSTER.server().crash();
      Thread.sleep(AWAY.toMillis());
      CLUSTER.server().restart();
    }

    int before = created.size();
    await("runs to be accepted again").until(() -> created.size() >= before + 2 * CALLERS);
    over.set(true);
    for (Future<?> caller : calling) {
      caller.get();
    }
    assertThat(statuses).contains(503).isSubsetOf(200, 201, 503);
    await("all runs to end").until(() -> unended() == 0);
    following.get();
    created.add(followed);
    for (String runId : created) {
      assertThatRun(stores, TENANT, runId).is(RunStatus.COMPLETED).hasSoundLog();
    }
    long last = stores.runs().find(TENANT, followed).orElseThrow().nextSequence() - 1;
    assertThat(seen).isEqualTo(LongStream.rangeClosed(0, last).boxed().toList());
  }

  @AfterEach
  void stop() {
    over.set(true);
    threads.shutdownNow();
  }

  /** Each call has an answer in time, or this throws. */
  private void call(HostClient client, String runId) {
    while (!over.get()) {
      Reply started =
          client.reply("POST", "/v1/runs", Json.write(Json.members("workflowId", "steps")));
      statuses.add(started.status());
      if (started.status() == 201) {
        created.add((String) started.body().get("runId"));
      }
      statuses.add(client.reply("GET", "/v1/runs/" + runId, null).status());
    }
  }

  /** Comes back to the other host, with the last event seen, whenever a stream ends. */
  private static void follow(String runId, List<Long> seen) {
    AtomicLong last = new AtomicLong(-1);
    boolean ended = false;
    for (int i = 0; !ended; i++) {
      ended =
          CLUSTER
              .host(i % 2)
              .client()
              .follow(
                  runId,
                  last.get(),
                  sequence -> {
                    seen.add(sequence);
                    last.set(sequence);
                  });
    }
  }

  private int unended() {
    return stores
        .jdbc()
        .sql("select count(*) from openwop.run where ended_at is null")
        .query(Integer.class)
        .single();
  }
}
