package io.heddle.postgres;

import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.SampleRuns.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.Amendment;
import io.heddle.run.Step;
import io.heddle.run.Step.Outcome;
import io.heddle.run.Wakeup;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever lost a run can neither append to its log nor change its row. */
class StaleEpochWritesNothingTest {

  private static final String NODE = "node-a";

  private static Database database;

  private static Stores stores;

  @BeforeAll
  static void open() {
    database = PostgresPerJvm.freshDatabase();
    stores = Stores.on(database.dataSource());
    stores.claims().register(NODE, Duration.ofHours(1));
  }

  @Test
  void afterAnotherNodeTookTheRun() {
    Run before = SampleRuns.create(stores, "node-that-died");
    stores.claims().freeOrphans();
    Run after = claim(before);

    refuses(before);

    assertThat(stores.runs().commit(SampleRuns.completion(after))).isEqualTo(Outcome.COMMITTED);
    refuses(before);
  }

  @Test
  void afterTheRunWasMadeDueAndNobodyHasTakenItYet() {
    Run before = SampleRuns.create(stores, "node-that-died");
    stores.claims().freeOrphans();

    refuses(before);
  }

  @Test
  void afterTheRunWasHandedBack() {
    Run before = SampleRuns.create(stores, NODE);
    stores.claims().handBack(NODE, before.runId(), before.leaseEpoch(), Duration.ofHours(1));

    refuses(before);
  }

  @Test
  void afterTheNodeLeft() {
    stores.claims().register("node-that-leaves", Duration.ofHours(1));
    Run before = SampleRuns.create(stores, "node-that-leaves");
    stores.claims().release("node-that-leaves");

    refuses(before);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void afterSomebodyElseChangedTheRun(int eventsOfTheChange) {
    Run before = SampleRuns.create(stores, NODE);
    stores
        .runs()
        .amend(
            TENANT,
            before.runId(),
            run ->
                Optional.of(
                    new Amendment(
                        SampleRuns.events(eventsOfTheChange),
                        eventsOfTheChange == 0 ? run.status() : RunStatus.RUNNING,
                        run.state(),
                        new Wakeup.At(Instant.now()))));

    refuses(before);
  }

  @Test
  void afterTheRunParkedAndWasTakenAgain() {
    Run started = SampleRuns.create(stores, NODE);
    Step park =
        SampleRuns.step(
            started, RunStatus.RUNNING, SampleRuns.events(1), new Wakeup.At(Instant.EPOCH));
    assertThat(stores.runs().commit(park)).isEqualTo(Outcome.COMMITTED);
    Run parked = SampleRuns.read(stores, started.runId());
    claim(parked);

    refuses(parked);
  }

  @Test
  void withAnEpochThatIsStillToCome() {
    Run run = SampleRuns.create(stores, NODE);
    Step early = SampleRuns.completion(run);

    refuses(
        new Step(
            early.tenant(),
            early.runId(),
            early.leaseEpoch() + 1,
            early.firstSequence(),
            early.signals(),
            early.events(),
            early.status(),
            early.state(),
            null,
            early.wakeup(),
            List.of()));
  }

  @Test
  void forAnotherTenant() {
    Run run = SampleRuns.create(stores, NODE);
    Step step = SampleRuns.completion(run);

    refuses(
        new Step(
            new Tenant("somebody-else"),
            step.runId(),
            step.leaseEpoch(),
            step.firstSequence(),
            step.signals(),
            step.events(),
            step.status(),
            step.state(),
            null,
            step.wakeup(),
            List.of()));
  }

  @Test
  void afterTheEnd() {
    Run run = SampleRuns.create(stores, NODE);
    assertThat(stores.runs().commit(SampleRuns.completion(run))).isEqualTo(Outcome.COMMITTED);
    Run ended = SampleRuns.read(stores, run.runId());

    refuses(SampleRuns.step(ended, 1));
    refuses(SampleRuns.step(ended, 0));
    refuses(
        SampleRuns.step(
            ended,
            RunStatus.FAILED,
            List.of(NewEvent.of(EventType.RUN_FAILED, null, "{}")),
            new Wakeup.Never()));
  }

  private static Run claim(Run run) {
    return stores.claims().claimDue(NODE, 100).stream()
        .filter(claimed -> claimed.runId().equals(run.runId()))
        .findFirst()
        .orElseThrow();
  }

  /** Every kind of step of somebody who read the run like this leaves no trace. */
  private static void refuses(Run stale) {
    refuses(SampleRuns.step(stale, 3));
    refuses(SampleRuns.step(stale, 0));
    refuses(SampleRuns.completion(stale));
    refuses(
        SampleRuns.step(
            stale, RunStatus.RUNNING, SampleRuns.events(1), new Wakeup.At(Instant.EPOCH)));
  }

  private static void refuses(Step step) {
    List<String> before = everythingAbout(step.runId());

    assertThat(stores.runs().commit(step)).isEqualTo(Outcome.FENCED);

    assertThat(everythingAbout(step.runId())).isEqualTo(before);
    assertThatRun(stores, TENANT, step.runId()).hasSoundLog();
  }

  private static List<String> everythingAbout(String runId) {
    return database
        .jdbc()
        .sql(
            """
            select run::text from openwop.run where run_id = :run
            union all
            select event::text from openwop.event where run_id = :run
            """)
        .param("run", runId)
        .query(String.class)
        .list();
  }
}
