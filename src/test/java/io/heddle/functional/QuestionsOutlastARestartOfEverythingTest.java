package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HostClient;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.HostCluster.Host;
import io.heddle.testkit.Stores;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** All hosts are killed and the database crashes while runs wait for people. */
@Timeout(180)
class QuestionsOutlastARestartOfEverythingTest {

  private static final Tenant TENANT = new Tenant("default");

  private static final String ACCEPT =
      Json.write(Json.members("resumeValue", Map.of("action", "accept")));

  @RegisterExtension static final HostCluster CLUSTER = HostCluster.of(2).onOwnServer();

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  @Test
  void theirTokensStayGoodAndTheirDeadlinesAreKept() {
    HostClient before = CLUSTER.host(0).client();
    before.put(workflow("patient").node("gate", "core.approvalGate"));
    before.put(
        workflow("hurried")
            .node("gate", "core.approvalGate", Map.of("timeoutMs", 4_000))
            .node("after", "core.noop")
            .edge("gate", "after"));
    String patient = before.create("patient", Map.of());
    String hurried = before.create("hurried", Map.of());
    String patientToken = token(before, patient);
    String hurriedToken = token(before, hurried);
    Instant deadline =
        stores
            .jdbc()
            .sql("select deadline from openwop.interrupt where run_id = :run")
            .param("run", hurried)
            .query(OffsetDateTime.class)
            .single()
            .toInstant();
    assertThat(before.replyToAnybody("GET", "/v1/interrupts/" + hurriedToken, null).status())
        .isEqualTo(200);

    CLUSTER.hosts().forEach(Host::killHard);
    CLUSTER.server().crash();
    await("the deadline to pass").until(() -> Instant.now().isAfter(deadline));
    CLUSTER.server().restart();
    CLUSTER.host(1).restart();

    HostClient after = CLUSTER.host(1).client();
    // Whether or not anybody has looked at the run since.
    assertThat(after.replyToAnybody("POST", "/v1/interrupts/" + hurriedToken, ACCEPT))
        .hasToString("410 interrupt_expired");
    assertThat(after.reply("POST", "/v1/runs/%s/interrupts/gate".formatted(hurried), ACCEPT))
        .hasToString("410 interrupt_expired");
    await("the deadline to be kept")
        .until(() -> stores.runs().find(TENANT, hurried).orElseThrow().endedAt() != null);
    assertThatRun(stores, TENANT, hurried).is(RunStatus.FAILED).hasSoundLog();
    assertThat(payloads(hurried, EventType.APPROVAL_RECEIVED))
        .singleElement()
        .satisfies(received -> assertThat(received).containsEntry("action", "timeout"));
    assertThat(payloads(hurried, EventType.INTERRUPT_RESOLVED))
        .singleElement()
        .satisfies(resolved -> assertThat(resolved).containsEntry("reason", "timeout"));

    assertThat(stores.runs().find(TENANT, patient).orElseThrow().status())
        .isEqualTo(RunStatus.WAITING_APPROVAL);
    CLUSTER.host(0).restart();
    HostClient other = CLUSTER.host(0).client();
    assertThat(other.replyToAnybody("POST", "/v1/interrupts/" + patientToken, ACCEPT).status())
        .isEqualTo(200);
    await("the end")
        .until(() -> stores.runs().find(TENANT, patient).orElseThrow().endedAt() != null);
    assertThatRun(stores, TENANT, patient).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(payloads(patient, EventType.INTERRUPT_REQUESTED)).hasSize(1);
    assertThat(payloads(patient, EventType.INTERRUPT_RESOLVED)).hasSize(1);
    assertThat(after.replyToAnybody("POST", "/v1/interrupts/" + patientToken, ACCEPT))
        .hasToString("409 interrupt_already_resolved");
  }

  private String token(HostClient client, String runId) {
    await("the question")
        .until(
            () ->
                stores.runs().find(TENANT, runId).orElseThrow().status()
                    == RunStatus.WAITING_APPROVAL);
    return (String)
        Json.object(client.read(runId).get("interrupt"), "/interrupt").get("interruptToken");
  }

  private List<Map<String, Object>> payloads(String runId, EventType type) {
    return stores.runs().log(TENANT, runId, -1, Integer.MAX_VALUE).orElseThrow().events().stream()
        .filter(event -> event.type() == type)
        .map(event -> Json.parseObject(event.payload()))
        .toList();
  }
}
