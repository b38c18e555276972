package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.Run;
import io.heddle.run.Step.Outcome;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node that does not know yet that it was fenced may take runs; they are not lost with it. */
class ARunLeasedWhileItsNodeWasFencedIsFoundTest {

  private Stores stores;

  @BeforeEach
  void open() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    stores.claims().register("alive", Duration.ofHours(1));
    stores.claims().register("fenced", Duration.ofHours(1));
    stores.claims().release("fenced");
  }

  @Test
  void byAcceptingOne() {
    Run accepted = SampleRuns.create(stores, "fenced");
    assertThat(stores.claims().claimDue("alive", 10)).isEmpty();

    assertThat(stores.claims().freeOrphans()).isEqualTo(1);

    assertThat(stores.claims().claimDue("alive", 10).stream().map(Run::runId))
        .containsExactly(accepted.runId());
    assertThat(stores.runs().commit(SampleRuns.completion(accepted))).isEqualTo(Outcome.FENCED);
  }

  @Test
  void byClaimingOne() {
    SampleRuns.create(stores, null);
    Run claimed = stores.claims().claimDue("fenced", 10).get(0);

    assertThat(stores.claims().freeOrphans()).isEqualTo(1);

    assertThat(stores.claims().claimDue("alive", 10).stream().map(Run::runId))
        .containsExactly(claimed.runId());
    assertThat(stores.runs().commit(SampleRuns.completion(claimed))).isEqualTo(Outcome.FENCED);
  }
}
