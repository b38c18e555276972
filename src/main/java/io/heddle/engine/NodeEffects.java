package io.heddle.engine;

import io.heddle.effect.EffectStore;
import io.heddle.effect.Execution;
import io.heddle.effect.LogicalEffect;
import io.heddle.effect.Outcome;
import io.heddle.effect.Standing;
import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.SideEffect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/** The side effects of one call of an executor, in the order it asks for them. Thread-safe. */
public final class NodeEffects {

  private static final int LARGEST_OUTCOME = 1 << 20;

  private static final long FIRST_PAUSE_MILLIS = 10;

  private static final long LONGEST_PAUSE_MILLIS = 250;

  private final EffectStore store;

  private final Duration patience;

  private final Execution execution;

  private int next = -1;

  NodeEffects(EffectStore store, Duration patience, Execution execution) {
    this.store = store;
    this.patience = patience;
    this.execution = execution;
  }

  /**
   * The next effect.
   *
   * @throws NodeFailedException if the key is not acceptable
   */
  public Invocation next(String providerKey) throws InterruptedException {
    NodeArguments.requireProviderKey(providerKey);
    return new Invocation(LogicalEffect.of(execution, ordinal(), providerKey));
  }

  private synchronized int ordinal() throws InterruptedException {
    if (next < 0) {
      next =
          execution.isFirst()
              ? 0
              : UntilAnswered.ask(execution.runId(), () -> store.countBefore(execution));
    }
    return next++;
  }

  /** One effect, as one executor sees it. */
  public final class Invocation {

    private final LogicalEffect effect;

    private final String claimId = UUID.randomUUID().toString();

    private Invocation(LogicalEffect effect) {
      this.effect = effect;
    }

    /** What the effect is known by. */
    public String id() {
      return effect.invocationId();
    }

    /** See {@link NodeContext#once}. */
    public @Nullable Object once(SideEffect performer) throws Exception {
      Standing standing = ask(() -> store.claim(execution, effect, claimId));
      if (standing instanceof Standing.UnderWay) {
        standing = awaitOther();
      }
      if (standing instanceof Standing.Claimed) {
        return given(perform(performer));
      }
      if (standing instanceof Standing.Settled settled) {
        return given(settled.outcome());
      }
      if (standing instanceof Standing.Fenced) {
        throw lost();
      }
      // Performing it now as well would be one executor more than the effect was meant for.
      throw new NodeFailedException(
          "heddle.effect_unknown", "Another executor could not tell what the effect came to", true);
    }

    private Standing awaitOther() throws InterruptedException {
      long start = System.nanoTime();
      long pause = FIRST_PAUSE_MILLIS;
      while (System.nanoTime() - start < patience.toNanos()) {
        Thread.sleep(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
        Standing standing = ask(() -> store.look(execution, effect));
        if (!(standing instanceof Standing.UnderWay)) {
          return standing;
        }
      }
      throw new NodeFailedException(
          "heddle.effect_under_way", "Another executor is still performing the effect", true);
    }

    private Outcome perform(SideEffect performer) throws Exception {
      Outcome outcome;
      try {
        outcome = outcome(false, performer.perform(effect.invocationId()));
      } catch (NodeFailedException e) {
        if (e.retryable()) {
          release();
          throw e;
        }
        outcome = failure(e.code(), String.valueOf(e.getMessage()));
      } catch (Throwable e) {
        release();
        throw e;
      }
      Outcome settled = outcome;
      if (!ask(() -> store.settle(execution, effect, claimId, settled))) {
        throw lost();
      }
      return outcome;
    }

    private void release() throws InterruptedException {
      ask(
          () -> {
            store.release(execution, effect, claimId);
            return true;
          });
    }

    private <T> T ask(UntilAnswered.Query<T> query) throws InterruptedException {
      return UntilAnswered.ask(execution.runId(), query);
    }

    private static InterruptedException lost() {
      return new InterruptedException("The run belongs to somebody else");
    }
  }

  /** An outcome that can be stored: the effect has been performed, whatever it gave. */
  private static Outcome outcome(boolean failed, @Nullable Object value) {
    try {
      String json = Json.write(value);
      if (json.getBytes(StandardCharsets.UTF_8).length > LARGEST_OUTCOME) {
        return failure(
            "heddle.effect_result_too_large",
            "An effect can give at most %d bytes of JSON".formatted(LARGEST_OUTCOME));
      }
      Json.parse(json);
      return new Outcome(failed, json);
    } catch (JsonFault | JacksonException e) {
      return failure("heddle.effect_result_invalid", "The effect gave something that is no JSON");
    }
  }

  private static Outcome failure(String code, String message) {
    return outcome(true, Json.members("code", code, "message", message));
  }

  private static @Nullable Object given(Outcome outcome) {
    if (!outcome.failed()) {
      return Json.parse(outcome.json());
    }
    Map<String, @Nullable Object> failure = Json.parseObject(outcome.json());
    throw new NodeFailedException(
        String.valueOf(failure.get("code")), String.valueOf(failure.get("message")), false);
  }
}
