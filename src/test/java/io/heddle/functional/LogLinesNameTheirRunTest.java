package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** Whatever is logged for a run can be found by the run and by the trace of its creator. */
class LogLinesNameTheirRunTest {

  private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

  private final ScriptedNode acting = ScriptedNode.acting("test.acting");

  private final ScriptedNode pure = ScriptedNode.pure("test.pure");

  private final List<Map<String, String>> seen = new CopyOnWriteArrayList<>();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            new SettableClock(Instant.now()),
            acting,
            pure);
    acting.does(this::look);
    pure.does(this::look);
    host.register(
        workflow("two")
            .node("first", "test.pure")
            .node("second", "test.acting")
            .edge("first", "second"));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void andItsTraceOnWhicheverHostAndThread() {
    String runId = host.create("two", Map.of(), Map.of());
    host.stores()
        .jdbc()
        .sql("update openwop.run set trace_parent = :trace")
        .param("trace", "00-" + TRACE_ID + "-b7ad6b7169203331-01")
        .update();
    host.driveUntilCommits(runId, 1);
    host.die();

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED);
    assertThat(seen)
        .hasSizeGreaterThan(1)
        .allSatisfy(
            context ->
                assertThat(context)
                    .containsEntry("runId", runId)
                    .containsEntry("traceId", TRACE_ID));
  }

  @Test
  void andLeavesNothingBehindOnThreadsThatAreUsedAgain() {
    MDC.put("mine", "stays");
    try {
      host.drive(host.create("two", Map.of(), Map.of()));

      assertThat(MDC.getCopyOfContextMap()).containsExactly(Map.entry("mine", "stays"));
      assertThat(seen)
          .hasSize(2)
          .allSatisfy(context -> assertThat(context).doesNotContainKey("traceId"));
    } finally {
      MDC.clear();
    }
  }

  private NodeResult look(NodeContext context) {
    seen.add(MDC.getCopyOfContextMap());
    return NodeResult.completed();
  }
}
