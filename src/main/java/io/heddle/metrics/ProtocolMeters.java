package io.heddle.metrics;

import io.heddle.json.Json;
import io.heddle.run.CommitListener;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunState.Question;
import io.heddle.run.RunStatus;
import io.heddle.spi.InterruptKind;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowRegistry;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The meters and the log records that the protocol names [observability §OpenTelemetry metrics,
 * §Structured-log metric records]: what this node committed, and the queue of all nodes.
 * Thread-safe.
 */
public final class ProtocolMeters implements CommitListener, MeterBinder {

  /** One name that does not change, for it is what log shippers look for. */
  private static final Logger log = LoggerFactory.getLogger("heddle.metric");

  /** The meters that the protocol names and this host has, sorted. */
  public static final List<String> NAMES =
      List.of(
          "openwop.cap.exceeded",
          "openwop.interrupt.duration",
          "openwop.interrupt.requested",
          "openwop.node.attempts",
          "openwop.node.completed",
          "openwop.node.duration",
          "openwop.orchestrator.decisions",
          "openwop.orchestrator.iterations",
          "openwop.queue.depth",
          "openwop.queue.enqueued",
          "openwop.run.active",
          "openwop.run.backlog",
          "openwop.run.claim.conflicts",
          "openwop.run.completed",
          "openwop.run.created",
          "openwop.run.duration");

  // Of the protocol.
  private static final Duration[] OF_RUNS =
      seconds(.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 1_800, 3_600);

  private static final Duration[] OF_NODES =
      seconds(.001, .005, .01, .05, .1, .5, 1, 5, 10, 30, 60);

  private static final double[] OF_TURNS = {1, 2, 5, 10, 25, 50, 100, 250};

  private static final Duration[] OF_INTERRUPTS =
      seconds(60, 300, 900, 1_800, 3_600, 14_400, 86_400, 604_800);

  // The start of what else is under way is not remembered, and how long it took not measured.
  private static final int MOST_REMEMBERED = 10_000;

  private static final String WORKFLOW = "openwop.workflow_id";

  private static final String TENANT = "openwop.tenant_id";

  private static final String STATUS = "openwop.run_status";

  private static final String NODE_TYPE = "openwop.node_type";

  private static final String KIND = "openwop.interrupt_kind";

  /** What stands for all tenants. */
  private static final String ALL = "all";

  private final WorkflowRegistry workflows;

  private final InstantSource clock;

  private final Supplier<Queue> queue;

  private final BoundedLabels labels = new BoundedLabels();

  private final List<MeterRegistry> registries = new CopyOnWriteArrayList<>();

  private final Map<String, Map<String, Long>> starts = new ConcurrentHashMap<>();

  private final Map<String, Turns> turns = new ConcurrentHashMap<>();

  private final Map<String, Long> questions = new ConcurrentHashMap<>();

  /** What orchestrators decided in a run while it was held under one lease. */
  private record Turns(long epoch, int count) {}

  /**
   * The runs of all nodes.
   *
   * @param due how many could be executed now, counted up to a limit
   * @param live how many are neither ended nor paused, counted up to a limit
   * @param backlogSeconds how long the first run that has not started yet has waited
   */
  public record Queue(long due, long live, double backlogSeconds) {}

  /**
   * @param clock tells the database's time
   * @param queue looks at the queue, or gives what was seen a few seconds ago
   */
  public ProtocolMeters(WorkflowRegistry workflows, InstantSource clock, Supplier<Queue> queue) {
    this.workflows = workflows;
    this.clock = clock;
    this.queue = queue;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    registries.add(registry);
    Gauge.builder("openwop.queue.depth", () -> queue.get().due())
        .description("Runs of all nodes that could be executed now")
        .tag(TENANT, ALL)
        .register(registry);
    Gauge.builder("openwop.run.active", () -> queue.get().live())
        .description("Runs of all nodes that are neither ended nor paused")
        .tag(TENANT, ALL)
        .register(registry);
    Gauge.builder("openwop.run.backlog", () -> queue.get().backlogSeconds())
        .description("How long the first run that waits to be started has waited, in seconds")
        .tag(TENANT, ALL)
        .tag(WORKFLOW, ALL)
        .register(registry);
  }

  @Override
  public void committed(String runId) {}

  @Override
  public void created(Tenant tenant, String runId, String workflowId) {
    String tenantId = labels.tenant(tenant.id());
    count(
        "openwop.run.created",
        Tags.of(WORKFLOW, labels.workflow(tenant.id(), workflowId), TENANT, tenantId));
    count("openwop.queue.enqueued", Tags.of(TENANT, tenantId));
    if (log.isInfoEnabled()) {
      record(
          Json.members(
              "metricKind",
              "openwop.run.created",
              "runId",
              runId,
              "workflowId",
              workflowId,
              "tenantId",
              tenant.id()));
    }
  }

  @Override
  public void conflicted(Tenant tenant, String activeRunId) {
    count(
        "openwop.run.claim.conflicts",
        Tags.of("transport", "rest", TENANT, labels.tenant(tenant.id())));
    if (log.isInfoEnabled()) {
      record(
          Json.members(
              "metricKind",
              "openwop.run.claim.conflict",
              "transport",
              "rest",
              "projectId",
              tenant.id(),
              "activeRunId",
              activeRunId));
    }
  }

  @Override
  public void answered(InterruptKind kind, Duration waited) {
    settled(kind, "resolved", waited);
  }

  @Override
  public void appended(Run run, List<NewEvent> events) {
    for (NewEvent event : events) {
      heed(run, event);
    }
  }

  private void heed(Run run, NewEvent event) {
    switch (event.type()) {
      case NODE_STARTED, NODE_RESUMED -> started(run, event);
      case NODE_COMPLETED -> ended(run, event, "completed");
      case NODE_FAILED -> ended(run, event, "failed");
      case NODE_SKIPPED -> ended(run, event, "skipped");
      case NODE_CANCELLED -> ended(run, event, "cancelled");
      case NODE_RETRIED -> {
        count("openwop.node.attempts", Tags.of(NODE_TYPE, type(run, event)));
        took(run, event, "failed");
      }
      case INTERRUPT_REQUESTED -> asked(event);
      case INTERRUPT_RESOLVED -> timedOut(event);
      case CAP_BREACHED -> breached(run, event);
      case ORCHESTRATOR_DECIDED -> decided(run, event);
      default -> {
        // Nothing that is measured.
      }
    }
  }

  private void started(Run run, NewEvent event) {
    if (event.nodeId() != null
        && (starts.size() < MOST_REMEMBERED || starts.containsKey(run.runId()))) {
      starts
          .computeIfAbsent(run.runId(), id -> new ConcurrentHashMap<>())
          .put(event.nodeId(), System.nanoTime());
    }
  }

  private void ended(Run run, NewEvent event, String status) {
    count("openwop.node.completed", Tags.of(NODE_TYPE, type(run, event), STATUS, status));
    Duration taken = took(run, event, status);
    if (log.isInfoEnabled()) {
      record(
          Json.members(
              "metricKind",
              "openwop.node.completed",
              "runId",
              run.runId(),
              "nodeId",
              event.nodeId(),
              "nodeType",
              type(run, event),
              "status",
              status,
              "durationMs",
              taken == null ? null : taken.toMillis()));
    }
  }

  /** How long an attempt took, if this node has seen it start. */
  private @Nullable Duration took(Run run, NewEvent event, String status) {
    Map<String, Long> ofRun = starts.get(run.runId());
    Long start = ofRun == null || event.nodeId() == null ? null : ofRun.remove(event.nodeId());
    if (start == null) {
      return null;
    }
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    time(
        "openwop.node.duration",
        Tags.of(NODE_TYPE, type(run, event), STATUS, status),
        OF_NODES,
        taken);
    return taken;
  }

  private void asked(NewEvent event) {
    Map<String, @Nullable Object> payload = Json.parseObject(event.payload());
    count(
        "openwop.interrupt.requested", Tags.of(KIND, spelled(String.valueOf(payload.get("kind")))));
    if (questions.size() < MOST_REMEMBERED) {
      questions.put(String.valueOf(payload.get("interruptId")), System.nanoTime());
    }
  }

  private void timedOut(NewEvent event) {
    Map<String, @Nullable Object> payload = Json.parseObject(event.payload());
    Long asked = questions.remove(String.valueOf(payload.get("interruptId")));
    if (asked != null) {
      settled(
          String.valueOf(payload.get("kind")),
          "timeout",
          Duration.ofNanos(System.nanoTime() - asked));
    }
  }

  private void settled(InterruptKind kind, String status, Duration waited) {
    settled(kind.name().toLowerCase(Locale.ROOT).replace('_', '-'), status, waited);
  }

  private void settled(String kind, String status, Duration waited) {
    time(
        "openwop.interrupt.duration",
        Tags.of(KIND, spelled(kind), STATUS, status),
        OF_INTERRUPTS,
        waited);
  }

  /** One of the four kinds that the protocol measures. */
  private static String spelled(String kind) {
    return switch (kind) {
      case "approval", "clarification", "external-event" -> kind;
      default -> "custom";
    };
  }

  private void breached(Run run, NewEvent event) {
    Map<String, @Nullable Object> payload = Json.parseObject(event.payload());
    count("openwop.cap.exceeded", Tags.of("openwop.cap_kind", String.valueOf(payload.get("kind"))));
    log.error(
        Json.write(
            Json.members(
                "metricKind", "openwop.cap.exceeded",
                "runId", run.runId(),
                "kind", payload.get("kind"),
                "limit", payload.get("limit"),
                "observed", payload.get("observed"))));
  }

  private void decided(Run run, NewEvent event) {
    Object decision = Json.parseObject(event.payload()).get("decision");
    Object kind = decision instanceof Map<?, ?> members ? members.get("kind") : null;
    count(
        "openwop.orchestrator.decisions",
        orchestration(run).and("openwop.orchestrator.decision_kind", String.valueOf(kind)));
    if (turns.size() < MOST_REMEMBERED || turns.containsKey(run.runId())) {
      // A run that is claimed anew has what was decided before in its state.
      turns.merge(
          run.runId(),
          new Turns(run.leaseEpoch(), 1),
          (before, one) ->
              before.epoch() == one.epoch() ? new Turns(one.epoch(), before.count() + 1) : one);
    }
  }

  private Tags orchestration(Run run) {
    return Tags.of(
        TENANT,
        labels.tenant(run.tenant().id()),
        WORKFLOW,
        labels.workflow(run.tenant().id(), run.workflow().workflowId()));
  }

  /** How often an orchestrator decided in a run that has ended. */
  private void turns(Run run, RunStatus status) {
    Turns since = turns.remove(run.runId());
    Orchestration before = run.state().orchestration();
    // Whoever cancels a run has just read it; a worker has it as it was when it took the lease.
    boolean isFresh = status == RunStatus.CANCELLED;
    int decisions =
        (before == null ? 0 : before.decisions())
            + (isFresh || since == null || since.epoch() != run.leaseEpoch() ? 0 : since.count());
    if (decisions > 0) {
      for (MeterRegistry registry : registries) {
        DistributionSummary.builder("openwop.orchestrator.iterations")
            .tags(orchestration(run))
            .serviceLevelObjectives(OF_TURNS)
            .register(registry)
            .record(decisions);
      }
    }
  }

  @Override
  public void ended(Run run, RunStatus status, @Nullable RunError error) {
    starts.remove(run.runId());
    turns(run, status);
    Duration taken = Duration.between(run.createdAt(), clock.instant());
    Tags tags =
        Tags.of(
            WORKFLOW,
            labels.workflow(run.tenant().id(), run.workflow().workflowId()),
            STATUS,
            status.name().toLowerCase(Locale.ROOT));
    count("openwop.run.completed", tags);
    time("openwop.run.duration", tags, OF_RUNS, taken);
    for (Map.Entry<String, NodeState> entry : run.state().nodes().entrySet()) {
      NodeState node = entry.getValue();
      if (status == RunStatus.CANCELLED && !node.progress().isFinal()) {
        count(
            "openwop.node.completed",
            Tags.of(NODE_TYPE, type(run, entry.getKey()), STATUS, "cancelled"));
      }
      Question question = node.question();
      if (question == null) {
        continue;
      }
      Long asked = questions.remove(question.interruptId());
      if (asked != null && node.progress() == Progress.SUSPENDED) {
        settled(question.kind(), "cancelled", Duration.ofNanos(System.nanoTime() - asked));
      }
    }
  }

  private String type(Run run, NewEvent event) {
    return type(run, String.valueOf(event.nodeId()));
  }

  private String type(Run run, String nodeId) {
    Run.WorkflowRef workflow = run.workflow();
    // Its worker has just executed it, so it is at hand.
    return workflows
        .definition(workflow.scope(), workflow.workflowId(), workflow.revision())
        .node(nodeId)
        .map(NodeDefinition::typeId)
        .orElse(BoundedLabels.OTHER);
  }

  private void count(String name, Tags tags) {
    for (MeterRegistry registry : registries) {
      Counter.builder(name).tags(tags).register(registry).increment();
    }
  }

  private void time(String name, Tags tags, Duration[] buckets, Duration taken) {
    for (MeterRegistry registry : registries) {
      Timer.builder(name)
          .tags(tags)
          .serviceLevelObjectives(buckets)
          .register(registry)
          .record(taken.isNegative() ? Duration.ZERO : taken);
    }
  }

  private static Duration[] seconds(double... bounds) {
    return DoubleStream.of(bounds)
        .mapToObj(bound -> Duration.ofMillis((long) (bound * 1_000)))
        .toArray(Duration[]::new);
  }

  private static void record(Map<String, @Nullable Object> members) {
    log.info(Json.write(members));
  }
}
