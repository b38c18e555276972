package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.kit.ContractViolation;
import io.heddle.kit.KitRun;
import io.heddle.kit.NodeExecutorKit;
import io.heddle.spi.Artifact;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.spi.WorkflowNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the kit for embedders finds in executors, and what it lets pass. */
@Timeout(30)
class ExecutorsAreCheckedByTheKitTest {

  private interface Body {
    NodeResult execute(NodeContext node) throws Exception;
  }

  @Test
  void anEffectIsPerformedOnceThoughTheProcessDiesAfterEach() {
    List<String> provider = new ArrayList<>();

    KitRun run =
        kit(node -> {
              Object first = node.once("acme:charge", provider::add);
              Object second = node.once("acme:mail", id -> provider.add(id) ? "sent" : "");
              return NodeResult.completed(Map.of("first", first, "second", second));
            })
            .run();

    assertThat(run.outputs()).isEqualTo(Map.of("first", true, "second", "sent"));
    assertThat(run.effects())
        .extracting(KitRun.Effect::providerKey)
        .containsExactly("acme:charge", "acme:mail");
    assertThat(run.effects())
        .extracting(KitRun.Effect::invocationId)
        .isEqualTo(provider)
        .doesNotHaveDuplicates();
    // It died twice.
    assertThat(run.attempts()).isEqualTo(3);
  }

  @Test
  void anEffectThatFailsIsTriedAgainUnlessForGood() {
    AtomicInteger calls = new AtomicInteger();
    KitRun run =
        kit(node ->
                NodeResult.completed(
                    Map.of(
                        "call",
                        node.once(
                            "acme:charge",
                            id -> {
                              if (calls.incrementAndGet() < 3) {
                                throw new IllegalStateException("The line is down");
                              }
                              return calls.get();
                            }))))
            .run();
    assertThat(run.outputs()).isEqualTo(Map.of("call", 3));

    KitRun refused =
        kit(node -> {
              node.once(
                  "acme:charge",
                  id -> {
                    calls.incrementAndGet();
                    throw new NodeFailedException("acme.card_refused", "No", false);
                  });
              return NodeResult.completed();
            })
            .run();
    assertThat(refused.result()).isEqualTo(new NodeResult.Failed("acme.card_refused", "No", false));
    assertThat(calls).hasValue(4);
  }

  @Test
  void effectsThatDependOnTheAttemptAreFound() {
    violates(
        node -> {
          node.once("acme:charge-" + node.attempt(), id -> true);
          return NodeResult.completed();
        },
        "The effect at place 0 was acme:charge-0 and is acme:charge-1 when the node is tried again");
    violates(
        node -> {
          node.once("acme:a", id -> true);
          if (node.attempt() > 1) {
            node.once("acme:b", id -> true);
          }
          return NodeResult.completed();
        },
        "performed the further effect acme:b when it was called again");
  }

  @Test
  void aViolationThatTheExecutorCatchesIsFoundAllTheSame() {
    violates(
        node -> {
          try {
            node.once("acme:charge-" + node.attempt(), id -> true);
          } catch (Throwable e) {
            return NodeResult.completed();
          }
          return NodeResult.completed();
        },
        "is acme:charge-1 when the node is tried again");
  }

  @Test
  void outputsThatDifferAreFound() {
    AtomicInteger calls = new AtomicInteger();
    violates(
        node -> NodeResult.completed(Map.of("call", calls.incrementAndGet())),
        "came to {\"outputs\":{\"call\":1}");
    violates(
        node -> {
          node.addArtifact(Artifact.json("acme.plan", calls.incrementAndGet()));
          return NodeResult.completed();
        },
        "The executor came to ");
    violates(
        node -> {
          node.channels().write("count", calls.incrementAndGet());
          return NodeResult.completed();
        },
        "The executor came to ");
  }

  @Test
  void whatIsNotTheSameAfterItWasStoredIsFound() {
    violates(
        node -> NodeResult.completed(Map.of("at", Instant.EPOCH)),
        "The outputs hold a java.time.Instant, which would be read back as something else at /at.");
    violates(
        node -> NodeResult.completed(Map.of("list", List.of(1, Double.NaN))),
        "The outputs hold a number that JSON does not have at /list/1.");
    violates(
        node -> {
          Map<String, Object> circle = new HashMap<>();
          circle.put("text", "\ud800");
          return NodeResult.completed(circle);
        },
        "The outputs hold what is no JSON.");
    violates(
        node -> NodeResult.completed(Map.of("id", node.once("acme:charge", id -> new Object()))),
        "The effect acme:charge gave a java.lang.Object");
  }

  @Test
  void anEffectOfAPureExecutorIsFound() {
    assertThatThrownBy(
            () ->
                NodeExecutorKit.of(
                        executor(
                            true,
                            node -> {
                              node.once("acme:charge", id -> true);
                              return NodeResult.completed();
                            }))
                    .run())
        .isInstanceOf(ContractViolation.class)
        .hasMessage("The executor is pure() and asked for the effect acme:charge.");
  }

  @Test
  void anExecutorThatMindsNoInterruptIsFound() {
    CountDownLatch end = new CountDownLatch(1);
    AtomicInteger calls = new AtomicInteger();
    try {
      assertThatThrownBy(
              () ->
                  kit(node -> {
                        // The third call is the interrupted one.
                        while (calls.get() >= 2 && end.getCount() > 0) {
                          try {
                            end.await();
                          } catch (InterruptedException e) {
                            Thread.onSpinWait();
                          }
                        }
                        calls.incrementAndGet();
                        return NodeResult.completed();
                      })
                      .patience(Duration.ofMillis(100))
                      .run())
          .isInstanceOf(ContractViolation.class)
          .hasMessage("The executor was interrupted and still goes on after 100 ms.");
    } finally {
      end.countDown();
    }
    violates(
        node -> {
          for (int i = 0; i < 2; i++) {
            try {
              node.once("acme:step", id -> true);
            } catch (InterruptedException e) {
              // Goes on, which it must not.
            }
          }
          return NodeResult.completed();
        },
        "The executor was interrupted and went on all the same: it asked for the effect acme:step.");
  }

  @Test
  void anExecutorThatMayParkFailUseChannelsAndVersionsPasses() {
    assertThat(kit(node -> NodeResult.parked(Duration.ofHours(1))).run().result())
        .isEqualTo(NodeResult.parked(Duration.ofHours(1)));
    assertThat(kit(node -> NodeResult.failed("acme.no_stock", "None")).run().result())
        .isEqualTo(NodeResult.failed("acme.no_stock", "None"));
    assertThat(
            kit(node -> {
                  node.channels().write("count", 2);
                  node.channels().write("count", 3);
                  return NodeResult.completed(
                      Map.of(
                          "count",
                          node.channels().get("count"),
                          "version",
                          node.getVersion("change", -1, 4),
                          "name",
                          node.inputs().get("name")));
                })
                .inputs(Map.of("name", "Ada"))
                .run()
                .outputs())
        .isEqualTo(Map.of("count", 5, "version", 4, "name", "Ada"));
  }

  @Test
  void whatAnExecutorThrewIsTheCauseOfMissingOutputs() {
    IllegalStateException thrown = new IllegalStateException("The line is down");
    KitRun run =
        kit(node -> {
              throw thrown;
            })
            .retries(1)
            .run();

    assertThat(run.attempts()).isEqualTo(2);
    assertThatThrownBy(run::outputs).isInstanceOf(ContractViolation.class).hasCause(thrown);
  }

  @Test
  void aMethodIsCheckedLikeAnExecutor() {
    assertThat(
            NodeExecutorKit.ofMethod(new Greeter(), "acme.greet")
                .inputs(Map.of("name", "Ada"))
                .run()
                .outputs())
        .isEqualTo(Map.of("greeting", "Hello Ada"));
    assertThatThrownBy(() -> NodeExecutorKit.ofMethod(new Greeter(), "acme.nobody"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no method that is the node type 'acme.nobody'");
  }

  record Guest(String name) {}

  record Greeting(String greeting) {}

  static class Greeter {

    @WorkflowNode("acme.greet")
    Greeting greet(Guest guest) {
      return new Greeting("Hello " + guest.name());
    }
  }

  private static void violates(Body body, String message) {
    assertThatThrownBy(() -> kit(body).run())
        .isInstanceOf(ContractViolation.class)
        .hasMessageContaining(message);
  }

  private static NodeExecutorKit kit(Body body) {
    return NodeExecutorKit.of(executor(false, body)).channel("count", "counter");
  }

  private static NodeExecutor executor(boolean pure, Body body) {
    return new NodeExecutor() {

      @Override
      public String typeId() {
        return "acme.checked";
      }

      @Override
      public boolean pure() {
        return pure;
      }

      @Override
      public NodeResult execute(NodeContext node) throws Exception {
        return body.execute(node);
      }
    };
  }
}
