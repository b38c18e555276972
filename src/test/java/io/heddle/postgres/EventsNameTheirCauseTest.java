package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An event may say which event of its log it is the consequence of. */
class EventsNameTheirCauseTest {

  @Test
  void withinOneStep() {
    Stores stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    Run run = SampleRuns.create(stores, "node-a");
    NewEvent cause = NewEvent.of(EventType.NODE_STARTED, "a", "{}");
    NewEvent effect = NewEvent.of(EventType.NODE_COMPLETED, "a", "{}").causedBy(cause.eventId());

    assertThat(
            stores
                .runs()
                .commit(
                    SampleRuns.step(
                        run, RunStatus.RUNNING, List.of(cause, effect), new Wakeup.KeepLease())))
        .isEqualTo(Step.Outcome.COMMITTED);

    assertThat(stores.runs().log(SampleRuns.TENANT, run.runId(), -1, 10).orElseThrow().events())
        .extracting(RunEvent::causationId)
        .containsExactly(null, cause.eventId());
  }
}
