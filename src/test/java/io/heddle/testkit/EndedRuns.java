package io.heddle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.Run;
import io.heddle.run.Step.Outcome;
import java.time.Duration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Runs that ended some time ago, by the database's clock. */
public final class EndedRuns {

  private EndedRuns() {}

  /** Stores a run with a log of two events that ended that long ago; returns its id. */
  public static String create(Stores stores, Duration ago) {
    Run run = SampleRuns.create(stores, "node");
    assertThat(stores.runs().commit(SampleRuns.step(run, 1))).isEqualTo(Outcome.COMMITTED);
    Run next = SampleRuns.read(stores, run.runId());
    assertThat(stores.runs().commit(SampleRuns.completion(next))).isEqualTo(Outcome.COMMITTED);
    age(stores.jdbc(), run.runId(), ago);
    return run.runId();
  }

  /** Lets a run that has ended look as if it had done so that long ago. */
  public static void age(JdbcClient jdbc, String runId, Duration ago) {
    int aged =
        jdbc.sql(
                """
                update openwop.run set ended_at = now() - :ago * interval '1 millisecond'
                where run_id = :run and ended_at is not null
                """)
            .param("ago", ago.toMillis())
            .param("run", runId)
            .update();
    assertThat(aged).isEqualTo(1);
  }
}
