package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.heddle.engine.Limits;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.HeldNode;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SettableClock;
import io.heddle.workflow.InvalidWorkflowException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A call of an executor may take so long and no longer. */
@Timeout(60)
class AnExecutorThatNeverReturnsIsInterruptedTest {

  private final SettableClock clock = new SettableClock(Instant.now());

  private final HeldNode endless = new HeldNode();

  private final Deaf deaf = new Deaf();

  private HandDrivenHost host = open(Duration.ofHours(1));

  private HandDrivenHost open(Duration maxNodeDuration) {
    Limits wide = HandDrivenHost.WIDE;
    return new HandDrivenHost(
        PostgresPerJvm.freshDatabase(),
        new Limits(
            wide.maxNodeExecutions(),
            wide.maxRunDuration(),
            wide.retries(),
            wide.maxDepth(),
            wide.maxFanOut(),
            wide.maxLosses(),
            maxNodeDuration,
            wide.maxLoopIterations()),
        clock,
        endless,
        deaf);
  }

  @AfterEach
  void close() {
    deaf.first.countDown();
    host.close();
  }

  @Test
  void whenTheTimeOfTheNodeIsOver() throws InterruptedException {
    String runId =
        host.finish(workflow("e").node("endless", endless.typeId()).nodeTimeout(30).maxRetries(1));

    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError("heddle.node_timeout")
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED endless",
            "NODE_RETRIED endless",
            "NODE_STARTED endless",
            "NODE_FAILED endless",
            "RUN_FAILED");
    endless.awaitInterrupted();
  }

  @Test
  void whenTheTimeOfTheHostIsOver() {
    host.close();
    host = open(Duration.ofMillis(30));

    // Its own time cannot be longer than the host's, and none at all does not lift that.
    for (int timeout : new int[] {3_600_000, 0}) {
      String runId =
          host.finish(
              workflow("e" + timeout).node("endless", endless.typeId()).nodeTimeout(timeout));
      host.assertThat(runId).is(RunStatus.FAILED).hasError("heddle.node_timeout").hasSoundLog();
    }
  }

  @Test
  void whatItComesToAfterwardsIsNotTakenForTheNextAttempt() {
    String runId =
        host.finish(workflow("deaf").node("deaf", "test.deaf").nodeTimeout(2_000).maxRetries(1));

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(host.stores().runs().find(io.heddle.testkit.SampleRuns.TENANT, runId))
        .hasValueSatisfying(
            run ->
                assertThat(run.state().nodes().get("deaf").outputs()).containsEntry("attempt", 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "-1", "1.5"})
  void aTimeThatIsNoneIsRefused(String timeout) {
    Object value = timeout.equals("soon") ? timeout : Double.valueOf(timeout);

    assertThatExceptionOfType(InvalidWorkflowException.class)
        .isThrownBy(
            () -> host.register(workflow("w").node("endless", endless.typeId()).nodeTimeout(value)))
        .satisfies(
            refusal ->
                assertThat(refusal.faults())
                    .extracting(fault -> fault.pointer())
                    .containsExactly("/nodes/0/settings/timeoutMs"));
  }

  /** Its first attempt ends while the second is at work, interrupted or not. */
  private static final class Deaf implements NodeExecutor {

    private final CountDownLatch first = new CountDownLatch(1);

    private final CountDownLatch firstEnded = new CountDownLatch(1);

    @Override
    public String typeId() {
      return "test.deaf";
    }

    @Override
    public NodeResult execute(NodeContext context) throws InterruptedException {
      if (context.attempt() == 0) {
        while (true) {
          try {
            first.await();
            break;
          } catch (InterruptedException e) {
            // Goes on as if nothing had happened.
          }
        }
        firstEnded.countDown();
      } else {
        first.countDown();
        if (!firstEnded.await(1, TimeUnit.SECONDS)) {
          throw new IllegalStateException("The first attempt goes on");
        }
      }
      return NodeResult.completed(Map.of("attempt", context.attempt()));
    }
  }
}
