package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.node.GovernanceGateNode;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.postgres.DenialSql;
import io.heddle.run.Denials;
import io.heddle.run.Denials.Denial;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A run's log tells what was denied about it, and grows by that no further than it may. */
class RunsTellWhomTheyWereDeniedToTest {

  private HandDrivenHost host;

  private Denials denials;

  private InterruptService interrupts;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            new SettableClock(Instant.now()),
            new GovernanceGateNode());
    denials = new Denials(host.stores().runs(), new DenialSql(host.stores().jdbc()), runId -> {});
    interrupts =
        new InterruptService(host.stores().runs(), host.stores().interrupts(), Set.of("admin"));
    host.register(
        workflow("gated")
            .node("before", "core.noop")
            .node("gate", GovernanceGateNode.TYPE, Map.of("requiredRole", "admin"))
            .node("after", "core.noop")
            .edge("before", "gate")
            .edge("gate", "after"));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void oncePerPrincipalActionAndResource() {
    String run = waiting();
    for (int i = 0; i < 3; i++) {
      deny(run, "eve", "runs:cancel");
      deny(run, "eve", "runs:read");
      deny(run, "mallory", "runs:cancel");
    }

    assertThat(told(run)).hasSize(3);
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(Json.parseObject(told(run).get(0).payload()))
        .isEqualTo(
            Map.of(
                "principal",
                "eve",
                "action",
                "runs:cancel",
                "resource",
                run,
                "allowed",
                false,
                "reason",
                "no such scope"));
  }

  @Test
  void andNoMoreThanSoManyOfThemAllAtOnce() throws Exception {
    String run = waiting();

    AtOnce.call(
        20,
        caller -> {
          for (int i = 0; i < 5; i++) {
            deny(run, "p-%d-%d".formatted(caller, i), "runs:cancel");
          }
          return caller;
        });

    assertThat(told(run)).hasSize(Denials.MOST);
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
  }

  @Test
  void butNeitherBeforeItBeginsNorAfterItsEndNorToOthers() {
    String pending = host.create("gated", Map.of(), Map.of());
    deny(pending, "eve", "runs:cancel");
    assertThat(log(pending)).isEmpty();
    host.drive(pending);
    denials.record(
        new Tenant("globex"), pending, new Denial("eve", "runs:cancel", pending, "other"));
    assertThat(told(pending)).isEmpty();

    grant(pending);
    host.drive(pending);
    deny(pending, "eve", "runs:cancel");
    deny("no-such-run", "eve", "runs:cancel");
    deny("' or 1=1", "eve", "runs:cancel");

    assertThat(told(pending)).isEmpty();
    host.assertThat(pending).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void whileSomebodyExecutesIt() {
    String run = waiting();
    grant(run);

    host.driveAfter(run, () -> deny(run, "eve", "runs:cancel"));

    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(told(run)).hasSize(1);
  }

  @Test
  void andReplaysTellItWhereverItCame() {
    String run = waiting();
    deny(run, "eve", "approvals:respond");
    grant(run);
    host.driveAfter(run, () -> deny(run, "eve", "runs:cancel"));
    host.assertThat(run).is(RunStatus.COMPLETED);

    for (int from = 0; from < log(run).size(); from++) {
      String replay = host.replay(run, from);
      host.drive(replay);
      host.assertThat(replay).is(RunStatus.COMPLETED).hasSoundLog();
      if (from == 0) {
        assertThat(lines(replay)).isEqualTo(lines(run));
      }
    }
  }

  @Test
  void andBranchesGoOnBehindIt() {
    String run = waiting();
    deny(run, "eve", "approvals:respond");
    grant(run);
    host.drive(run);
    long denied = told(run).get(0).sequence();

    String branch = host.branch(run, denied + 1, null);
    host.drive(branch);

    host.assertThat(branch).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(told(branch)).hasSize(1);
    grant(branch);
    host.drive(branch);
    host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
  }

  private String waiting() {
    String run = host.create("gated", Map.of(), Map.of());
    host.drive(run);
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL);
    return run;
  }

  private void deny(String run, String principal, String action) {
    denials.record(SampleRuns.TENANT, run, new Denial(principal, action, run, "no such scope"));
  }

  private void grant(String run) {
    assertThat(
            interrupts.resolve(
                SampleRuns.TENANT,
                run,
                "gate",
                new Given(
                    Json.parse("{\"decision\": \"granted\"}"),
                    new Answerer("ada", Set.of(), Set.of("admin"), Set.of()),
                    List.of())))
        .isInstanceOf(Outcome.Resolved.class);
  }

  private List<RunEvent> told(String run) {
    return log(run).stream()
        .filter(event -> event.type() == EventType.AUTHORIZATION_DECIDED)
        .toList();
  }

  private List<RunEvent> log(String run) {
    return host.stores().runs().log(SampleRuns.TENANT, run, -1, 1_000).orElseThrow().events();
  }

  private List<String> lines(String run) {
    return log(run).stream()
        .map(event -> event.type() + " " + event.nodeId() + " " + event.payload())
        .toList();
  }
}
