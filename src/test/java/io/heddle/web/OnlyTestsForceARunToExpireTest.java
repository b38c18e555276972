package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(TestHost.Shared.class)
class OnlyTestsForceARunToExpireTest {

  private final TestHost host;

  OnlyTestsForceARunToExpireTest(TestHost host) {
    this.host = host;
  }

  @Test
  void aRunThatWasJustCreatedExpiresWhenItHasEnded() {
    String run = host.as(Key.GLOBEX).startRun("conformance-noop");

    Answer answer = force(run);

    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.body()).isEmpty();
    assertThat(host.as(Key.GLOBEX).get("/v1/runs/" + run).status()).isEqualTo(410);
    Envelope.assertRefused(force(run), 404, "not_found");
  }

  @Test
  void theEndOfARunIsWaitedFor() {
    String run = host.as(Key.ACME).startRun("conformance-cancellable");

    CompletableFuture<Answer> forced = host.anonymous().sendAsync("POST", path(run), null);
    host.as(Key.ACME).post("/v1/runs/%s/cancel".formatted(run), "{}");

    assertThat(forced.join().status()).isEqualTo(204);
  }

  @Test
  void aRunThatAnotherOneNeedsStays() {
    String parent = host.as(Key.ACME).startRun("conformance-cancellable");
    String child = host.as(Key.ACME).startRun("conformance-noop");
    host.as(Key.ACME).log(child);
    host.database()
        .sql("update openwop.run set parent_run_id = :parent where run_id = :child")
        .param("parent", parent)
        .param("child", child)
        .update();

    Answer refused = force(child);

    Envelope.assertRefused(refused, 409, "run_state_conflict");
    assertThat(refused.json().at("/details/runStatus").asString()).isEqualTo("completed");
    host.as(Key.ACME).post("/v1/runs/%s/cancel".formatted(parent), "{}");
    assertThat(host.as(Key.ACME).status(child)).isEqualTo("completed");
  }

  @Test
  void aRunOfATenantsOwnWorkflowIsUnknownToIt() {
    String workflow = "acmes-own-and-kept";
    host.as(Key.ACME).register(workflow, Definitions.chain(workflow, Definitions.noop("a")));
    String run = host.as(Key.ACME).startRun(workflow);
    host.as(Key.ACME).log(run);

    Answer known = force(run);

    Envelope.assertRefused(known, 404, "not_found");
    assertThat(known.comparable()).isEqualTo(force("run-00000000000000000000000000").comparable());
    assertThat(host.as(Key.ACME).status(run)).isEqualTo("completed");
  }

  @Test
  void aTenantsNamesakeOfAConformanceWorkflowIsItsOwn() {
    // Offered workflows cannot be replaced, so only the database could make one.
    String run = host.as(Key.ACME).startRun("conformance-noop");
    host.as(Key.ACME).log(run);
    host.database()
        .sql("update openwop.run set workflow_scope = 'acme' where run_id = :run")
        .param("run", run)
        .update();

    Envelope.assertRefused(force(run), 404, "not_found");

    host.database()
        .sql("update openwop.run set workflow_scope = '*' where run_id = :run")
        .param("run", run)
        .update();
    assertThat(force(run).status()).isEqualTo(204);
  }

  @ParameterizedTest
  @ValueSource(strings = {"~", "a'b", "%00", "%0a", "*", "..%2f..%2fruns", "%ff"})
  void nonsenseIsRefused(String runId) {
    Answer answer = force(runId);

    assertThat(answer.status()).isIn(400, 401, 404);
    Envelope.assertRefused(answer, answer.status(), null);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "PUT", "DELETE", "PATCH"})
  void nothingElseIsServedThere(String method) {
    String run = host.as(Key.ACME).startRun("conformance-noop");
    host.as(Key.ACME).log(run);

    Envelope.assertRefused(
        host.anonymous().send(method, path(run), null), 405, "method_not_allowed");

    assertThat(host.as(Key.ACME).status(run)).isEqualTo("completed");
  }

  @Test
  void aProductionHostHasNoSuchPathAndNoClaim() {
    String url = host.createDatabase("of_a_host_in_production");
    try (TestHost production =
        TestHost.start("--spring.datasource.url=" + url, "--openwop.conformance.enabled=false")) {
      String workflow = "production";
      production
          .as(Key.ACME)
          .register(workflow, Definitions.chain(workflow, Definitions.noop("a")));
      String run = production.as(Key.ACME).startRun(workflow);
      production.as(Key.ACME).log(run);

      Envelope.assertRefused(production.anonymous().post(path(run), ""), 401, "unauthenticated");
      Envelope.assertRefused(production.as(Key.ACME).post(path(run), ""), 404, "not_found");

      assertThat(production.as(Key.ACME).status(run)).isEqualTo("completed");
      assertThat(
              production
                  .anonymous()
                  .get("/.well-known/openwop")
                  .json()
                  .at("/production/retention/testForceExpire")
                  .asBoolean(false))
          .isFalse();
    }
  }

  private Answer force(String runId) {
    return host.anonymous().send("POST", path(runId), null);
  }

  private static String path(String runId) {
    return "/v1/host/heddle/test/runs/%s/expire".formatted(runId);
  }
}
