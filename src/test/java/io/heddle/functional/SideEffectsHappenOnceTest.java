package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.effect.Execution;
import io.heddle.effect.LogicalEffect;
import io.heddle.engine.Effects;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import io.heddle.testkit.WorkflowBuilder;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a node does outside its run is done once, however often the node is executed. The provider
 * of these tests only writes down what it was asked for, so that each doubling shows.
 */
@Timeout(60)
class SideEffectsHappenOnceTest {

  private static final WorkflowBuilder ACT = workflow("act").node("act", "test.act").maxRetries(3);

  private final SettableClock clock = new SettableClock(Instant.now());

  private final ScriptedNode node = ScriptedNode.acting("test.act");

  private final ScriptedNode pure = ScriptedNode.pure("test.pure");

  private final Provider provider = new Provider();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, clock, node, pure);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void whenANodeIsTriedAgain() {
    node.does(
        context -> {
          Object first = context.once("acme:charge", provider::charge);
          Object second = context.once("acme:charge", provider::charge);
          if (context.attempt() < 2) {
            return new NodeResult.Failed("acme.later", "Not yet", true);
          }
          return NodeResult.completed(Json.members("first", first, "second", second));
        });

    String runId = host.finish(ACT);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog().log().hasAttempts("act", 0, 1, 2);
    assertThat(provider.asked).containsExactly(id(runId, "act", 0), id(runId, "act", 1));
    assertThat(outputs(runId))
        .isEqualTo(Map.of("first", Map.of("charge", 1), "second", Map.of("charge", 2)));
  }

  @Test
  void whenTheProcessDiedBeforeItsNodeEnded() {
    node.does(
        context -> {
          Object charge = context.once("acme:charge", provider::charge);
          if (context.attempt() == 0) {
            host.takeAway(context.runId());
          }
          return NodeResult.completed(Json.members("charge", charge));
        });

    String runId = host.finish(ACT);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog().log().hasAttempts("act", 0, 1);
    assertThat(provider.asked).containsExactly(id(runId, "act", 0));
  }

  @Test
  void andOnceMoreUnderTheSameIdWhenTheProcessDiedWithTheAnswer() {
    node.does(
        context ->
            NodeResult.completed(
                Json.members(
                    "charge",
                    context.once(
                        "acme:charge",
                        invocationId -> {
                          Object charge = provider.charge(invocationId);
                          if (context.attempt() == 0) {
                            host.takeAway(context.runId());
                          }
                          return charge;
                        }))));

    String runId = host.finish(ACT);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    String id = id(runId, "act", 0);
    assertThat(provider.asked).containsExactly(id, id);
    // The process that had lost the run stored nothing: this is what the second time gave.
    assertThat(outputs(runId)).isEqualTo(Map.of("charge", Map.of("charge", 2)));
  }

  @Test
  void whoeverLostTheRunBeforeItPerformsNothing() {
    List<String> ends = new CopyOnWriteArrayList<>();
    node.does(
        context -> {
          if (context.attempt() == 0) {
            host.takeAway(context.runId());
          }
          try {
            context.once("acme:charge", provider::charge);
            ends.add("performed");
          } catch (InterruptedException e) {
            ends.add("interrupted");
            throw e;
          }
          return NodeResult.completed();
        });

    String runId = host.finish(ACT);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(ends).containsExactly("interrupted", "performed");
    assertThat(provider.asked).hasSize(1);
  }

  @Test
  void aRefusalIsARefusalForGood() {
    node.does(
        context -> {
          try {
            context.once(
                "acme:charge",
                invocationId -> {
                  provider.charge(invocationId);
                  throw new NodeFailedException("acme.card_declined", "No funds", false);
                });
          } catch (NodeFailedException e) {
            if (context.attempt() == 0) {
              return new NodeResult.Failed("acme.later", "Not yet", true);
            }
            throw e;
          }
          return NodeResult.completed();
        });

    String runId = host.finish(ACT);

    var event =
        host.assertThat(runId)
            .is(RunStatus.FAILED)
            .hasError("acme.card_declined")
            .hasSoundLog()
            .log()
            .hasAttempts("act", 0, 1)
            .only(EventType.NODE_FAILED, "act");
    assertThat(Json.parseObject(event.payload()).get("error"))
        .isEqualTo(Map.of("code", "acme.card_declined", "message", "No funds"));
    assertThat(provider.asked).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFailureThatTellsNothingIsTriedAgainUnderTheSameId(boolean coded) {
    node.does(
        context ->
            NodeResult.completed(
                Json.members(
                    "charge",
                    context.once(
                        "acme:charge",
                        invocationId -> {
                          Object charge = provider.charge(invocationId);
                          if (provider.asked.size() < 3) {
                            throw coded
                                ? new NodeFailedException("acme.busy", "Busy", true)
                                : new IOException("connection reset");
                          }
                          return charge;
                        }))));

    String runId = host.finish(ACT);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog().log().hasAttempts("act", 0, 1, 2);
    assertThat(provider.asked).hasSize(3).containsOnly(id(runId, "act", 0));
  }

  @Test
  void eachRoundOfALoopHasItsOwn() {
    node.does(
        context -> {
          context.once("acme:charge", provider::charge);
          context.once("acme:charge", provider::charge);
          return provider.asked.size() == 4 && context.attempt() == 0
              ? new NodeResult.Failed("acme.later", "Not yet", true)
              : NodeResult.completed();
        });

    String runId =
        host.finish(
            workflow("loop")
                .node("act", "test.act")
                .edge("act", "act")
                .maxLoopbackIterations(2)
                .maxRetries(1));

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(provider.asked)
        .containsExactly(
            id(runId, "act", 0),
            id(runId, "act", 1),
            id(runId, "act", 2),
            id(runId, "act", 3),
            id(runId, "act", 4),
            id(runId, "act", 5));
  }

  @Test
  void aNodeThatIsWokenGoesOnWithItsNext() {
    node.does(
        context -> {
          context.once("acme:charge", provider::charge);
          if (context.wakeups() < 2) {
            return NodeResult.parked(Duration.ofMinutes(1));
          }
          return context.attempt() == 0
              ? new NodeResult.Failed("acme.later", "Not yet", true)
              : NodeResult.completed();
        });

    String runId = host.finish(ACT);

    // The second attempt went the same way from its start.
    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog().log().hasAttempts("act", 0, 1);
    assertThat(provider.asked)
        .containsExactly(id(runId, "act", 0), id(runId, "act", 1), id(runId, "act", 2));
  }

  @Test
  void nodesAndRunsDoNotShareTheirs() {
    node.does(
        context -> {
          context.once("acme:charge", provider::charge);
          return NodeResult.completed();
        });
    WorkflowBuilder two = workflow("two").chain("test.act", "act", "bill");

    String first = host.finish(two);
    String second = host.finish(two);

    assertThat(provider.asked)
        .containsExactly(
            id(first, "act", 0), id(first, "bill", 0), id(second, "act", 0), id(second, "bill", 0));
  }

  @Test
  void whatItGivesIsTheSameTheFirstTimeAndLater() {
    List<Object> given = new ArrayList<>();
    Map<String, @Nullable Object> value = new HashMap<>();
    value.put("float", 1.5f);
    value.put("long", 5_000_000_000L);
    value.put("none", null);
    value.put("list", List.of("\u2028ü"));
    node.does(
        context -> {
          given.add(
              Json.members(
                  "value", context.once("k", id -> value), "null", context.once("k", id -> null)));
          return new NodeResult.Failed("acme.later", "Not yet", true);
        });

    host.finish(ACT);

    assertThat(given).hasSize(4);
    assertThat(given).allSatisfy(each -> assertThat(each).isEqualTo(given.get(0)));
    assertThat(Json.object(given.get(0), "")).containsKey("null").containsKey("value");
  }

  @ParameterizedTest
  @ValueSource(strings = {"too-large", "not-json", "lone-surrogate"})
  void whatCannotBeStoredIsNotAskedForAgain(String given) {
    Object value =
        switch (given) {
          case "too-large" -> "x".repeat(1 << 20);
          case "not-json" -> new Unwritable();
          default -> "\ud800";
        };
    node.does(
        context -> {
          try {
            context.once("k", id -> List.of(provider.charge(id), value));
            return NodeResult.completed();
          } catch (NodeFailedException e) {
            assertThat(e.retryable()).isFalse();
            return context.attempt() == 0
                ? new NodeResult.Failed("acme.later", "Not yet", true)
                : new NodeResult.Failed(e.code(), String.valueOf(e.getMessage()), false);
          }
        });

    String runId = host.finish(ACT);

    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError(
            given.equals("too-large")
                ? "heddle.effect_result_too_large"
                : "heddle.effect_result_invalid");
    assertThat(provider.asked).hasSize(1);
  }

  @Test
  void theLargestResultIsStored() {
    String largest = "x".repeat((1 << 20) - 2);
    node.does(
        context ->
            NodeResult.completed(
                Map.of("same", largest.equals(context.once("k", invocationId -> largest)))));

    assertThat(outputs(host.finish(ACT))).isEqualTo(Map.of("same", true));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  ", "a\0b", "\udc00"})
  void aProviderKeyThatTellsNothingIsRefused(String key) {
    node.does(context -> NodeResult.completed(Json.members("a", context.once(key, id -> 1))));

    host.assertThat(host.finish(ACT)).is(RunStatus.FAILED).hasError("heddle.provider_key_invalid");
  }

  @Test
  void aProviderKeyIsBounded() {
    node.does(
        context -> NodeResult.completed(Json.members("a", context.once("k".repeat(256), id -> 1))));
    assertThat(outputs(host.finish(ACT))).isEqualTo(Map.of("a", 1));
    node.does(
        context -> NodeResult.completed(Json.members("a", context.once("k".repeat(257), id -> 1))));
    host.assertThat(host.finish(ACT)).is(RunStatus.FAILED).hasError("heddle.provider_key_invalid");
  }

  @Test
  void aPureNodeHasNone() {
    pure.does(
        context ->
            NodeResult.completed(Json.members("a", context.once("acme:charge", provider::charge))));

    String runId = host.finish(workflow("pure").node("act", "test.pure").maxRetries(3));

    host.assertThat(runId)
        .is(RunStatus.FAILED)
        .hasError("heddle.effect_in_pure_node")
        .log()
        .hasAttempts("act", 0);
    assertThat(provider.asked).isEmpty();
  }

  @Test
  void executorsOfOneLeaseWaitForTheOneThatPerformsIt() throws Exception {
    Execution execution = leased();
    Effects effects = new Effects(host.stores().effects(), Duration.ofSeconds(30));
    CountDownLatch all = new CountDownLatch(6);

    List<Object> given =
        AtOnce.call(
            6,
            caller -> {
              try {
                var invocation = effects.of(execution).next("acme:charge");
                all.countDown();
                return Objects.requireNonNull(
                    invocation.once(
                        id -> {
                          all.await();
                          return provider.charge(id);
                        }));
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });

    assertThat(provider.asked).hasSize(1);
    assertThat(given).hasSize(6).containsOnly(Map.of("charge", 1));
  }

  @Test
  void andDoNotWaitForEver() throws Exception {
    Execution execution = leased();
    LogicalEffect effect = LogicalEffect.of(execution, 0, "acme:charge");
    host.stores().effects().claim(execution, effect, "somebody-who-takes-long");

    assertThat(refusal(execution, Duration.ofMillis(30))).isEqualTo("heddle.effect_under_way true");
    assertThat(provider.asked).isEmpty();
    host.stores().effects().release(execution, effect, "somebody-who-takes-long");
    assertThat(
            new Effects(host.stores().effects(), Duration.ofMillis(30))
                .of(execution)
                .next("acme:charge")
                .once(provider::charge))
        .isEqualTo(Map.of("charge", 1));
  }

  @Test
  void norDoTheyRepeatWhatTheOtherCouldNotTell() throws Exception {
    Execution execution = leased();
    LogicalEffect effect = LogicalEffect.of(execution, 0, "acme:charge");
    host.stores().effects().claim(execution, effect, "somebody-who-fails");
    FutureTask<String> waiting = new FutureTask<>(() -> refusal(execution, Duration.ofSeconds(30)));
    Thread thread = new Thread(waiting);
    thread.start();
    await("the executor to wait").until(() -> thread.getState() == Thread.State.TIMED_WAITING);

    host.stores().effects().release(execution, effect, "somebody-who-fails");

    assertThat(waiting.get()).isEqualTo("heddle.effect_unknown true");
    assertThat(provider.asked).isEmpty();
  }

  private String refusal(Execution execution, Duration patience) throws Exception {
    try {
      new Effects(host.stores().effects(), patience)
          .of(execution)
          .next("acme:charge")
          .once(provider::charge);
      return "performed";
    } catch (NodeFailedException e) {
      return e.code() + " " + e.retryable();
    }
  }

  /** A run that is held, and that nobody executes. */
  private Execution leased() {
    var run = SampleRuns.create(host.stores(), "node-of-a-test");
    return new Execution(run.tenant(), run.runId(), run.leaseEpoch(), "act", 0, 0, 0);
  }

  private @Nullable Object outputs(String runId) {
    return Json.parseObject(
            host.assertThat(runId)
                .is(RunStatus.COMPLETED)
                .log()
                .only(EventType.NODE_COMPLETED, "act")
                .payload())
        .get("outputs");
  }

  private static String id(String runId, String nodeId, int ordinal) {
    Execution execution = new Execution(SampleRuns.TENANT, runId, 0, nodeId, 0, 0, 0);
    return LogicalEffect.of(execution, ordinal, "acme:charge").invocationId();
  }

  /** Tells every charge it was asked for, and knows nothing of idempotency. */
  private static final class Provider {

    final List<String> asked = new CopyOnWriteArrayList<>();

    Object charge(String invocationId) {
      asked.add(invocationId);
      return Map.of("charge", asked.size());
    }
  }

  /** A value whose only property cannot be read. */
  public static final class Unwritable {

    public String getValue() {
      throw new IllegalStateException("secret");
    }
  }
}
