package io.heddle.kit;

import io.heddle.effect.Execution;
import io.heddle.effect.LogicalEffect;
import io.heddle.json.Json;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.SideEffect;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the effects of one node came to, which is all that outlives its process. Thread-safe. */
final class KitEffects {

  private static final int LARGEST_OUTCOME = 1 << 20;

  private record Settled(LogicalEffect effect, boolean failed, String json) {}

  private final Execution execution;

  private final List<Settled> settled = new ArrayList<>();

  KitEffects(Execution execution) {
    this.execution = execution;
  }

  synchronized int size() {
    return settled.size();
  }

  synchronized List<KitRun.Effect> all() {
    return settled.stream()
        .map(it -> new KitRun.Effect(it.effect().providerKey(), it.effect().invocationId()))
        .toList();
  }

  /** The key of the effect at a place; null if none was settled there. */
  synchronized @Nullable String keyAt(int ordinal) {
    return ordinal < settled.size() ? settled.get(ordinal).effect().providerKey() : null;
  }

  /** Performs an effect and keeps what it came to, unless it threw what is not for good. */
  synchronized void perform(int ordinal, String providerKey, SideEffect performer)
      throws Exception {
    LogicalEffect effect = LogicalEffect.of(execution, ordinal, providerKey);
    boolean failed = false;
    Object outcome;
    try {
      outcome = performer.perform(effect.invocationId());
    } catch (NodeFailedException e) {
      if (e.retryable()) {
        throw e;
      }
      failed = true;
      outcome = Json.members("code", e.code(), "message", String.valueOf(e.getMessage()));
    }
    String json = PlainJson.write("The effect " + providerKey + " gave", outcome);
    if (json.length() > LARGEST_OUTCOME) {
      throw new ContractViolation(
          "The effect %s gave more than a MiB of JSON.".formatted(providerKey), null);
    }
    settled.add(new Settled(effect, failed, json));
  }

  /** What a settled effect gives its executor. */
  synchronized @Nullable Object given(int ordinal) {
    Settled known = settled.get(ordinal);
    if (!known.failed()) {
      return Json.parse(known.json());
    }
    Map<String, @Nullable Object> failure = Json.parseObject(known.json());
    throw new NodeFailedException(
        String.valueOf(failure.get("code")), String.valueOf(failure.get("message")), false);
  }
}
