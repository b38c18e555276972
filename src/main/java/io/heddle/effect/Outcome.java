package io.heddle.effect;

/**
 * What an effect came to.
 *
 * @param failed whether the provider refused for good
 * @param json the result, or the code and message of the failure, as JSON text
 */
public record Outcome(boolean failed, String json) {

  // It may hold what the provider said in confidence.
  @Override
  public String toString() {
    return "Outcome[failed=" + failed + "]";
  }
}
