package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.Ids;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.Child;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A parent waits for the runs of its step, so all of them must be there once it is stored. */
class AChildIsStoredWithItsParentsStepTest {

  @Test
  void evenIfItsWorkflowWasRegisteredAnewMeanwhile() {
    Stores stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    Run parent = SampleRuns.create(stores, "node-a");
    String tenant = SampleRuns.TENANT.id();
    stores.workflows().put(tenant, "child", "{\"seen\":true}", new byte[] {1}, "alice", true);
    stores.workflows().put(tenant, "child", "{\"newer\":true}", new byte[] {2}, "bob", true);

    assertThat(stores.runs().commit(starting(parent, childOf(parent, 1))))
        .isEqualTo(Step.Outcome.COMMITTED);

    assertThat(stores.runs().children(SampleRuns.TENANT, parent.runId(), 10))
        .extracting(Child::status)
        .containsExactly(RunStatus.PENDING);
  }

  private static NewRun childOf(Run parent, int revision) {
    return new NewRun(
        SampleRuns.TENANT,
        Ids.run(),
        SampleRuns.OWNER,
        new Run.WorkflowRef(SampleRuns.TENANT.id(), "child", revision),
        RunState.initial(Map.of(), Map.of()),
        Map.of(),
        Map.of(),
        null,
        null,
        null,
        null,
        new Run.Parent(parent.runId(), "call"),
        1,
        null);
  }

  private static Step starting(Run parent, NewRun child) {
    return new Step(
        parent.tenant(),
        parent.runId(),
        parent.leaseEpoch(),
        parent.nextSequence(),
        parent.signals(),
        SampleRuns.events(1),
        RunStatus.RUNNING,
        parent.state(),
        null,
        new Wakeup.KeepLease(),
        List.of(child));
  }
}
