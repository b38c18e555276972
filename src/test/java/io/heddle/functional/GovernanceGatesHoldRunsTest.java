package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.engine.node.GovernanceGateNode;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunService;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.workflow.InvalidWorkflowException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A governance gate lets a run go on once those have granted it who may, and never otherwise. */
class GovernanceGatesHoldRunsTest {

  private static final Map<String, Object> BY_ADMINS = Map.of("requiredRole", "admin");

  private static final Map<String, Object> BY_TWO = Map.of("requiredRole", "admin", "quorum", 2);

  private static final Map<String, Object> GRANT = Map.of("decision", "granted");

  private static final Map<String, Object> REJECT = Map.of("decision", "rejected");

  private static final Map<String, Object> OVERRIDE =
      Map.of("decision", "granted", "override", true, "reason", "nobody is there");

  private static final Answerer ADA = admin("ada");

  private static final Answerer BOB = admin("bob");

  private static final Answerer OWNER = of("olga", Set.of("owner"), Set.of());

  private final SettableClock clock = new SettableClock(Instant.now());

  private HandDrivenHost host;

  private RunService service;

  private InterruptService interrupts;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, new GovernanceGateNode());
    service = new RunService(host.stores().runs(), new NoSlots(), it -> {});
    interrupts =
        new InterruptService(
            host.stores().runs(), host.stores().interrupts(), Set.of("admin", "owner"));
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void aGrantReleasesIt() {
    String run = start(publishing(BY_ADMINS));
    host.assertThat(run)
        .is(RunStatus.WAITING_APPROVAL)
        .hasSoundLog()
        .log()
        .readsOf(
            "gate",
            EventType.NODE_STARTED,
            EventType.INTERRUPT_REQUESTED,
            EventType.NODE_SUSPENDED);
    assertThat(Json.object(payload(run, EventType.INTERRUPT_REQUESTED).get("data"), ""))
        .containsEntry("gateId", "gate")
        .containsEntry("requiredRole", "admin")
        .containsEntry("actions", List.of("accept", "reject"))
        .containsKeys("artifactId", "artifactType", "title");

    assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Resolved.class);
    assertThat(say(run, BOB, GRANT)).isInstanceOf(Outcome.AlreadyResolved.class);
    host.drive(run);

    host.assertThat(run)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .readsOf(
            "gate",
            EventType.NODE_STARTED,
            EventType.INTERRUPT_REQUESTED,
            EventType.NODE_SUSPENDED,
            EventType.APPROVAL_GRANTED,
            EventType.INTERRUPT_RESOLVED,
            EventType.NODE_RESUMED,
            EventType.NODE_COMPLETED);
    assertThat(payload(run, EventType.APPROVAL_GRANTED))
        .isEqualTo(Map.of("gateId", "gate", "principal", "ada"));
    assertThat(payload(run, EventType.INTERRUPT_RESOLVED))
        .containsEntry("outcome", "granted")
        .containsEntry("resolvedBy", "ada");
    assertThat(outputs(run)).containsEntry("decision", "granted").containsEntry("decidedBy", "ada");
    assertThat(progress(run, "publish")).isEqualTo(Progress.COMPLETED);
  }

  @Test
  void nobodyElseDoes() {
    String run = start(publishing(Map.of("requiredRole", "admin", "requiredScope", "deploy:go")));
    List<Answerer> others =
        List.of(
            Answerer.of("nobody"),
            Answerer.of("admin"),
            admin("ada"),
            of("scoped", Set.of(), Set.of("deploy:go")),
            of("other", Set.of("owner", "Admin", "admin "), Set.of("deploy:go", "*")),
            of("grouped", Set.of(), Set.of("deploy:go", "admin")));
    for (Answerer other : others) {
      for (Object word : List.of(GRANT, REJECT, OVERRIDE, Map.of(), "granted")) {
        assertThat(say(run, other, word))
            .as("%s %s", other, word)
            .isInstanceOf(Outcome.Denied.class);
      }
    }
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(votes()).isZero();

    assertThat(say(run, of("both", Set.of("admin"), Set.of("deploy:go")), GRANT))
        .isInstanceOf(Outcome.Resolved.class);
  }

  @Test
  void aRoleThatTheHostDoesNotKnowIsNobodys() {
    String run = start(publishing(Map.of("requiredRole", "stranger")));

    assertThat(say(run, of("sam", Set.of("stranger"), Set.of()), GRANT))
        .isInstanceOf(Outcome.Denied.class);
    InterruptService forgetful =
        new InterruptService(host.stores().runs(), host.stores().interrupts());
    String other = start(publishing(BY_ADMINS));
    assertThat(
            forgetful.resolve(SampleRuns.TENANT, other, "gate", new Given(GRANT, ADA, List.of())))
        .isInstanceOf(Outcome.Denied.class);
  }

  @Test
  void aScopeIsEnoughWhereNoRoleIsAskedFor() {
    String run = start(publishing(Map.of("requiredScope", "deploy:promote")));

    assertThat(say(run, of("ada", Set.of("admin"), Set.of("deploy:*", "*")), GRANT))
        .isInstanceOf(Outcome.Denied.class);
    assertThat(say(run, of("eve", Set.of(), Set.of("deploy:promote")), GRANT))
        .isInstanceOf(Outcome.Resolved.class);
  }

  @Test
  void itIsOpenedByNobodyOfAnotherTenant() {
    String run = start(publishing(BY_ADMINS));

    assertThat(
            interrupts.resolve(new Tenant("globex"), run, "gate", new Given(GRANT, ADA, List.of())))
        .isInstanceOf(Outcome.NoSuchRun.class);
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL);
  }

  @Test
  void aQuorumTakesDifferentPrincipals() {
    String run = start(publishing(BY_TWO));

    assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Kept.class);
    // By another of her keys, say; and a change of mind is no other voice.
    assertThat(say(run, admin("ada"), GRANT)).isInstanceOf(Outcome.Kept.class);
    assertThat(say(run, admin("ada"), REJECT)).isInstanceOf(Outcome.Kept.class);
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(payload(run, EventType.APPROVAL_GRANTED))
        .isEqualTo(
            Map.of(
                "gateId",
                "gate",
                "principal",
                "ada",
                "quorumProgress",
                Map.of("granted", 1, "required", 2)));

    assertThat(say(run, BOB, GRANT)).isInstanceOf(Outcome.Resolved.class);
    host.drive(run);

    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(payloads(run, EventType.APPROVAL_GRANTED))
        .extracting(it -> it.get("quorumProgress"))
        .containsExactly(Map.of("granted", 1, "required", 2), Map.of("granted", 2, "required", 2));
    assertThat(
            host.stores()
                .jdbc()
                .sql("select eligible_by from openwop.interrupt_vote order by voter")
                .query(String.class)
                .list())
        .containsExactly("role:admin", "role:admin");
  }

  @Test
  void oneRejectionRejectsAndEndsNoRun() {
    String run = start(publishing(BY_TWO));
    say(run, ADA, GRANT);

    assertThat(say(run, BOB, Map.of("decision", "rejected", "reason", "not yet")))
        .isInstanceOf(Outcome.Resolved.class);
    host.drive(run);

    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(payload(run, EventType.APPROVAL_REJECTED))
        .isEqualTo(Map.of("gateId", "gate", "principal", "bob", "reason", "not yet"));
    assertThat(payload(run, EventType.INTERRUPT_RESOLVED)).containsEntry("outcome", "rejected");
    assertThat(outputs(run))
        .containsEntry("decision", "rejected")
        .containsEntry("reason", "not yet")
        .containsEntry("decidedBy", "bob");
    assertThat(progress(run, "publish")).isEqualTo(Progress.SKIPPED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "any_failed", "all_complete"})
  void aRejectionGoesBackAndAGrantDoesNot(String rule) {
    String run = start(publishing(BY_ADMINS).edge("gate", "draft", rule.isEmpty() ? null : rule));
    for (int i = 0; i < 2; i++) {
      assertThat(say(run, ADA, REJECT)).isInstanceOf(Outcome.Resolved.class);
      host.drive(run);
      host.assertThat(run).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    }
    assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Resolved.class);
    host.drive(run);

    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(log(run))
        .filteredOn(it -> "draft".equals(it.nodeId()) && it.type() == EventType.NODE_COMPLETED)
        .hasSize(3);
    assertThat(log(run))
        .filteredOn(it -> "publish".equals(it.nodeId()))
        .extracting(RunEvent::type)
        .containsExactly(EventType.NODE_STARTED, EventType.NODE_COMPLETED);
  }

  @Test
  void aLoopOfRejectionsIsBoundedAndPublishesNothing() {
    String run = start(publishing(BY_ADMINS).edge("gate", "draft").maxLoopbackIterations(1));
    say(run, ADA, REJECT);
    host.drive(run);
    say(run, ADA, REJECT);
    host.drive(run);

    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(progress(run, "publish")).isEqualTo(Progress.SKIPPED);
  }

  /** What follows a rejection over an edge of a kind, and what a grant. */
  @ParameterizedTest
  @CsvSource({
    "all_success,false,true",
    "any_success,false,true",
    "none_failed,false,true",
    "any_failed,true,false",
    "all_complete,true,true",
  })
  void nothingFollowsARejectionThatWasNotMadeForOne(
      String rule, boolean afterRejection, boolean afterGrant) {
    for (boolean granted : List.of(true, false)) {
      String run =
          start(
              workflow("ruled-" + rule + granted)
                  .node("gate", GovernanceGateNode.TYPE, BY_ADMINS)
                  .node("next", "core.noop")
                  .edge("gate", "next", rule));
      say(run, ADA, granted ? GRANT : REJECT);
      host.drive(run);

      host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(progress(run, "next") == Progress.COMPLETED)
          .isEqualTo(granted ? afterGrant : afterRejection);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "output.decision == 'rejected',true,false",
    "output.decision == 'granted',false,true",
    "nodes.gate.outputs.decision != 'granted',true,false",
    // Says nothing of the decision, so it was not made for rejections.
    "variables.amount > 5,false,true",
    "output.decision != '',false,true",
    "output.decision == 'rejected' || variables.amount > 5,false,true",
    "output.decision == 'rejected' && variables.amount > 5,true,false",
    "variables.amount > 50,false,false",
  })
  void conditionsRouteARejectionIfTheyAskForIt(
      String condition, boolean afterRejection, boolean afterGrant) {
    for (boolean granted : List.of(true, false)) {
      String run =
          start(
              workflow("asking-" + condition.hashCode() + granted)
                  .variable("amount", 7)
                  .node("gate", GovernanceGateNode.TYPE, BY_ADMINS)
                  .node("next", "core.noop")
                  .edgeIf("gate", "next", Map.of("type", "expression", "expression", condition)));
      say(run, ADA, granted ? GRANT : REJECT);
      host.drive(run);

      host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(progress(run, "next") == Progress.COMPLETED)
          .isEqualTo(granted ? afterGrant : afterRejection);
    }
  }

  @Test
  void anOverrideIsOneVoiceUnlessItIsSaidToBypass() {
    Map<String, Object> config = new LinkedHashMap<>(BY_TWO);
    config.put("override", Map.of("requiredRole", "owner", "audited", true));
    String run = start(publishing(config));

    assertThat(say(run, ADA, OVERRIDE)).isInstanceOf(Outcome.Denied.class);
    assertThat(say(run, OWNER, GRANT)).isInstanceOf(Outcome.Denied.class);
    assertThat(say(run, OWNER, OVERRIDE))
        .isInstanceOfSatisfying(
            Outcome.Overridden.class, it -> assertThat(it.then()).isInstanceOf(Outcome.Kept.class));
    assertThat(say(run, OWNER, OVERRIDE)).isInstanceOf(Outcome.Kept.class);
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(payload(run, EventType.APPROVAL_OVERRIDDEN))
        .isEqualTo(Map.of("gateId", "gate", "principal", "olga", "reason", "nobody is there"));
    assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Resolved.class);
    host.drive(run);
    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();

    config.put("overrideBypassesQuorum", true);
    String bypassed = start(publishing(config));
    assertThat(say(bypassed, OWNER, OVERRIDE))
        .isInstanceOfSatisfying(
            Outcome.Overridden.class,
            it -> {
              assertThat(it.then()).isInstanceOf(Outcome.Resolved.class);
              assertThat(it.reason()).isEqualTo("nobody is there");
            });
    host.drive(bypassed);
    host.assertThat(bypassed).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(progress(bypassed, "publish")).isEqualTo(Progress.COMPLETED);
    assertThat(outputs(bypassed)).containsEntry("override", true);
  }

  @Test
  void whoeverGrantedBeforeCanStillOverride() {
    Map<String, Object> config = new LinkedHashMap<>(BY_TWO);
    config.put("override", Map.of("requiredRole", "owner"));
    config.put("overrideBypassesQuorum", true);
    String run = start(publishing(config));
    Answerer both = of("olga", Set.of("owner", "admin"), Set.of());

    assertThat(say(run, both, GRANT)).isInstanceOf(Outcome.Kept.class);
    assertThat(say(run, both, OVERRIDE)).isInstanceOf(Outcome.Overridden.class);
    host.drive(run);
    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void whatMakesNoSenseIsNoAnswer() {
    Map<String, Object> config = new LinkedHashMap<>(BY_ADMINS);
    config.put("override", Map.of("requiredRole", "admin"));
    String run = start(publishing(config));
    List<@Nullable Object> nonsense = new ArrayList<>();
    nonsense.add(null);
    nonsense.addAll(
        List.of(
            "granted",
            7,
            true,
            List.of(GRANT),
            Map.of(),
            Map.of("decision", "Granted"),
            Map.of("decision", "overridden"),
            Map.of("decision", true),
            Map.of("decision", List.of("granted")),
            Map.of("action", "refine"),
            Map.of("decision", "granted", "action", "reject"),
            Map.of("decision", "granted", "voter", "bob"),
            Map.of("decision", "granted", "reason", 1),
            Map.of("decision", "granted", "reason", "x".repeat(2_001)),
            Map.of("decision", "granted", "override", "true"),
            Map.of("decision", "granted", "override", true),
            Map.of("decision", "granted", "override", true, "reason", " \n"),
            Map.of("decision", "rejected", "override", true, "reason", "why not")));
    for (Object value : nonsense) {
      assertThat(say(run, ADA, value)).as("%s", value).isInstanceOf(Outcome.Malformed.class);
    }
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(votes()).isZero();

    assertThat(say(run, ADA, Map.of("action", "accept"))).isInstanceOf(Outcome.Resolved.class);
  }

  @Test
  void aSchemaOfItsOwnHoldsBesides() {
    Map<String, Object> config = new LinkedHashMap<>(BY_ADMINS);
    config.put(
        "resumeSchema",
        Map.of(
            "required",
            List.of("ticket"),
            "properties",
            Map.of("ticket", Map.of("type", "string"))));
    String run = start(publishing(config));

    assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Malformed.class);
    assertThat(say(run, ADA, Map.of("ticket", "T-1"))).isInstanceOf(Outcome.Malformed.class);
    assertThat(say(run, ADA, Map.of("decision", "granted", "ticket", "T-1")))
        .isInstanceOf(Outcome.Resolved.class);
    host.drive(run);
    assertThat(outputs(run)).containsEntry("ticket", "T-1");
  }

  @Test
  void nobodysAnswerIsARejection() {
    Map<String, Object> config = new LinkedHashMap<>(BY_TWO);
    config.put("timeoutSec", 1);
    // The deadline is past by the database's clock, too.
    clock.advance(Duration.ofMinutes(-5));
    String run = start(publishing(config));

    assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Expired.class);
    clock.advance(Duration.ofMinutes(5));
    host.drive(run);

    host.assertThat(run)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .readsOf(
            "gate",
            EventType.NODE_STARTED,
            EventType.INTERRUPT_REQUESTED,
            EventType.NODE_SUSPENDED,
            EventType.INTERRUPT_RESOLVED,
            EventType.NODE_COMPLETED);
    assertThat(payload(run, EventType.INTERRUPT_RESOLVED))
        .containsEntry("outcome", "rejected")
        .containsEntry("reason", "timeout");
    assertThat(outputs(run)).containsEntry("decision", "rejected");
    assertThat(progress(run, "publish")).isEqualTo(Progress.SKIPPED);
    assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Expired.class);
  }

  @Test
  void aGrantThatComesWhileTheTimeoutIsRecordedIsTooLate() {
    Map<String, Object> config = new LinkedHashMap<>(BY_ADMINS);
    config.put("timeoutSec", 1);
    clock.advance(Duration.ofMinutes(-5));
    String run = start(publishing(config));
    clock.advance(Duration.ofMinutes(5));

    host.driveAfter(
        run, () -> assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Expired.class));

    assertThat(progress(run, "publish")).isEqualTo(Progress.SKIPPED);
    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void aGrantInTimeIsNotOvertakenByTheTimeout() {
    Map<String, Object> config = new LinkedHashMap<>(BY_TWO);
    config.put("timeoutSec", 3_600);
    String run = start(publishing(config));
    clock.advance(Duration.ofHours(2));

    // In time by the database's clock; the worker has not heard of it, and finds the time over.
    host.driveAfter(
        run,
        () -> {
          assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Kept.class);
          assertThat(say(run, BOB, GRANT)).isInstanceOf(Outcome.Resolved.class);
        });

    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(payload(run, EventType.INTERRUPT_RESOLVED)).containsEntry("outcome", "granted");
    assertThat(progress(run, "publish")).isEqualTo(Progress.COMPLETED);
  }

  @Test
  void ofManyGrantsAtOnceOneReleases() throws Exception {
    for (int i = 0; i < 5; i++) {
      String run = start(publishing(BY_TWO));
      List<Outcome> outcomes = AtOnce.call(8, caller -> say(run, admin("a" + caller), GRANT));

      assertThat(outcomes).filteredOn(Outcome.Kept.class::isInstance).hasSize(1);
      assertThat(outcomes).filteredOn(Outcome.Resolved.class::isInstance).hasSize(1);
      assertThat(outcomes).filteredOn(Outcome.AlreadyResolved.class::isInstance).hasSize(6);
      host.drive(run);
      host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(payloads(run, EventType.INTERRUPT_RESOLVED)).hasSize(1);
      assertThat(payloads(run, EventType.APPROVAL_GRANTED)).hasSize(2);
    }
  }

  @Test
  void onePrincipalAtOnceIsOneVoice() throws Exception {
    String run = start(publishing(BY_TWO));

    List<Outcome> outcomes = AtOnce.call(8, caller -> say(run, admin("ada"), GRANT));

    assertThat(outcomes).hasSize(8).allMatch(Outcome.Kept.class::isInstance);
    host.assertThat(run).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(payloads(run, EventType.APPROVAL_GRANTED)).hasSize(1);
  }

  @Test
  void aGrantAnOverrideAndARejectionAtOnceAreOneDecision() throws Exception {
    Map<String, Object> config = new LinkedHashMap<>(BY_ADMINS);
    config.put("override", Map.of("requiredRole", "owner"));
    for (int i = 0; i < 8; i++) {
      String run = start(publishing(config));
      List<Outcome> outcomes =
          AtOnce.call(
              3,
              caller ->
                  switch (caller) {
                    case 0 -> say(run, ADA, GRANT);
                    case 1 -> say(run, OWNER, OVERRIDE);
                    default -> say(run, BOB, REJECT);
                  });

      assertThat(outcomes).filteredOn(Outcome.AlreadyResolved.class::isInstance).hasSize(2);
      host.drive(run);
      host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(payloads(run, EventType.INTERRUPT_RESOLVED)).hasSize(1);
      assertThat(progress(run, "publish") == Progress.COMPLETED)
          .isEqualTo(!(outcomes.get(2) instanceof Outcome.Resolved));
    }
  }

  @Test
  void aPauseKeepsWhatWasGranted() {
    String run = start(publishing(BY_ADMINS));
    assertThat(say(run, ADA, GRANT)).isInstanceOf(Outcome.Resolved.class);
    service.pause(SampleRuns.TENANT, run, new PauseRequest(DrainPolicy.IMMEDIATE, null));
    host.assertThat(run).is(RunStatus.PAUSED).hasSoundLog();
    assertThat(say(run, BOB, REJECT)).isInstanceOf(Outcome.AlreadyResolved.class);

    service.resume(SampleRuns.TENANT, run, null);
    host.drive(run);
    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(progress(run, "publish")).isEqualTo(Progress.COMPLETED);
  }

  @Test
  void aReplayTellsTheSameWordsAndAsksNobody() {
    Map<String, Object> config = new LinkedHashMap<>(BY_TWO);
    config.put("override", Map.of("requiredRole", "owner"));
    String run = start(publishing(config).edge("gate", "draft").node("beside", "core.noop"));
    say(run, ADA, GRANT);
    say(run, BOB, REJECT);
    host.drive(run);
    say(run, OWNER, OVERRIDE);
    say(run, ADA, GRANT);
    host.drive(run);
    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();

    String replay = host.replay(run, 0);
    host.drive(replay);

    host.assertThat(replay).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(told(replay)).isEqualTo(told(run));
    assertThat(log(replay)).noneMatch(it -> it.type() == EventType.REPLAY_DIVERGED);
    assertThat(run(replay).state().nodes().get("gate").outputs()).isEqualTo(outputs(run));
    assertThat(
            host.stores()
                .jdbc()
                .sql("select count(*) from openwop.interrupt where run_id = :run")
                .param("run", replay)
                .query(Integer.class)
                .single())
        .isZero();
  }

  @Test
  void aReplayOfATimeoutTimesOutAtOnce() {
    Map<String, Object> config = new LinkedHashMap<>(BY_TWO);
    config.put("timeoutSec", 3_600);
    String run = start(publishing(config));
    say(run, ADA, GRANT);
    clock.advance(Duration.ofHours(2));
    host.drive(run);
    host.assertThat(run).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(outputs(run)).containsEntry("timedOut", true);

    String replay = host.replay(run, 0);
    host.drive(replay);

    host.assertThat(replay).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(told(replay)).isEqualTo(told(run));
  }

  @Test
  void aBranchFromTheMiddleOfAVoteAsksAnew() {
    String run = start(publishing(BY_TWO));
    say(run, ADA, GRANT);
    say(run, BOB, GRANT);
    host.drive(run);
    long second =
        log(run).stream()
            .filter(it -> it.type() == EventType.APPROVAL_GRANTED)
            .skip(1)
            .findFirst()
            .orElseThrow()
            .sequence();

    String branch = host.branch(run, second, null);
    host.drive(branch);

    host.assertThat(branch).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(say(branch, BOB, GRANT)).isInstanceOf(Outcome.Kept.class);
    host.assertThat(branch).is(RunStatus.WAITING_APPROVAL);
    assertThat(say(branch, ADA, GRANT)).isInstanceOf(Outcome.Resolved.class);
    host.drive(branch);
    host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void aBranchAfterARejectionGoesBackAsItsSourceDid() {
    String run = start(publishing(BY_ADMINS).edge("gate", "draft"));
    say(run, ADA, REJECT);
    host.drive(run);
    long rejected =
        log(run).stream()
            .filter(it -> "gate".equals(it.nodeId()) && it.type() == EventType.NODE_COMPLETED)
            .findFirst()
            .orElseThrow()
            .sequence();

    for (long from = rejected; from < log(run).size(); from++) {
      String branch = host.branch(run, from, null);
      host.drive(branch);
      host.assertThat(branch).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
      assertThat(say(branch, ADA, GRANT)).isInstanceOf(Outcome.Resolved.class);
      host.drive(branch);
      host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
      assertThat(progress(branch, "publish")).isEqualTo(Progress.COMPLETED);
    }
  }

  @Test
  void reasonsLoseWhatLooksLikeASecret() {
    Map<String, Object> config = new LinkedHashMap<>(BY_ADMINS);
    config.put("override", Map.of("requiredRole", "owner"));
    String run = start(publishing(config).sensitiveVariable("password", "canary-90210"));
    String secret = "use Bearer abcdefghijklmnop1234567890 and canary-90210";

    assertThat(say(run, OWNER, Map.of("decision", "granted", "override", true, "reason", secret)))
        .isInstanceOfSatisfying(
            Outcome.Overridden.class,
            it ->
                assertThat(it.reason())
                    .contains("[REDACTED]")
                    .doesNotContain("abcdefghijklmnop")
                    .doesNotContain("canary-90210"));
    host.drive(run);

    assertThat(told(run).toString())
        .doesNotContain("abcdefghijklmnop")
        .doesNotContain("canary-90210");
    assertThat(
            host.stores()
                .jdbc()
                .sql("select reason from openwop.interrupt_vote")
                .query(String.class)
                .single())
        .doesNotContain("abcdefghijklmnop")
        .doesNotContain("canary-90210");
  }

  @Test
  void faultsOfItsConfigurationHaveTheirPlaces() {
    Map<Map<String, Object>, String> faulty = new LinkedHashMap<>();
    faulty.put(Map.of(), "/nodes/1/config");
    faulty.put(Map.of("requiredRole", ""), "/nodes/1/config/requiredRole");
    faulty.put(Map.of("requiredRole", " "), "/nodes/1/config/requiredRole");
    faulty.put(Map.of("requiredScope", 1), "/nodes/1/config/requiredScope");
    faulty.put(with("quorum", 0), "/nodes/1/config/quorum");
    faulty.put(with("quorum", 101), "/nodes/1/config/quorum");
    faulty.put(with("quorum", "2"), "/nodes/1/config/quorum");
    faulty.put(with("override", "owner"), "/nodes/1/config/override");
    faulty.put(with("override", Map.of()), "/nodes/1/config/override/requiredRole");
    faulty.put(
        with("override", Map.of("requiredRole", "o", "audited", false)),
        "/nodes/1/config/override/audited");
    faulty.put(
        with("override", Map.of("requiredRole", "o", "a/b", 1)), "/nodes/1/config/override/a~1b");
    faulty.put(with("overrideBypassesQuorum", 1), "/nodes/1/config/overrideBypassesQuorum");
    faulty.put(with("overrideBypassesQuorum", true), "/nodes/1/config/overrideBypassesQuorum");
    faulty.put(with("timeoutSec", 0), "/nodes/1/config/timeoutSec");
    faulty.put(with("timeoutSec", 1.5), "/nodes/1/config/timeoutSec");
    faulty.put(with("timeoutSec", 1e300), "/nodes/1/config/timeoutSec");
    faulty.put(with("resumeSchema", true), "/nodes/1/config/resumeSchema");
    faulty.put(with("resumeSchema", Map.of("type", "nothing")), "/nodes/1/config/resumeSchema");
    faulty.put(with("requiredEval", Map.of()), "/nodes/1/config/requiredEval");
    faulty.forEach(
        (config, place) ->
            assertThatThrownBy(() -> host.register(publishing(config)))
                .as("%s", config)
                .isInstanceOfSatisfying(
                    InvalidWorkflowException.class,
                    refused ->
                        assertThat(refused.faults())
                            .extracting(fault -> fault.pointer())
                            .contains(place)));

    // As the protocol's own example has it.
    Map<String, Object> example = new LinkedHashMap<>(BY_TWO);
    example.put("requiredScope", "deploy:promote");
    example.put("override", Map.of("requiredRole", "owner", "audited", true));
    example.put("overrideBypassesQuorum", false);
    example.put("timeoutSec", 86_400);
    example.put("resumeSchema", Map.of("decision", "granted | rejected", "reason", "string?"));
    host.register(publishing(example));
  }

  @Test
  void aDisabledGateLetsNothingThrough() {
    String run =
        start(
            workflow("disabled")
                .disabled("gate")
                .node("publish", "core.noop")
                .edge("gate", "publish"));

    host.assertThat(run).is(RunStatus.COMPLETED);
    assertThat(progress(run, "publish")).isEqualTo(Progress.SKIPPED);
  }

  private static Map<String, Object> with(String member, Object value) {
    return Map.of("requiredRole", "admin", member, value);
  }

  private static Answerer admin(String id) {
    return of(id, Set.of("admin"), Set.of());
  }

  private static Answerer of(String id, Set<String> roles, Set<String> scopes) {
    return new Answerer(id, Set.of(), roles, scopes);
  }

  private static WorkflowBuilder publishing(Map<String, Object> config) {
    return workflow("publishing")
        .node("draft", "core.noop")
        .node("gate", GovernanceGateNode.TYPE, config)
        .node("publish", "core.noop")
        .edge("draft", "gate")
        .edge("gate", "publish");
  }

  private String start(WorkflowBuilder workflow) {
    host.register(workflow);
    String run = host.create(workflow.id(), Map.of(), Map.of());
    host.drive(run);
    return run;
  }

  private Outcome say(String run, Answerer by, @Nullable Object value) {
    Object given = value == null ? null : Json.parse(Json.write(value));
    return interrupts.resolve(SampleRuns.TENANT, run, "gate", new Given(given, by, List.of()));
  }

  private Run run(String run) {
    return SampleRuns.read(host.stores(), run);
  }

  private Map<String, @Nullable Object> outputs(String run) {
    return Objects.requireNonNull(run(run).state().nodes().get("gate")).outputs();
  }

  private @Nullable Progress progress(String run, String node) {
    var reached = run(run).state().nodes().get(node);
    return reached == null ? null : reached.progress();
  }

  private List<RunEvent> log(String run) {
    return host.stores().runs().log(SampleRuns.TENANT, run, -1, 1_000).orElseThrow().events();
  }

  private List<String> told(String run) {
    return log(run).stream().map(it -> it.type() + " " + it.nodeId() + " " + it.payload()).toList();
  }

  private List<Map<String, @Nullable Object>> payloads(String run, EventType type) {
    return log(run).stream()
        .filter(it -> it.type() == type)
        .map(it -> Json.parseObject(it.payload()))
        .toList();
  }

  private Map<String, @Nullable Object> payload(String run, EventType type) {
    List<Map<String, @Nullable Object>> all = payloads(run, type);
    assertThat(all).hasSize(1);
    return all.get(0);
  }

  private long votes() {
    return host.stores()
        .jdbc()
        .sql("select count(*) from openwop.interrupt_vote")
        .query(Long.class)
        .single();
  }
}
