package io.heddle.kit;

import io.heddle.spi.Artifact;
import io.heddle.spi.NodeResult;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an executor came to that kept to its contract. Immutable.
 *
 * @param result the outcome, with its values as JSON reads them back
 * @param effects what went through {@code once}, in its order; each was performed until it was
 *     settled and then never again
 * @param artifacts what the last call produced, in its order; empty unless it completed
 * @param channels the values of the channels after the last call
 * @param attempts how often the node was started until it came to its outcome, at least 1: more
 *     often than once where the process died or the executor failed
 * @param thrown what the last call threw; null if it returned
 */
public record KitRun(
    NodeResult result,
    List<Effect> effects,
    List<Artifact> artifacts,
    Map<String, @Nullable Object> channels,
    int attempts,
    @Nullable Throwable thrown) {

  /**
   * The outputs by name.
   *
   * @throws ContractViolation if the node did not complete; what the executor threw is its cause
   */
  public Map<String, ? extends @Nullable Object> outputs() {
    if (result instanceof NodeResult.Completed completed) {
      return completed.outputs();
    }
    throw new ContractViolation("The node did not complete but came to " + result, thrown);
  }

  /**
   * A side effect.
   *
   * @param providerKey what kind it is
   * @param invocationId what it was performed under, every time
   */
  public record Effect(String providerKey, String invocationId) {}
}
