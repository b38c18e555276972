package io.heddle.testkit;

import io.heddle.engine.Effects;
import io.heddle.engine.EngineNodes;
import io.heddle.engine.Limits;
import io.heddle.engine.NodeExecutors;
import io.heddle.engine.RetryPolicy;
import io.heddle.engine.RunCreator;
import io.heddle.engine.RunForker;
import io.heddle.engine.RuntimeCapabilities;
import io.heddle.engine.Worker;
import io.heddle.engine.node.ApprovalGateNode;
import io.heddle.engine.node.ChannelWriteNode;
import io.heddle.engine.node.ClarificationGateNode;
import io.heddle.engine.node.DelayNode;
import io.heddle.engine.node.FailNode;
import io.heddle.engine.node.IdentityNode;
import io.heddle.engine.node.InterruptNode;
import io.heddle.engine.node.NoopNode;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.postgres.ArtifactSql;
import io.heddle.postgres.ForkSql;
import io.heddle.run.CommitListener;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.Run.Fork.Mode;
import io.heddle.run.RunError;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.secret.SecretSources;
import io.heddle.spi.NodeExecutor;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.workflow.WorkflowParser;
import io.heddle.workflow.WorkflowRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The engine on a real database, without a thread that would act on its own: runs are claimed and
 * driven when a test says so, and time passes when a test says so.
 */
public final class HandDrivenHost implements AutoCloseable {

  public static final Limits WIDE = limits(1_000, Duration.ofDays(30));

  private static final String NODE = "node-by-hand";

  private final Stores stores;

  private final InstantSource clock;

  private final WorkflowRegistry workflows;

  private final RunCreator creator;

  private final RunForker forker;

  private final Worker worker;

  private volatile CommitListener news = runId -> {};

  private final AtomicInteger commitsToLive = new AtomicInteger();

  private final ExecutorService nodeThreads = Executors.newCachedThreadPool();

  public HandDrivenHost(
      Database database, Limits limits, InstantSource clock, NodeExecutor... executors) {
    this(database, limits, clock, UnaryOperator.identity(), executors);
  }

  /**
   * @param between what stands between the worker and the store
   */
  public HandDrivenHost(
      Database database,
      Limits limits,
      InstantSource clock,
      UnaryOperator<RunStore> between,
      NodeExecutor... executors) {
    this(database, limits, clock, between, SecretSources.NONE, executors);
  }

  /**
   * @param secrets what nodes can get
   */
  public HandDrivenHost(
      Database database,
      Limits limits,
      InstantSource clock,
      UnaryOperator<RunStore> between,
      SecretSources secrets,
      NodeExecutor... executors) {
    this.stores = Stores.on(database.dataSource());
    this.clock = clock;
    List<NodeExecutor> all =
        new ArrayList<>(
            List.of(
                new NoopNode(),
                new IdentityNode(),
                new DelayNode(),
                new ChannelWriteNode(),
                new FailNode(),
                new ApprovalGateNode(),
                new ClarificationGateNode(),
                new InterruptNode(),
                EngineNodes.subWorkflow(),
                EngineNodes.supervisor(true),
                EngineNodes.dispatch()));
    all.addAll(List.of(executors));
    NodeExecutors types = new NodeExecutors(all, secrets);
    this.workflows = new WorkflowRegistry(stores.workflows(), new WorkflowParser(types.byTypeId()));
    this.creator =
        new RunCreator(
            workflows,
            stores.runs(),
            new NoSlots(),
            runId -> {},
            types,
            Stores.ENGINE_VERSION,
            Stores.EVENT_LOG_SCHEMA_VERSION);
    this.forker =
        new RunForker(
            creator,
            workflows,
            stores.runs(),
            new ForkSql(stores.jdbc(), Stores.ENGINE_VERSION, Stores.EVENT_LOG_SCHEMA_VERSION));
    this.worker =
        new Worker(
            between.apply(stores.runs()),
            workflows,
            types,
            new RuntimeCapabilities(Set.of("acme.printer")),
            limits,
            clock,
            nodeThreads,
            new CommitListener() {

              @Override
              public void committed(String runId) {
                dieIfItIsTime();
              }

              @Override
              public void appended(Run run, List<NewEvent> events) {
                news.appended(run, events);
              }

              @Override
              public void ended(Run run, RunStatus status, @Nullable RunError error) {
                news.ended(run, status, error);
              }
            },
            new Effects(stores.effects(), Duration.ofSeconds(20)),
            new ArtifactSql(stores.jdbc()));
    stores.claims().register(NODE, Duration.ofHours(1));
  }

  /** Limits with waits before another attempt that a test need not sit out. */
  public static Limits limits(int maxNodeExecutions, Duration maxRunDuration) {
    return new Limits(
        maxNodeExecutions,
        maxRunDuration,
        new RetryPolicy(Duration.ofSeconds(1), Duration.ofSeconds(3)),
        3,
        4,
        3,
        Duration.ofHours(1),
        maxNodeExecutions);
  }

  public Stores stores() {
    return stores;
  }

  /** From now on somebody hears what runs append, and how they end. */
  public void tell(CommitListener listener) {
    news = listener;
  }

  public WorkflowRegistry workflows() {
    return workflows;
  }

  public void register(WorkflowBuilder workflow) {
    workflows.register(
        SampleRuns.TENANT,
        workflow.id(),
        Json.parse(workflow.json()),
        SampleRuns.OWNER.principal());
  }

  /** Creates a run that waits for {@link #drive}. */
  public String create(
      String workflowId,
      Map<String, @Nullable Object> inputs,
      Map<String, @Nullable Object> configurable) {
    return creator
        .create(
            new RunCreator.Request(
                SampleRuns.TENANT,
                SampleRuns.OWNER,
                workflowId,
                inputs,
                configurable,
                null,
                null,
                null,
                null,
                null))
        .orElseThrow()
        .run()
        .runId();
  }

  /** Creates a run and drives it as far as it goes now; returns its id. */
  public String start(WorkflowBuilder workflow) {
    register(workflow);
    String runId = create(workflow.id(), Map.of(), Map.of());
    drive(runId);
    return runId;
  }

  /** Creates a run and drives it to its end; see {@link #driveToEnd}. */
  public String finish(WorkflowBuilder workflow) {
    register(workflow);
    return driveToEnd(create(workflow.id(), Map.of(), Map.of()));
  }

  /**
   * Drives a run to its end, whatever it waits for: it is then as late as that. The clock of this
   * host must be one that can be set.
   *
   * @return the run's id
   */
  public String driveToEnd(String runId) {
    while (!read(runId).status().isTerminal()) {
      drive(runId).ifPresent(((SettableClock) clock)::set);
    }
    return runId;
  }

  /** A run as it is stored now. */
  public Run read(String runId) {
    return SampleRuns.read(stores, runId);
  }

  /** The whole log of a run. */
  public List<RunEvent> log(String runId) {
    return stores
        .runs()
        .log(SampleRuns.TENANT, runId, -1, Integer.MAX_VALUE)
        .orElseThrow()
        .events();
  }

  /** Somebody answers what a node asks. */
  public Outcome answer(String runId, String nodeId, @Nullable Object value) {
    Object given = value == null ? null : Json.parse(Json.write(value));
    return interrupts()
        .resolve(
            SampleRuns.TENANT, runId, nodeId, new Given(given, Answerer.of("somebody"), List.of()));
  }

  public InterruptService interrupts() {
    return new InterruptService(stores.runs(), stores.interrupts());
  }

  /** How many rows of a table there are; what comes behind the table's name is a part of it. */
  public int count(String table) {
    return stores.jdbc().sql("select count(*) from openwop." + table).query(Integer.class).single();
  }

  /** Branches a run before an event; the branch waits for {@link #drive}. */
  public String branch(
      String runId, long fromSequence, @Nullable Map<String, @Nullable Object> configurable) {
    return fork(Mode.BRANCH, runId, fromSequence, configurable);
  }

  /** Replays a run from an event on; the replay waits for {@link #drive}. */
  public String replay(String runId, long fromSequence) {
    return fork(Mode.REPLAY, runId, fromSequence, null);
  }

  private String fork(
      Mode mode,
      String runId,
      long fromSequence,
      @Nullable Map<String, @Nullable Object> configurable) {
    return forker
        .fork(
            new RunForker.Request(
                SampleRuns.TENANT, runId, mode, fromSequence, null, configurable, null, null, null))
        .orElseThrow()
        .run()
        .runId();
  }

  /** Claims a run that is due and drives it as far as it goes now. */
  public Optional<Instant> drive(String runId) {
    return drive(claim(runId));
  }

  private Optional<Instant> drive(Run claimed) {
    try {
      return worker.drive(claimed, () -> false).due();
    } catch (InterruptedException e) {
      throw new IllegalStateException(claimed.runId() + " was taken away", e);
    }
  }

  /** Claims a run that is due, lets something happen, and drives the run as it was claimed. */
  public Optional<Instant> driveAfter(String runId, Runnable meanwhile) {
    Run claimed = claim(runId);
    meanwhile.run();
    return drive(claimed);
  }

  /** Drives a run that is due until so many steps are stored; then the process dies. */
  public void driveUntilCommits(String runId, int commits) {
    commitsToLive.set(commits);
    try {
      drive(runId);
      throw new AssertionError(runId + " came to rest before");
    } catch (Died e) {
      // As it should.
    }
  }

  private void dieIfItIsTime() {
    if (commitsToLive.get() > 0 && commitsToLive.decrementAndGet() == 0) {
      throw new Died();
    }
  }

  private static final class Died extends RuntimeException {

    private static final long serialVersionUID = 1L;
  }

  /** Drives a run until its thread is interrupted, as if this process had died there and then. */
  public void driveUntilKilled(String runId) {
    try {
      worker.drive(claim(runId), () -> false);
    } catch (InterruptedException e) {
      return;
    }
    throw new AssertionError(runId + " came to rest");
  }

  /** Drives a run while this host is about to stop. */
  public Optional<Instant> driveWhile(String runId, BooleanSupplier leaving) {
    try {
      return worker.drive(claim(runId), leaving).due();
    } catch (InterruptedException e) {
      throw new IllegalStateException(runId + " was taken away", e);
    }
  }

  /** Others think this host dead and take a run from it, which it does not know. */
  public void takeAway(String runId) {
    stores
        .jdbc()
        .sql(
            """
            update openwop.run set lease_owner = null, lease_epoch = lease_epoch + 1, wake_at = now()
            where run_id = ?
            """)
        .param(runId)
        .update();
  }

  /** What others find and do after this host has missed its heartbeats. */
  public void beFoundDead() {
    stores.jdbc().sql("update openwop.host_node set expires_at = now() - interval '1 s'").update();
    stores.claims().freeOrphans();
    stores.claims().register(NODE, Duration.ofHours(1));
  }

  /** What a host does that stops in order. */
  public void leaveInOrder() {
    stores.claims().release(NODE);
    stores.claims().register(NODE, Duration.ofHours(1));
  }

  /** Drives everything that is due by the database's clock; returns how many runs that were. */
  public int driveAll() {
    List<Run> due = stores.claims().claimDue(NODE, 10_000);
    due.forEach(this::drive);
    return due.size();
  }

  /** Ends like a process that is killed: another one takes over what it held. */
  public void die() {
    stores.claims().release(NODE);
    stores.claims().register(NODE, Duration.ofHours(1));
  }

  /** Creates a run and drives it as far as it goes now. */
  public RunAssert run(WorkflowBuilder workflow) {
    return run(workflow, Map.of());
  }

  /** Creates a run and drives it as far as it goes now. */
  public RunAssert run(WorkflowBuilder workflow, Map<String, @Nullable Object> configurable) {
    register(workflow);
    String runId = create(workflow.id(), Map.of(), configurable);
    drive(runId);
    return assertThat(runId);
  }

  public RunAssert assertThat(String runId) {
    return RunAssert.assertThatRun(stores, SampleRuns.TENANT, runId);
  }

  /** Takes the lease of a run that is due by the clock of this host. */
  private Run claim(String runId) {
    // The database's own clock cannot be set, so what is due by ours is made due by its.
    makeDue(runId, clock.instant());
    return stores.claims().claimDue(NODE, 1_000).stream()
        .filter(run -> run.runId().equals(runId))
        .findFirst()
        .orElseThrow(() -> new AssertionError(runId + " is not due"));
  }

  /** Makes a sleeping run due, whatever it sleeps for. */
  public void disturb(String runId) {
    makeDue(runId, clock.instant().plus(Duration.ofDays(1_000)));
  }

  private void makeDue(String runId, Instant until) {
    stores
        .jdbc()
        .sql("update openwop.run set wake_at = now() where run_id = :run and wake_at <= :until")
        .param("run", runId)
        .param("until", until.atOffset(ZoneOffset.UTC))
        .update();
  }

  @Override
  public void close() {
    nodeThreads.shutdownNow();
    stores.claims().release(NODE);
  }
}
