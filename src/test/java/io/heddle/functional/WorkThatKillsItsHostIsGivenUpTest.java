package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.WorkflowBuilder;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node over which process after process dies is started so often and no oftener. */
@Timeout(60)
class WorkThatKillsItsHostIsGivenUpTest {

  private static final int LOSSES = HandDrivenHost.WIDE.maxLosses();

  private final Deadly deadly = new Deadly("test.deadly", false);

  private final Deadly pure = new Deadly("test.deadly-pure", true);

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            InstantSource.system(),
            deadly,
            pure);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void theNodeFailsAndTheRunWithIt() {
    String runId = create(workflow("deadly").node("deadly", "test.deadly").maxRetries(50));
    for (int i = 0; i < LOSSES; i++) {
      host.driveUntilKilled(runId);
      host.beFoundDead();
    }

    host.drive(runId);

    assertThat(deadly.calls).hasValue(LOSSES);
    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError("heddle.host_lost")
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED deadly",
            "NODE_STARTED deadly",
            "NODE_STARTED deadly",
            "NODE_FAILED deadly",
            "RUN_FAILED");
  }

  @Test
  void edgesThatAwaitAFailureAreFollowed() {
    String runId =
        create(
            workflow("rescued")
                .node("deadly", "test.deadly")
                .node("rescue", "core.noop")
                .edge("deadly", "rescue", "any_failed"));
    for (int i = 0; i < LOSSES; i++) {
      host.driveUntilKilled(runId);
      host.beFoundDead();
    }

    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED deadly",
            "NODE_STARTED deadly",
            "NODE_STARTED deadly",
            "NODE_FAILED deadly",
            "NODE_STARTED rescue",
            "NODE_COMPLETED rescue",
            "RUN_COMPLETED");
  }

  @Test
  void oneProcessFewerIsNotEnough() {
    String runId = create(workflow("survivor").node("deadly", "test.deadly"));
    for (int i = 0; i < LOSSES - 1; i++) {
      host.driveUntilKilled(runId);
      host.beFoundDead();
    }
    deadly.spare = true;

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(deadly.calls).hasValue(LOSSES);
  }

  @Test
  void hostsThatStopInOrderAreNotBlamedOnTheNode() {
    String runId = create(workflow("patient").node("deadly", "test.deadly"));
    for (int i = 0; i < 3 * LOSSES; i++) {
      host.driveUntilKilled(runId);
      host.leaveInOrder();
    }
    deadly.spare = true;

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void whatLeavesNoTraceBeforeItKillsIsGivenUpToo() {
    // The start of a pure node is told together with its outcome, if there is one.
    String runId = create(workflow("pure").node("deadly", "test.deadly-pure"));
    for (int i = 0; i < LOSSES; i++) {
      host.driveUntilKilled(runId);
      host.beFoundDead();
    }

    host.drive(runId);

    assertThat(pure.calls).hasValue(LOSSES);
    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError("heddle.host_lost")
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "RUN_FAILED");
  }

  private String create(WorkflowBuilder workflow) {
    host.register(workflow);
    return host.create(workflow.id(), Map.of(), Map.of());
  }

  /** Takes the thread that drives the run with it, as a dying process would. */
  private static final class Deadly implements NodeExecutor {

    private final String typeId;

    private final boolean pure;

    private final Thread driver = Thread.currentThread();

    private final AtomicInteger calls = new AtomicInteger();

    private volatile boolean spare;

    Deadly(String typeId, boolean pure) {
      this.typeId = typeId;
      this.pure = pure;
    }

    @Override
    public String typeId() {
      return typeId;
    }

    @Override
    public boolean pure() {
      return pure;
    }

    @Override
    public @Nullable NodeResult execute(NodeContext context) throws InterruptedException {
      calls.incrementAndGet();
      if (spare) {
        return NodeResult.completed();
      }
      Objects.requireNonNull(driver).interrupt();
      new CountDownLatch(1).await();
      return null;
    }
  }
}
