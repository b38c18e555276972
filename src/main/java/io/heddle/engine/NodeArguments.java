package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeFailedException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What node code may say to the engine. The same for nodes of runs and for those that a kit tests,
 * so that a test finds what a host would refuse.
 */
public final class NodeArguments {

  /** How many artifacts one call of an executor can produce. */
  public static final int MOST_ARTIFACTS = 16;

  /** How many bytes an artifact can have. */
  public static final int LARGEST_ARTIFACT = 1 << 20;

  private static final int LONGEST_NAME = 256;

  private static final int SHORTEST_AGENT_ID = 3;

  /** How many characters an agent can tell at once. */
  static final int LONGEST_TOLD = 256 * 1024;

  // Below it an agent is not sure enough [interrupt.md §low-confidence].
  private static final double DEFAULT_THRESHOLD = 0.7;

  private static final String THRESHOLD = "escalationThreshold";

  private NodeArguments() {}

  /** Whether a text can be a name that node code gives to something. */
  static boolean isName(@Nullable String text) {
    return text != null
        && !text.isBlank()
        && text.length() <= LONGEST_NAME
        && text.indexOf('\0') < 0
        // One half of a surrogate would be stored as the other.
        && StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  /**
   * What a side effect is known by at its provider.
   *
   * @throws NodeFailedException if the text cannot be such a key
   */
  public static void requireProviderKey(@Nullable String providerKey) {
    if (!isName(providerKey)) {
      throw new NodeFailedException(
          "heddle.provider_key_invalid", "A provider key must have 1 to 256 characters", false);
    }
  }

  /**
   * What a version is asked for with.
   *
   * @throws NodeFailedException if nobody could tell which version is meant
   */
  public static void requireVersions(@Nullable String changeId, int min, int max) {
    if (!isName(changeId) || max < 0 || min > max) {
      throw refusal("A version needs a change id of 1 to 256 characters, min <= max and max >= 0");
    }
  }

  /**
   * The version that a run follows.
   *
   * @throws NodeFailedException if the node does not know it
   */
  public static int requireKnown(String changeId, int pinned, int min, int max) {
    if (pinned < min || pinned > max) {
      throw new NodeFailedException(
          "version_out_of_range",
          "The run follows version %d of %s, and the node knows %d to %d"
              .formatted(pinned, changeId, min, max),
          false);
    }
    return pinned;
  }

  /**
   * @throws NodeFailedException if the text cannot be the name of a tool
   */
  public static void requireToolName(@Nullable String toolName) {
    if (!isName(toolName)) {
      throw refusal("The name of a tool must have 1 to 256 characters");
    }
  }

  /**
   * @throws NodeFailedException if the text cannot be the id of an agent
   */
  public static void requireAgentId(@Nullable String agentId) {
    if (agentId == null || !isName(agentId) || agentId.length() < SHORTEST_AGENT_ID) {
      throw refusal("The id of an agent must have 3 to 256 characters");
    }
  }

  /**
   * How sure an agent says it is.
   *
   * @return null if it says nothing that is a number
   * @throws NodeFailedException if one cannot be as sure as that
   */
  public static @Nullable Double confidence(@Nullable Double given) {
    if (given == null || !Double.isFinite(given)) {
      return null;
    }
    if (given < 0 || given > 1) {
      throw refusal("A confidence is a number from 0 to 1");
    }
    return given;
  }

  /**
   * What an agent tells, as JSON.
   *
   * @throws NodeFailedException if it is too long for a log
   */
  public static void requireTellable(String json) {
    if (json.length() > LONGEST_TOLD) {
      throw refusal("What an agent tells must not exceed 256 KiB");
    }
  }

  /** For what is told of a tool call that there is not. */
  public static NodeFailedException noToolCall() {
    return refusal("There is no such tool call");
  }

  /** What a run asks of the confidence of its agents; ignored unless it is from 0 to 1. */
  public static double threshold(Map<String, @Nullable Object> configurable) {
    return configurable.get(THRESHOLD) instanceof Number wanted
            && wanted.doubleValue() >= 0
            && wanted.doubleValue() <= 1
        ? wanted.doubleValue()
        : DEFAULT_THRESHOLD;
  }

  /** The question whether a decision stands of which its agent is not sure enough. */
  public static InterruptRequest lowConfidence(
      String agentId, double threshold, @Nullable Object decision, double confidence) {
    return InterruptRequest.of(
        InterruptKind.LOW_CONFIDENCE,
        Json.members(
            "agentId",
            agentId,
            "threshold",
            threshold,
            "observed",
            confidence,
            "decision",
            decision));
  }

  static NodeFailedException refusal(String message) {
    return new NodeFailedException("validation_error", message, false);
  }
}
