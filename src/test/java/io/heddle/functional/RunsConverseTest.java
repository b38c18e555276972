package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.engine.node.ConversationGateNode;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.InterruptService.Given;
import io.heddle.interrupt.InterruptService.Outcome;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.HeldNode;
import io.heddle.testkit.NoSlots;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.Told;
import io.heddle.testkit.WorkflowBuilder;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node can exchange many turns with whoever is outside before it goes on. */
class RunsConverseTest {

  private static final Map<String, Object> PLAIN = Map.of("prompt", "Well?");

  private final SettableClock clock = new SettableClock(Instant.now());

  private final HeldNode held = new HeldNode();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            clock,
            new ConversationGateNode(true),
            held);
  }

  @AfterEach
  void close() {
    held.letGo();
    host.close();
  }

  @Test
  void untilSomebodyClosesIt() {
    String runId = host.start(gate(PLAIN));
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();

    assertThat(exchange(runId, "one")).isEqualTo(new Outcome.Kept(RunStatus.WAITING_APPROVAL));
    assertThat(exchange(runId, Map.of("two", 2))).isInstanceOf(Outcome.Kept.class);
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(host.stores().claims().claimDue("other", 10)).as("runs to look at").isEmpty();
    assertThat(close(runId, "goodbye", Map.of("ok", true))).isInstanceOf(Outcome.Resolved.class);
    host.drive(runId);

    host.assertThat(runId)
        .is(RunStatus.COMPLETED)
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED gate",
            "INTERRUPT_REQUESTED gate",
            "NODE_SUSPENDED gate",
            "CONVERSATION_OPENED gate",
            "CONVERSATION_EXCHANGED gate",
            "CONVERSATION_EXCHANGED gate",
            "CONVERSATION_CLOSED gate",
            "INTERRUPT_RESOLVED gate",
            "NODE_RESUMED gate",
            "CHANNEL_WRITTEN gate",
            "CHANNEL_WRITTEN gate",
            "CHANNEL_WRITTEN gate",
            "CHANNEL_WRITTEN gate",
            "NODE_COMPLETED gate",
            "RUN_COMPLETED");
    List<RunEvent> log = host.log(runId);
    assertThat(payload(log, 3)).containsEntry("kind", "conversation.exchange");
    assertThat(payload(log, 3)).containsEntry("reason", "conversation-input");
    for (int i = 4; i <= 7; i++) {
      assertThat(log.get(i).causationId()).isEqualTo(log.get(i - 1).eventId());
      assertThat(payload(log, i))
          .containsEntry("conversationId", payload(log, 4).get("conversationId"));
    }
    assertThat(List.of(payload(log, 5).get("turnIndex"), payload(log, 6).get("turnIndex")))
        .isEqualTo(List.of(1, 2));
    assertThat(payload(log, 7)).containsEntry("turnIndex", 3).containsEntry("outcome", yes());
    assertThat(contents(channel(runId)))
        .isEqualTo(List.of("Well?", "one", Map.of("two", 2), "goodbye"));
    assertThat(host.read(runId).state().nodes().get("gate").outputs())
        .isEqualTo(Map.of("outcome", yes(), "turnCount", 2));
  }

  @Test
  void andNotAfterThat() {
    String runId = host.start(gate(PLAIN));
    close(runId, "bye", null);
    assertThat(exchange(runId, "wait"))
        .isInstanceOfSatisfying(
            Outcome.Unacceptable.class,
            no -> assertThat(no.faults().get(0).pointer()).isEqualTo("/resumeValue/operation"));
    assertThat(close(runId, "bye", null)).isInstanceOf(Outcome.AlreadyResolved.class);
    host.drive(runId);
    assertThat(exchange(runId, "wait")).isInstanceOf(Outcome.Unacceptable.class);
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(said(runId)).isEqualTo(List.of("Well?", "bye"));
  }

  @Test
  void andTheOutcomeFitsItsSchema() {
    String runId =
        host.start(
            gate(
                Map.of(
                    "outcomeSchema",
                    Map.of(
                        "type",
                        "object",
                        "required",
                        List.of("price"),
                        "properties",
                        Map.of("price", Map.of("type", "integer"))))));
    exchange(runId, "anything");
    assertThat(places(close(runId, "bye", null))).containsExactly("/resumeValue/outcome");
    assertThat(
            places(host.answer(runId, "gate", Map.of("operation", "close", "turn", turn("bye")))))
        .containsExactly("/resumeValue/outcome");
    assertThat(places(close(runId, "bye", Map.of("price", "much"))))
        .containsExactly("/resumeValue/outcome/price");
    host.assertThat(runId).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(close(runId, "bye", Map.of("price", 3))).isInstanceOf(Outcome.Resolved.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "[]",
        "{}",
        "{\"operation\": \"start\"}",
        "{\"operation\": \"exchange\"}",
        "{\"operation\": \"exchange\", \"turn\": {}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"user\"}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"boss\", \"from\": \"u\", \"content\": 1}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"\", \"content\": 1}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"agent\", \"from\": \"a\", \"content\": 1}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"u\", \"content\": 1, \"ts\": -1}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"u\", \"content\": 1, \"ts\": 1.5}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"u\", \"content\": 1, \"turnIndex\": 2}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"u\", \"content\": 1, \"turnIndex\": \"1\"}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"u\", \"content\": 1, \"agent\": 1}}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"u\", \"content\": 1}, \"outcome\": 1}",
        "{\"operation\": \"exchange\", \"turn\": {\"role\": \"user\", \"from\": \"u\", \"content\": 1}, \"more\": 1}"
      })
  void butNotSenselessly(String value) {
    String runId = host.start(gate(PLAIN));
    assertThat(host.answer(runId, "gate", Json.parse(value)))
        .isInstanceOf(Outcome.Unacceptable.class);
    assertThat(said(runId)).containsExactly("Well?");
  }

  @Test
  void andATurnThatWasHeardIsNotHeardAgain() {
    String runId = host.start(gate(PLAIN));
    Map<String, Object> turn =
        Map.of("role", "user", "from", "u", "content", "x", "messageId", "m");
    for (int i = 0; i < 3; i++) {
      assertThat(host.answer(runId, "gate", Map.of("operation", "exchange", "turn", turn)))
          .isInstanceOf(Outcome.Kept.class);
    }
    Map<String, Object> other =
        Map.of("role", "user", "from", "u", "content", "y", "messageId", "m");
    assertThat(places(host.answer(runId, "gate", Map.of("operation", "exchange", "turn", other))))
        .containsExactly("/resumeValue/turn/messageId");
    assertThat(places(host.answer(runId, "gate", Map.of("operation", "close", "turn", turn))))
        .containsExactly("/resumeValue/turn/messageId");
    assertThat(said(runId)).containsExactly("Well?", "x");
  }

  @Test
  void andOfTwoTurnsForOnePlaceOneIsTooLate() throws Exception {
    String runId = host.start(gate(PLAIN));
    List<Outcome> placed =
        AtOnce.call(
            8,
            caller ->
                host.answer(
                    runId,
                    "gate",
                    Map.of(
                        "operation",
                        "exchange",
                        "turn",
                        Map.of("role", "user", "from", "u", "content", caller, "turnIndex", 1))));
    assertThat(placed).filteredOn(Outcome.Kept.class::isInstance).hasSize(1);
    assertThat(placed).filteredOn(Outcome.Unacceptable.class::isInstance).hasSize(7);

    List<Outcome> anywhere = AtOnce.call(8, caller -> exchange(runId, "a" + caller));
    assertThat(anywhere).allMatch(Outcome.Kept.class::isInstance);
    assertThat(indexes(runId))
        .isEqualTo(IntStream.rangeClosed(0, 9).<Object>mapToObj(i -> i).toList());
    host.assertThat(runId).hasSoundLog();
  }

  @Test
  void andAnExchangeRacesTheClose() throws Exception {
    for (int i = 0; i < 10; i++) {
      String runId = host.start(gate(PLAIN));
      List<Outcome> outcomes =
          AtOnce.call(
              2, caller -> caller == 0 ? exchange(runId, "also") : close(runId, "bye", null));
      assertThat(outcomes.get(1)).isInstanceOf(Outcome.Resolved.class);
      boolean heard = outcomes.get(0) instanceof Outcome.Kept;
      host.drive(runId);
      host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
      List<Object> expected = heard ? List.of("Well?", "also", "bye") : List.of("Well?", "bye");
      assertThat(contents(channel(runId))).isEqualTo(expected);
    }
  }

  @Test
  void overTheDeathOfTheirHost() {
    String runId = host.start(gate(PLAIN));
    exchange(runId, "before");
    host.disturb(runId);
    host.driveAll();
    host.die();
    exchange(runId, "after");
    close(runId, "bye", null);
    host.driveUntilCommits(runId, 1);
    host.beFoundDead();
    host.driveAll();

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(contents(channel(runId))).isEqualTo(List.of("Well?", "before", "after", "bye"));
  }

  @Test
  void whileOtherNodesExecute() throws Exception {
    host.register(
        gate(PLAIN).node("held", held.typeId()).node("after", "core.noop").edge("gate", "after"));
    String runId = host.create("talking", Map.of(), Map.of());
    CompletableFuture<Void> driving = CompletableFuture.runAsync(() -> host.drive(runId));
    held.awaitEntered();

    assertThat(exchange(runId, "one")).isInstanceOf(Outcome.Kept.class);
    assertThat(exchange(runId, "two")).isInstanceOf(Outcome.Kept.class);
    assertThat(close(runId, "bye", null)).isInstanceOf(Outcome.Resolved.class);
    await("the node after the gate")
        .until(() -> host.read(runId).state().nodes().containsKey("after"));
    held.letGo();
    driving.get();

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(contents(channel(runId))).isEqualTo(List.of("Well?", "one", "two", "bye"));
    // What stands between the turns of the source stands there in a replay, too.
    assertReplays(runId);
  }

  @Test
  void untilTheTimeIsOver() {
    String runId = host.start(gate(Map.of("prompt", "Well?", "timeoutMs", 3_600_000)));
    exchange(runId, "one");
    clock.set(clock.instant().plus(Duration.ofHours(2)));
    // Said in time by the database's clock, and not heard of by the worker.
    host.driveAfter(runId, () -> exchange(runId, "two"));

    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError("interrupt_timeout")
        .hasSoundLog()
        .log()
        .reads(
            "RUN_STARTED",
            "NODE_STARTED gate",
            "INTERRUPT_REQUESTED gate",
            "NODE_SUSPENDED gate",
            "CONVERSATION_OPENED gate",
            "CONVERSATION_EXCHANGED gate",
            "CONVERSATION_EXCHANGED gate",
            "CONVERSATION_CLOSED gate",
            "INTERRUPT_RESOLVED gate",
            "NODE_FAILED gate",
            "RUN_FAILED");
    Map<String, Object> closed = payload(host.log(runId), 7);
    assertThat(closed).containsEntry("turnIndex", 3).containsEntry("outcome", null);
    assertThat(Json.object(closed.get("finalTurn"), ""))
        .containsEntry("role", "system")
        .containsEntry("content", Map.of("reason", "timeout"));
    assertThat(exchange(runId, "three")).isInstanceOf(Outcome.Unacceptable.class);
    assertThat(close(runId, "bye", null)).isInstanceOf(Outcome.Expired.class);
    assertReplays(runId);
  }

  @Test
  void andACancelEndsIt() {
    String runId = host.start(gate(PLAIN));
    exchange(runId, "one");
    new RunService(host.stores().runs(), new NoSlots(), it -> {})
        .cancel(SampleRuns.TENANT, runId, null, null);
    assertThat(exchange(runId, "two")).isInstanceOf(Outcome.Gone.class);
    assertThat(close(runId, "two", null)).isInstanceOf(Outcome.Gone.class);
    host.assertThat(runId).is(RunStatus.CANCELLED).hasSoundLog();
  }

  @Test
  void asLongAsThereIsRoom() {
    String runId = host.start(gate(PLAIN));
    assertThat(places(exchange(runId, "x".repeat(65_536)))).containsExactly("/resumeValue/turn");
    assertThat(places(close(runId, "bye", "x".repeat(65_536))))
        .containsExactly("/resumeValue/outcome");
    String large = "x".repeat(65_000);
    for (int i = 0; i < 4; i++) {
      assertThat(exchange(runId, i == 3 ? large.substring(4_000) : large))
          .isInstanceOf(Outcome.Kept.class);
    }
    assertThat(places(exchange(runId, large))).containsExactly("/resumeValue/turn");
    assertThat(close(runId, large, large)).isInstanceOf(Outcome.Resolved.class);
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
  }

  @Test
  void withNobodyUnderTest() {
    String runId = host.start(gate(Map.of("mockAutoResume", true, "turnCount", 3)));
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(indexes(runId)).isEqualTo(List.of(0, 1, 2, 3));
    assertThat(channel(runId)).hasSize(5);
    assertReplays(runId);
  }

  @Test
  void andAReplayAsksNobody() {
    String runId = host.start(gate(PLAIN));
    exchange(runId, "one");
    exchange(runId, Map.of("b", 1, "a", new BigDecimal("1.50")));
    close(runId, "bye", 7);
    host.drive(runId);
    assertReplays(runId);
    assertThat(
            host.stores()
                .jdbc()
                .sql("select count(*) from openwop.interrupt")
                .query(Integer.class)
                .single())
        .isEqualTo(1);
  }

  @Test
  void andABranchAsksAnew() {
    String source = host.start(gate(PLAIN));
    exchange(source, "one");
    close(source, "bye", null);
    host.drive(source);
    String branch = host.branch(source, 6, Map.of());
    host.drive(branch);
    host.assertThat(branch).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    exchange(branch, "other");
    close(branch, "bye", null);
    host.drive(branch);
    host.assertThat(branch).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(contents(channel(branch))).isEqualTo(List.of("Well?", "other", "bye"));
    assertThat(conversations(branch)).hasSize(2).containsAll(conversations(source));
  }

  @Test
  void andAReplayOfAnOpenOneOpensItsOwn() {
    String source = host.start(gate(PLAIN));
    String replay = host.replay(source, 0);
    host.drive(replay);
    host.assertThat(replay).is(RunStatus.WAITING_APPROVAL).hasSoundLog();
    assertThat(host.log(replay)).noneMatch(event -> event.type() == EventType.REPLAY_DIVERGED);
    assertThat(conversations(replay)).doesNotContainAnyElementsOf(conversations(source));
    exchange(replay, "mine");
    close(replay, "bye", null);
    host.drive(replay);
    assertThat(contents(channel(replay))).isEqualTo(List.of("Well?", "mine", "bye"));
  }

  @Test
  void onlyWithinTheirTenant() {
    String runId = host.start(gate(PLAIN));
    assertThat(
            host.interrupts()
                .resolve(
                    new Tenant("another"),
                    runId,
                    "gate",
                    new Given(
                        Map.of("operation", "exchange", "turn", turn("x")),
                        Answerer.of("spy"),
                        List.of())))
        .isInstanceOf(Outcome.NoSuchRun.class);
    assertThat(said(runId)).containsExactly("Well?");
  }

  @Test
  void asTheirConfigurationSays() {
    assertThat(
            new ConversationGateNode(false)
                .configFaults(
                    Map.of(
                        "lifecycle", "other",
                        "prompt", 1,
                        "mockAutoResume", true,
                        "turnCount", 0,
                        "outcomeSchema", Map.of("type", "nothing"),
                        "timeoutMs", -1,
                        "more/less", 1)))
        .containsOnlyKeys(
            "/lifecycle",
            "/prompt",
            "/mockAutoResume",
            "/turnCount",
            "/outcomeSchema",
            "/timeoutMs",
            "/more~1less");
    assertThat(new ConversationGateNode(true).configFaults(Map.of("turnCount", 2)))
        .containsOnlyKeys("/turnCount");
    assertThat(new ConversationGateNode(false).configFaults(Map.of("mockAutoResume", false)))
        .isEmpty();
  }

  private void assertReplays(String source) {
    for (int from = 0; from < host.log(source).size(); from++) {
      String replay = host.replay(source, from);
      host.drive(replay);
      host.assertThat(replay).is(host.read(source).status()).hasSoundLog();
      assertThat(Told.by(host.log(replay)))
          .as("from %d", from)
          .isEqualTo(Told.by(host.log(source)));
      assertThat(Json.write(host.read(replay).state().channels()))
          .isEqualTo(Json.write(host.read(source).state().channels()));
    }
    String replay = host.replay(source, 0);
    host.drive(replay);
    assertThat(Told.causes(host.log(replay))).isEqualTo(Told.causes(host.log(source)));
  }

  private static WorkflowBuilder gate(Map<String, Object> config) {
    return workflow("talking")
        .channel("conversation", "message", Map.of())
        .node("gate", "core.conversationGate", config);
  }

  private static Map<String, Object> turn(Object content) {
    return Map.of("role", "user", "from", "user", "content", content);
  }

  private static Map<String, Object> yes() {
    return Map.of("ok", true);
  }

  private Outcome exchange(String runId, Object content) {
    return host.answer(runId, "gate", Map.of("operation", "exchange", "turn", turn(content)));
  }

  private Outcome close(String runId, Object content, @Nullable Object outcome) {
    return host.answer(
        runId,
        "gate",
        Json.members("operation", "close", "turn", turn(content), "outcome", outcome));
  }

  private static List<String> places(Outcome outcome) {
    return ((Outcome.Unacceptable) outcome).faults().stream().map(it -> it.pointer()).toList();
  }

  private static Map<String, Object> payload(List<RunEvent> log, int index) {
    return Json.parseObject(log.get(index).payload());
  }

  private List<Map<String, Object>> turns(String runId) {
    return host.log(runId).stream()
        .filter(event -> event.type().name().startsWith("CONVERSATION"))
        .map(event -> Json.parseObject(event.payload()))
        .map(
            payload ->
                Json.object(
                    payload.getOrDefault(
                        "initialTurn", payload.getOrDefault("turn", payload.get("finalTurn"))),
                    ""))
        .toList();
  }

  private List<Object> said(String runId) {
    return turns(runId).stream().map(turn -> turn.get("content")).toList();
  }

  /** Of the turns that did not end it. */
  private List<Object> indexes(String runId) {
    return host.log(runId).stream()
        .filter(
            event ->
                event.type() == EventType.CONVERSATION_OPENED
                    || event.type() == EventType.CONVERSATION_EXCHANGED)
        .map(event -> Json.parseObject(event.payload()).getOrDefault("turnIndex", 0))
        .toList();
  }

  private List<Object> conversations(String runId) {
    return host.log(runId).stream()
        .filter(event -> event.type().name().startsWith("CONVERSATION"))
        .map(event -> Json.parseObject(event.payload()).get("conversationId"))
        .distinct()
        .toList();
  }

  private List<?> channel(String runId) {
    return (List<?>) host.read(runId).state().channels().get("conversation");
  }

  private static List<Object> contents(List<?> turns) {
    return turns.stream().<Object>map(turn -> Json.object(turn, "").get("content")).toList();
  }
}
