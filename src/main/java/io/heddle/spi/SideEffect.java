package io.heddle.spi;

import org.jspecify.annotations.Nullable;

/** Something that a node does outside its run, see {@link NodeContext#once}. */
@FunctionalInterface
public interface SideEffect {

  /**
   * Performs the effect.
   *
   * @param invocationId what the effect is known by, the same whenever it is performed again: 43
   *     characters of {@code [A-Za-z0-9_-]}, to be sent as the provider's {@code Idempotency-Key}
   * @return a JSON value, at most 1 MiB as text
   * @throws NodeFailedException that is not retryable: the provider refused for good
   * @throws Exception any other failure: nobody knows whether the effect took place
   */
  @Nullable Object perform(String invocationId) throws Exception;
}
