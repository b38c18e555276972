package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.effect.Execution;
import io.heddle.effect.LogicalEffect;
import io.heddle.tenancy.Tenant;
import io.heddle.web.TestHost.Key;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What a test deployment tells of executors that reach one effect is what happened. */
@ExtendWith(TestHost.Shared.class)
class ExecutorsRaceForAnEffectTest {

  private static final String SEAM = "/v1/host/sample/test/idempotency/concurrent-claim";

  private final TestHost host;

  private final Caller acme;

  ExecutorsRaceForAnEffectTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 5, 8})
  void oneDelivers(int executors) {
    Answer answer = acme.post(SEAM, "{\"executors\": %d}".formatted(executors));

    assertThat(answer.status()).isEqualTo(200);
    JsonNode told = answer.json();
    assertThat(told.propertyNames())
        .containsExactlyInAnyOrder("logicalInvocationId", "mintedIds", "attempted", "delivered");
    String id = told.get("logicalInvocationId").asString();
    assertThat(told.get("mintedIds").valueStream().map(JsonNode::asString))
        .hasSize(executors)
        .containsOnly(id);
    assertThat(told.get("attempted").asInt()).isEqualTo(executors);
    assertThat(told.get("delivered").asInt()).isEqualTo(1);

    Map<String, Object> stored = stored(id);
    assertThat(stored).containsEntry("tenant_id", "acme").containsEntry("status", "DONE");
    String run = (String) stored.get("run_id");
    assertThat(stored.get("outcome")).hasToString("{\"delivery\":1}");
    assertThat(
            LogicalEffect.of(
                    new Execution(
                        new Tenant("acme"), run, 1, (String) stored.get("node_id"), 0, 0, 0),
                    0,
                    (String) stored.get("provider_key"))
                .invocationId())
        .isEqualTo(id);
    // The run that they are executors of is a run like any other.
    assertThat(acme.types(run))
        .containsExactly("run.started", "node.started", "node.completed", "run.completed");
    assertThat(host.as(Key.GLOBEX).get("/v1/runs/" + run).status()).isEqualTo(404);
  }

  @Test
  void eachRaceIsForAnEffectOfItsOwn() {
    String first =
        acme.post(SEAM, "{\"executors\": 2}").json().get("logicalInvocationId").asString();
    String second =
        acme.post(SEAM, "{\"executors\": 2}").json().get("logicalInvocationId").asString();

    assertThat(first).isNotEqualTo(second);
  }

  @Test
  void whatItCannotDoIsRefused() {
    long before = host.runs();
    for (String body :
        List.of(
            "{}",
            "{\"executors\": 1}",
            "{\"executors\": 9}",
            "{\"executors\": 2.5}",
            "{\"executors\": \"2\"}",
            "{\"executors\": null}",
            "[]",
            "x")) {
      Envelope.assertRefused(acme.post(SEAM, body), 400, "validation_error");
    }
    Envelope.assertRefused(
        host.anonymous().post(SEAM, "{\"executors\": 2}"), 401, "unauthenticated");
    Envelope.assertRefused(
        host.as(Key.POWERLESS).post(SEAM, "{\"executors\": 2}"), 403, "forbidden");
    assertThat(host.runs()).isEqualTo(before);
  }

  @Test
  void onlyADeploymentForTestsHasIt(@TempDir Path directory) {
    try (TestHost production =
        TestHost.start(
            "--openwop.conformance.enabled=false",
            "--spring.datasource.url=",
            "--openwop.embedded-postgres.directory=" + directory)) {
      Envelope.assertRefused(
          production.as(Key.ACME).post(SEAM, "{\"executors\": 2}"), 404, "not_found");
      assertThat(production.runs()).isZero();
    }
  }

  private Map<String, Object> stored(String invocationId) {
    return host.database()
        .sql(
            """
            select tenant_id, run_id, node_id, provider_key, status, outcome
            from openwop.effect where invocation_id = ?
            """)
        .param(invocationId)
        .query()
        .singleRow();
  }
}
