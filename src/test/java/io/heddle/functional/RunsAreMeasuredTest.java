package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.metrics.ProtocolMeters;
import io.heddle.metrics.ProtocolMeters.Queue;
import io.heddle.metrics.Recently;
import io.heddle.postgres.QueueSql;
import io.heddle.run.RunStatus;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What operators count is what was committed. */
class RunsAreMeasuredTest {

  private final SettableClock clock = new SettableClock(Instant.now());

  private final ScriptedNode node = ScriptedNode.acting("test.node");

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private HandDrivenHost host;

  private ProtocolMeters meters;

  @BeforeEach
  void open() {
    host = new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, node);
    meters = new ProtocolMeters(host.workflows(), clock, new QueueSql(host.stores().jdbc()));
    meters.bindTo(registry);
    host.tell(meters);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void byWhatBecameOfThem() {
    host.run(workflow("good").chain("core.noop", "a", "b")).is(RunStatus.COMPLETED);
    host.run(workflow("bad").node("fail", "core.fail")).is(RunStatus.FAILED);

    assertThat(count("openwop.run.completed", "openwop.run_status", "completed")).isEqualTo(1);
    assertThat(count("openwop.run.completed", "openwop.workflow_id", "bad")).isEqualTo(1);
    assertThat(count("openwop.node.completed", "openwop.node_type", "core.noop")).isEqualTo(2);
    assertThat(count("openwop.node.completed", "openwop.run_status", "failed")).isEqualTo(1);
    assertThat(times("openwop.run.duration", "openwop.run_status", "failed")).isEqualTo(1);
    assertThat(times("openwop.node.duration", "openwop.node_type", "core.noop")).isEqualTo(2);
  }

  @Test
  void byTheAttemptsOfTheirNodes() {
    node.does(
        context ->
            context.attempt() < 1
                ? new NodeResult.Failed("acme.flaky", "Not this time", true)
                : NodeResult.completed());
    host.register(workflow("flaky").node("flaky", "test.node").maxRetries(2));
    String run = host.create("flaky", Map.of(), Map.of());
    host.drive(run);
    clock.advance(Duration.ofSeconds(5));
    host.drive(run);

    assertThat(count("openwop.node.attempts", "openwop.node_type", "test.node")).isEqualTo(1);
    assertThat(count("openwop.node.completed", "openwop.node_type", "test.node")).isEqualTo(1);
    // Each attempt on its own.
    assertThat(times("openwop.node.duration", "openwop.node_type", "test.node")).isEqualTo(2);
  }

  @Test
  void byWhatTheyAsk() {
    host.register(
        workflow("gate")
            .node("gate", "core.approvalGate", Map.of("title", "May I?", "timeoutMs", 60_000)));
    String run = host.create("gate", Map.of(), Map.of());
    host.drive(run);
    clock.advance(Duration.ofMinutes(2));
    host.drive(run);
    meters.answered(InterruptKind.LOW_CONFIDENCE, Duration.ofMinutes(3));

    assertThat(count("openwop.interrupt.requested", "openwop.interrupt_kind", "approval"))
        .isEqualTo(1);
    assertThat(times("openwop.interrupt.duration", "openwop.run_status", "timeout")).isEqualTo(1);
    // The protocol measures four kinds.
    assertThat(times("openwop.interrupt.duration", "openwop.interrupt_kind", "custom"))
        .isEqualTo(1);
  }

  @Test
  void byTheLimitsTheyBreak() {
    host.run(workflow("long").chain("core.noop", "a", "b"), Map.of("recursionLimit", 1))
        .is(RunStatus.FAILED);

    assertThat(count("openwop.cap.exceeded", "openwop.cap_kind", "node-executions")).isEqualTo(1);
  }

  @Test
  void byWhetherTheyWait() {
    host.register(workflow("quick").node("a", "core.noop"));
    assertThat(gauge("openwop.queue.depth")).isZero();
    assertThat(gauge("openwop.run.backlog")).isZero();

    String run = host.create("quick", Map.of(), Map.of());
    assertThat(gauge("openwop.queue.depth")).isEqualTo(1);
    assertThat(gauge("openwop.run.active")).isEqualTo(1);
    assertThat(gauge("openwop.run.backlog")).isPositive();
    host.drive(run);

    assertThat(gauge("openwop.queue.depth")).isZero();
    assertThat(gauge("openwop.run.active")).isZero();
    assertThat(gauge("openwop.run.backlog")).isZero();
  }

  @Test
  void atNoCostForWhoeverLooksOften() {
    AtomicInteger looks = new AtomicInteger();
    Recently<Queue> recently =
        new Recently<>(
            Duration.ofHours(1),
            new Queue(0, 0, 0),
            () -> new Queue(looks.incrementAndGet(), 0, 0));

    for (int i = 0; i < 100; i++) {
      assertThat(recently.get().due()).isEqualTo(1);
    }
    assertThat(looks).hasValue(1);
  }

  @Test
  void withoutTheirIdsAndWithoutANameForEachOfThem() {
    for (int i = 0; i < 1_000; i++) {
      meters.created(SampleRuns.TENANT, "run-" + i, "flow-" + i);
    }

    assertThat(registry.getMeters()).hasSizeLessThan(100);
    assertThat(registry.getMeters())
        .flatExtracting(meter -> meter.getId().getTags())
        .noneMatch(tag -> tag.getKey().contains("run_id"));
    assertThat(count("openwop.run.created", "openwop.workflow_id", "other")).isEqualTo(950);
  }

  private double count(String name, String tag, String value) {
    return registry.get(name).tag(tag, value).counters().stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  private long times(String name, String tag, String value) {
    return registry.get(name).tag(tag, value).timers().stream()
        .mapToLong(timer -> timer.count())
        .sum();
  }

  private double gauge(String name) {
    return registry.get(name).tag("openwop.tenant_id", "all").gauge().value();
  }
}
