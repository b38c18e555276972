package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one branch has done and waits for is kept, however long another branch takes. */
@Timeout(60)
class AFinishedNodeIsOnTheLogWhileOthersStillRunTest {

  private final Slow slow = new Slow();

  private final ExecutorService threads = Executors.newSingleThreadExecutor();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            InstantSource.system(),
            slow,
            new Fast(),
            new Napping());
  }

  @AfterEach
  void close() {
    slow.end.countDown();
    threads.shutdownNow();
    host.close();
  }

  @Test
  void itsOutcomeIsTold() throws Exception {
    host.register(workflow("branches").node("slow", "test.slow").node("fast", "test.fast"));
    String runId = host.create("branches", Map.of(), Map.of());
    Future<?> driving = threads.submit(() -> host.drive(runId));

    await("the fast branch to be told")
        .until(() -> SampleRuns.read(host.stores(), runId).nextSequence() == 4);
    host.assertThat(runId)
        .hasSoundLog()
        .log()
        .reads("RUN_STARTED", "NODE_STARTED slow", "NODE_STARTED fast", "NODE_COMPLETED fast");

    slow.end.countDown();
    driving.get();
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void itsDeadlineIsKept() {
    host.register(workflow("branches").node("slow", "test.slow").node("nap", "test.napping"));
    String runId = host.create("branches", Map.of(), Map.of());
    threads.submit(() -> host.drive(runId));

    await("the nap to be stored").until(() -> progress(runId, "nap") == Progress.PARKED);

    NodeState nap = SampleRuns.read(host.stores(), runId).state().nodes().get("nap");
    assertThat(nap.until()).isNotNull();
    assertThat(nap.memo()).isEqualTo(Map.of("dream", "sheep"));
  }

  private Progress progress(String runId, String nodeId) {
    NodeState node = SampleRuns.read(host.stores(), runId).state().nodes().get(nodeId);
    return node == null ? null : node.progress();
  }

  private static final class Slow implements NodeExecutor {

    private final CountDownLatch end = new CountDownLatch(1);

    @Override
    public String typeId() {
      return "test.slow";
    }

    @Override
    public NodeResult execute(NodeContext context) throws InterruptedException {
      end.await();
      return NodeResult.completed();
    }
  }

  private record Fast() implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.fast";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.completed();
    }
  }

  private record Napping() implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.napping";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return new NodeResult.Parked(Duration.ofHours(1), Map.of("dream", "sheep"));
    }
  }
}
