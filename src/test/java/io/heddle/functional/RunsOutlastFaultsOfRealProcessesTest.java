package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.HostCluster.Host;
import io.heddle.testkit.LogFold;
import io.heddle.testkit.Stores;
import io.heddle.testkit.WorkflowBuilder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.CannotCreateTransactionException;

/**
 * Workflows of many kinds while processes are killed and frozen, and the database crashes. How much
 * of it is told by system properties; a seed says what is struck, and how.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class RunsOutlastFaultsOfRealProcessesTest {

  private static final Logger log =
      LoggerFactory.getLogger(RunsOutlastFaultsOfRealProcessesTest.class);

  private static final Tenant TENANT = new Tenant("default");

  private static final int RUNS = Integer.getInteger("faults.runs", 32);

  private static final int FAULTS = Integer.getInteger("faults.count", 4);

  private static final long SEED = Long.getLong("faults.seed", 20L);

  private static final int HOSTS = 3;

  private static final int MOST_MILLIS_WITHOUT_DATABASE = 3_000;

  @RegisterExtension
  static final HostCluster CLUSTER =
      HostCluster.of(HOSTS)
          .onOwnServer()
          // Here nobody is to blame for the end of a process.
          .with("OPENWOP_LIMITS_MAX_PROCESS_LOSSES", "1000");

  private enum Fault {
    KILL,
    FREEZE,
    CRASH
  }

  /**
   * A kind of run.
   *
   * @param variables with which it begins
   * @param orders how many orders each node places
   */
  private record Kind(
      WorkflowBuilder workflow,
      RunStatus end,
      Map<String, Object> variables,
      Map<String, Integer> orders) {}

  private static final Kind CHILD =
      new Kind(
          order(workflow("child").variable("given", "own"), "order"),
          RunStatus.COMPLETED,
          Map.of("given", "own"),
          Map.of("order", 1));

  private static final List<Kind> KINDS =
      List.of(
          kind(
              order(order(order(workflow("chain"), "first"), "second"), "third")
                  .edge("first", "second")
                  .edge("second", "third"),
              Map.of("first", 1, "second", 1, "third", 1)),
          kind(fanOut(), Map.of("left", 1, "middle", 1, "right", 1, "join", 1)),
          kind(
              order(workflow("delays").node("wait", "core.delay", Map.of("ms", 1_500)), "order")
                  .node("rest", "core.delay", Map.of("ms", 200))
                  .edge("wait", "order")
                  .edge("order", "rest"),
              Map.of("order", 1)),
          kind(
              order(workflow("loop").node("before", "core.noop"), "again")
                  .node("back", "core.delay", Map.of("ms", 50))
                  .edge("before", "again")
                  .edge("again", "back")
                  .edge("back", "again")
                  .maxLoopbackIterations(2),
              Map.of("again", 3)),
          kind(
              workflow("retries")
                  .node("order", "test.ordering", Map.of("takes", 20, "failures", 2))
                  .maxRetries(3),
              Map.of("order", 1)),
          new Kind(
              workflow("parent")
                  .variable("result", "none")
                  .node(
                      "child",
                      "core.subWorkflow",
                      Map.of("workflowId", "child", "outputMapping", Map.of("result", "given")))
                  .node("order", "test.ordering")
                  .edge("child", "order"),
              RunStatus.COMPLETED,
              Map.of("result", "none"),
              Map.of("order", 1)),
          kind(
              order(workflow("approval").node("gate", "core.approvalGate"), "order")
                  .edge("gate", "order"),
              Map.of("order", 1)),
          new Kind(
              workflow("failure")
                  .node("order", "test.ordering", Map.of("takes", 50, "failures", 1_000_000))
                  .maxRetries(1)
                  .node("never", "test.ordering")
                  .edge("order", "never"),
              RunStatus.FAILED,
              Map.of(),
              Map.of("order", 1)));

  private final Random random = new Random(SEED);

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(2);

  private final Map<Fault, Integer> struck = new EnumMap<>(Fault.class);

  private final AtomicInteger nextHost = new AtomicInteger();

  /** By the key they were created with. */
  private final Map<String, Kind> accepted = Collections.synchronizedMap(new LinkedHashMap<>());

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void andComeToTheEndTheyWouldHaveComeToWithout() throws Exception {
    CLUSTER.host(0).client().put(CHILD.workflow());
    KINDS.forEach(kind -> CLUSTER.host(0).client().put(kind.workflow()));
    Future<?> approver =
        threads.scheduleWithFixedDelay(this::approve, 0, 100, TimeUnit.MILLISECONDS);

    for (int round = 0; round < FAULTS; round++) {
      int first = RUNS * round / FAULTS;
      int end = RUNS * (round + 1) / FAULTS;
      create(first, (first + end) / 2);
      Future<?> creating =
          threads.submit(
              () -> {
                create((first + end) / 2, end);
                return null;
              });
      strike();
      creating.get();
    }
    await("all runs to end").until(() -> unended().isEmpty());
    assertThat(approver).isNotDone();

    assertThat(accepted).hasSize(RUNS);
    List<Run> runs = runs();
    assertThat(runs.stream().filter(run -> run.parent() == null).map(Run::runId))
        .containsExactlyInAnyOrderElementsOf(accepted.keySet());
    int repeated = 0;
    for (Run run : runs) {
      Kind kind = accepted.getOrDefault(run.runId(), CHILD);
      assertThatRun(stores, TENANT, run.runId()).is(kind.end()).hasSoundLog();
      assertFolds(run, kind);
      repeated += assertOrdered(run, kind);
    }
    assertThat(runs).hasSize(RUNS + (int) accepted.values().stream().filter(this::starts).count());
    log.info(
        "Seed {}: {} runs, struck {}; {} executions of nodes were lost, {} orders came again",
        SEED,
        runs.size(),
        struck,
        startedAgain(),
        repeated);
  }

  private boolean starts(Kind kind) {
    return kind.workflow().id().equals("parent");
  }

  private void create(int from, int to) {
    for (int i = from; i < to; i++) {
      String key = "run-number-" + i;
      Kind kind = KINDS.get(i % KINDS.size());
      String runId =
          await("run " + i)
              .until(
                  () -> someHost().client().tryToCreate(key, kind.workflow().id()),
                  Optional::isPresent)
              .orElseThrow();
      accepted.put(runId, kind);
    }
  }

  private Host someHost() {
    return CLUSTER.host(Math.floorMod(nextHost.getAndIncrement(), HOSTS));
  }

  /** One fault, or two at once; returns when all is well again. */
  private void strike() throws InterruptedException {
    List<Fault> faults = new ArrayList<>(List.of(Fault.values()));
    Collections.shuffle(faults, random);
    List<Fault> now = faults.subList(0, random.nextInt(3) == 0 ? 2 : 1);
    List<Host> hosts = new ArrayList<>(CLUSTER.hosts());
    Collections.shuffle(hosts, random);
    Map<Fault, Host> victims = new EnumMap<>(Fault.class);
    for (Fault fault : now) {
      struck.merge(fault, 1, Integer::sum);
      switch (fault) {
        case KILL -> hosts.get(0).killHard();
        case FREEZE -> hosts.get(1).freeze();
        case CRASH -> CLUSTER.server().crash();
      }
      if (fault != Fault.CRASH) {
        victims.put(fault, hosts.get(fault.ordinal()));
      }
    }
    if (now.contains(Fault.CRASH)) {
      Thread.sleep(random.nextInt(MOST_MILLIS_WITHOUT_DATABASE));
      CLUSTER.server().restart();
    }
    // Longer than the lease: others own by then what the frozen one thinks it holds.
    await("the others to fence them")
        .ignoreExceptionsInstanceOf(DataAccessException.class)
        .until(() -> liveNodes() <= HOSTS - victims.size());
    victims.forEach(
        (fault, host) -> {
          if (fault == Fault.KILL) {
            host.restart();
          } else {
            host.thaw();
          }
        });
    await("all to be back")
        .ignoreExceptionsInstanceOf(DataAccessException.class)
        .until(() -> liveNodes() >= HOSTS);
  }

  private void approve() {
    List<String> waiting;
    try {
      waiting =
          stores
              .jdbc()
              .sql("select run_id from openwop.run where status = 'WAITING_APPROVAL'")
              .query(String.class)
              .list();
    } catch (DataAccessException | CannotCreateTransactionException e) {
      // It is away; this comes again.
      return;
    }
    waiting.forEach(runId -> someHost().client().tryToAccept(runId, "gate"));
  }

  private long liveNodes() {
    return stores
        .jdbc()
        .sql("select count(*) from openwop.host_node where expires_at > now()")
        .query(Long.class)
        .single();
  }

  private List<String> unended() {
    return stores
        .jdbc()
        .sql("select run_id from openwop.run where ended_at is null")
        .query(String.class)
        .list();
  }

  private List<Run> runs() {
    return stores
        .jdbc()
        .sql("select run_id from openwop.run order by created_at")
        .query(String.class)
        .list()
        .stream()
        .map(runId -> stores.runs().find(TENANT, runId).orElseThrow())
        .toList();
  }

  private static void assertFolds(Run run, Kind kind, List<RunEvent> events) {
    LogFold fold = LogFold.of(kind.variables(), events);
    assertThat(fold.status()).isEqualTo(run.status());
    assertThat(fold.starts()).as(run.runId()).isEqualTo(run.state().starts());
    assertThat(fold.variables()).isEqualTo(run.state().variables());
    assertThat(fold.nodes()).isEqualTo(LogFold.nodes(run.state()));
  }

  private void assertFolds(Run run, Kind kind) {
    assertFolds(run, kind, events(run));
  }

  /** Each order has one key, and the node took the answer to it; returns how many came again. */
  private int assertOrdered(Run run, Kind kind) {
    Map<String, Integer> calls = CLUSTER.provider().calls(run.runId());
    Map<String, Integer> orders = new TreeMap<>();
    calls.keySet().forEach(order -> orders.merge(order.split(",")[0], 1, Integer::sum));
    assertThat(orders).as(run.runId()).isEqualTo(kind.orders());
    TreeSet<String> receipts = new TreeSet<>();
    for (RunEvent event : events(run)) {
      if (event.type() == EventType.NODE_COMPLETED
          && Json.parseObject(event.payload()).get("outputs") instanceof Map<?, ?> outputs
          && outputs.get("order") instanceof Map<?, ?> order) {
        assertThat(receipts.add(event.nodeId() + "," + order.get("receipt"))).isTrue();
      }
    }
    if (kind.end() == RunStatus.COMPLETED) {
      assertThat(receipts).isEqualTo(calls.keySet());
    }
    return calls.values().stream().mapToInt(times -> times - 1).sum();
  }

  private List<RunEvent> events(Run run) {
    return stores.runs().log(TENANT, run.runId(), -1, Integer.MAX_VALUE).orElseThrow().events();
  }

  /** Starts that follow a start: whoever made the first of them was lost. */
  private int startedAgain() {
    return stores
        .jdbc()
        .sql(
            """
            select count(*) from (
              select type, lag(type) over (partition by run_id, node_id order by sequence) as before
              from openwop.event where node_id is not null) told
            where type = 'NODE_STARTED' and before = 'NODE_STARTED'
            """)
        .query(Integer.class)
        .single();
  }

  private static Kind kind(WorkflowBuilder workflow, Map<String, Integer> orders) {
    return new Kind(workflow, RunStatus.COMPLETED, Map.of(), orders);
  }

  private static WorkflowBuilder order(WorkflowBuilder workflow, String nodeId) {
    return workflow.node(nodeId, "test.ordering", Map.of("takes", 100));
  }

  private static WorkflowBuilder fanOut() {
    WorkflowBuilder workflow = workflow("fan-out").node("begin", "core.noop");
    for (String branch : List.of("left", "middle", "right")) {
      order(workflow, branch).edge("begin", branch);
    }
    return order(workflow, "join")
        .edge("left", "join")
        .edge("middle", "join")
        .edge("right", "join");
  }
}
