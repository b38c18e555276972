package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunService;
import io.heddle.run.RunStore.Child;
import io.heddle.spi.NodeExecutor;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.LogAssert;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A supervisor and a node that carries out its decisions, in a loop, and some workers for them. */
final class Orchestra implements AutoCloseable {

  final HandDrivenHost host;

  final RunService service;

  final InterruptService interrupts;

  private final SettableClock clock = new SettableClock(Instant.now());

  Orchestra(NodeExecutor... executors) {
    host =
        new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, executors);
    service = new RunService(host.stores().runs(), new NoSlots(), it -> {});
    interrupts = new InterruptService(host.stores().runs(), host.stores().interrupts());
    host.register(workflow("worker").node("work", "core.noop").variable("result", "own default"));
    host.register(workflow("other").node("work", "core.noop").variable("result", "of the other"));
    host.register(workflow("failing").node("fail", "core.fail").variable("result", "of a failure"));
    for (String sleeper : List.of("sleeping", "dozing", "dreaming")) {
      host.register(
          workflow(sleeper)
              .node("sleep", "core.delay", Map.of("ms", 3_600_000))
              .variable("result", "of the " + sleeper));
    }
  }

  @Override
  public void close() {
    host.close();
  }

  static Map<String, Object> next(String... workers) {
    return Map.of("kind", "next-worker", "nextWorkerIds", List.of(workers));
  }

  static Map<String, Object> terminate() {
    return Map.of("kind", "terminate", "reason", "goal-reached");
  }

  /** A loop that takes its decisions from a plan. */
  static WorkflowBuilder loop(Map<String, Object> dispatch, Object... plan) {
    return workflow("orchestrated")
        .node("supervisor", "core.orchestrator.supervisor", Map.of("mockDecisions", List.of(plan)))
        .node("dispatch", "core.dispatch", dispatch)
        .edge("supervisor", "dispatch")
        .edge("dispatch", "supervisor");
  }

  /** Registers a workflow, creates a run of it and drives that as far as it goes now. */
  String start(WorkflowBuilder workflow) {
    return start(workflow, Map.of());
  }

  private String start(WorkflowBuilder workflow, Map<String, @Nullable Object> configurable) {
    host.register(workflow);
    String runId = host.create(workflow.id(), Map.of(), configurable);
    host.drive(runId);
    return runId;
  }

  /** Drives whatever is due until nothing is. */
  void settle() {
    while (host.driveAll() > 0) {}
  }

  /** Starts a run and drives it and all below it to where they can only wait. */
  String play(WorkflowBuilder workflow) {
    return play(workflow, Map.of());
  }

  /** The same, with what the run is configured with. */
  String play(WorkflowBuilder workflow, Map<String, @Nullable Object> configurable) {
    String runId = start(workflow, configurable);
    settle();
    return runId;
  }

  /** Answers what a node asked, and drives the run on. */
  void answer(String runId, String nodeId, Object value) {
    assertThat(
            interrupts.resolve(
                SampleRuns.TENANT,
                runId,
                nodeId,
                new InterruptService.Given(value, Answerer.of("alice"), List.of())))
        .isInstanceOfAny(
            InterruptService.Outcome.Resolved.class, InterruptService.Outcome.Kept.class);
    settle();
  }

  /** Lets a sleeper, and nobody else, come to its end. */
  void wake(String runId) {
    clock.advance(Duration.ofHours(2));
    host.drive(runId);
  }

  /** Frees a run of a process that held it and wrote nothing. */
  void abandon(String runId) {
    int freed =
        host.stores()
            .jdbc()
            .sql(
                "update openwop.run set lease_owner = null, wake_at = now()"
                    + " where run_id = ? and lease_owner is not null")
            .param(runId)
            .update();
    assertThat(freed).isEqualTo(1);
  }

  Run read(String runId) {
    return SampleRuns.read(host.stores(), runId);
  }

  /** The run of one worker, which the run must have started once. */
  Run child(String runId, String workflowId) {
    List<Run> found =
        children(runId).stream()
            .filter(child -> child.workflow().workflowId().equals(workflowId))
            .toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  /** The runs that a run started, step by step; those of one step in any order. */
  List<Run> children(String runId) {
    return host.stores().runs().children(SampleRuns.TENANT, runId, 2_000).stream()
        .map(Child::runId)
        .map(this::read)
        .toList();
  }

  LogAssert log(String runId) {
    return host.assertThat(runId).hasSoundLog().log();
  }

  List<RunEvent> events(String runId, EventType type) {
    return host
        .stores()
        .runs()
        .log(SampleRuns.TENANT, runId, -1, Integer.MAX_VALUE)
        .orElseThrow()
        .events()
        .stream()
        .filter(event -> event.type() == type)
        .toList();
  }

  /** The payloads of all events of a type. */
  List<Map<String, @Nullable Object>> payloads(String runId, EventType type) {
    return new ArrayList<>(
        events(runId, type).stream().map(event -> Json.parseObject(event.payload())).toList());
  }

  @Nullable Object variable(String runId, String name) {
    return read(runId).state().variables().get(name);
  }

  Map<String, @Nullable Object> outputs(String runId, String nodeId) {
    assertThat(read(runId).state().nodes()).containsKey(nodeId);
    return read(runId).state().nodes().get(nodeId).outputs();
  }
}
