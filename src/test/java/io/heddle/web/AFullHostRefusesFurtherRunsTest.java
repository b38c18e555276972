package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.web.TestHost.Key;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs wait for a slot up to a number, and no tenant has more slots than it may. */
@Timeout(180)
@ExtendWith(TestHost.Shared.class)
class AFullHostRefusesFurtherRunsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private static final String GATED = "gated";

  private static final String RUN = "{\"workflowId\": \"gated\"}";

  @Test
  void whenTheQueueIsAsLongAsItMayBe(TestHost shared) throws InterruptedException {
    try (TestHost host =
        TestHost.start(
            "--spring.datasource.url=" + shared.createDatabase("of_a_full_host"),
            "--openwop.claim.slots=1",
            "--openwop.limits.max-waiting-runs=2",
            "--openwop.retry-after=3s")) {
      Caller acme = acme(host);
      String executed = acme.startRun(GATED);
      host.gate().awaitReached(executed, "gate");
      String second = acme.startRun(GATED);
      String third = acme.startRun(GATED);

      Answer refused = acme.post("/v1/runs", RUN, "Idempotency-Key", "again");

      Envelope.assertRefused(refused, 503, "service_unavailable");
      assertThat(refused.header("retry-after")).isEqualTo("3");
      assertThat(refused.json().get("details").get("retryAfter").asInt()).isEqualTo(3);
      assertThat(host.runs()).isEqualTo(3);
      assertThat(acme.status(second)).isEqualTo("pending");

      host.gate().open(executed, "gate");

      // The refusal was not recorded under the key: the same request is judged anew.
      await()
          .atMost(PATIENCE)
          .until(() -> acme.post("/v1/runs", RUN, "Idempotency-Key", "again").status() == 201);
      host.gate().openAll();
      host.gate().open(second, "gate");
      host.gate().open(third, "gate");
      assertThat(acme.types(third)).endsWith("run.completed");
      host.gate().openAll();
    }
  }

  @Test
  void oneTenantLeavesSlotsToTheOthers(TestHost shared) throws InterruptedException {
    try (TestHost host =
        TestHost.start(
            "--spring.datasource.url=" + shared.createDatabase("of_a_shared_host"),
            "--openwop.claim.slots-per-tenant=1",
            "--openwop.claim.poll=100ms")) {
      Caller acme = acme(host);
      Caller globex = host.as(Key.GLOBEX);
      String executed = acme.startRun(GATED);
      host.gate().awaitReached(executed, "gate");
      String waiting = acme.startRun(GATED);

      // Executed at once, though somebody else's run has waited for longer.
      assertThat(globex.types(globex.startRun("conformance-noop"))).endsWith("run.completed");
      assertThat(acme.status(waiting)).isEqualTo("pending");

      host.gate().open(executed, "gate");

      host.gate().awaitReached(waiting, "gate");
      host.gate().open(waiting, "gate");
      assertThat(acme.types(waiting)).endsWith("run.completed");
    }
  }

  private static Caller acme(TestHost host) {
    Caller acme = host.as(Key.ACME);
    acme.register(GATED, Definitions.chain(GATED, Definitions.gate("gate")));
    return acme;
  }
}
