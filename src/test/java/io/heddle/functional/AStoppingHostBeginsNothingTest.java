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
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A host that is about to stop ends the nodes in execution and leaves the rest to others. */
@Timeout(60)
class AStoppingHostBeginsNothingTest {

  private final AtomicBoolean leaving = new AtomicBoolean();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            InstantSource.system(),
            new NodeExecutor() {

              @Override
              public String typeId() {
                return "test.stop";
              }

              @Override
              public NodeResult execute(NodeContext context) {
                leaving.set(true);
                return NodeResult.completed();
              }
            });
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void theNodeInExecutionEndsAndTheNextIsStartedElsewhere() {
    String runId = create(workflow("w").chain("test.stop", "one", "two"));

    assertThat(host.driveWhile(runId, leaving::get)).isEmpty();

    host.assertThat(runId)
        .is(RunStatus.RUNNING)
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_STARTED one", "NODE_COMPLETED one");

    // Due at once, for anybody.
    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED one",
            "NODE_COMPLETED one",
            "NODE_STARTED two",
            "NODE_COMPLETED two",
            "RUN_COMPLETED");
  }

  @Test
  void aRunThatWasJustTakenIsHandedBack() {
    String runId = create(workflow("w").chain("core.noop", "one", "two"));

    assertThat(host.driveWhile(runId, () -> true)).isEmpty();

    host.assertThat(runId).log().reads("RUN_STARTED");
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  private String create(WorkflowBuilder workflow) {
    host.register(workflow);
    return host.create(workflow.id(), Map.of(), Map.of());
  }
}
