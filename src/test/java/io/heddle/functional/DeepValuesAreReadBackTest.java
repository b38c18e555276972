package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whatever is accepted from a node can be read again, by whoever takes the run next. */
class DeepValuesAreReadBackTest {

  @Test
  void afterASleep() {
    SettableClock clock = new SettableClock(Instant.now());
    try (HandDrivenHost host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, new Deep())) {
      host.register(
          workflow("deep")
              .node("deep", "test.deep")
              .node("sleep", "core.delay", Map.of("ms", 3_600_000))
              .edge("deep", "sleep"));
      String runId = host.create("deep", Map.of(), Map.of());
      host.drive(runId);
      assertThat(SampleRuns.read(host.stores(), runId).state().nodes().get("deep").outputs())
          .isEqualTo(Deep.outputs());

      clock.advance(Duration.ofHours(2));
      host.drive(runId);

      host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    }
  }

  private record Deep() implements NodeExecutor {

    /** As deep as any value may be. */
    static Map<String, Object> outputs() {
      Object value = 1;
      for (int depth = 1; depth < Json.MAX_DEPTH; depth++) {
        value = List.of(value);
      }
      return Map.of("value", value);
    }

    @Override
    public String typeId() {
      return "test.deep";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.completed(outputs());
    }
  }
}
