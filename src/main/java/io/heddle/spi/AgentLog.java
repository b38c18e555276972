package io.heddle.spi;

import org.jspecify.annotations.Nullable;

/**
 * Lets an executor tell what an agent does as it does it: the events are part of the run's log,
 * those of a failed attempt too. Thread-safe. Every method throws {@link NodeFailedException} for
 * what cannot be logged: texts or values of more than 256 KiB, values that are no JSON, a malformed
 * id; and nothing after the call has ended.
 */
public interface AgentLog {

  /** Who acts: the {@code agent.agentId} of the node, or one the host makes up for the node. */
  String agentId();

  /** A piece of reasoning, while more of it is to come; {@link #reasoned} ends it. */
  void reasoning(String delta);

  /**
   * What the agent reasoned. After pieces of it were told, this is all of them together, and the
   * given text is ignored.
   */
  void reasoned(String reasoning);

  /**
   * The agent calls a tool.
   *
   * @param toolName 1 to 256 characters
   * @param inputs a JSON value
   * @return the id that tells what comes back belongs to this call
   */
  String toolCalled(String toolName, @Nullable Object inputs);

  /**
   * A tool gave something.
   *
   * @param callId what {@link #toolCalled} returned
   * @param outcome a JSON value
   */
  void toolReturned(String callId, @Nullable Object outcome);

  /**
   * A tool failed.
   *
   * @param callId what {@link #toolCalled} returned
   * @param code machine-readable
   * @param message for people, without secrets
   */
  void toolFailed(String callId, String code, String message);

  /**
   * The agent leaves the rest to another one.
   *
   * @param toAgentId 3 to 256 characters
   * @param reason for people, or null
   */
  void handedOff(String toAgentId, @Nullable String reason);

  /**
   * The agent decided.
   *
   * @param decision a JSON value
   * @param confidence from 0 to 1, or null where it says nothing of it
   * @return whether it is sure enough; if not, the node should ask somebody with {@link
   *     #lowConfidence}
   */
  boolean decided(@Nullable Object decision, @Nullable Double confidence);

  /** The question that a decision below the threshold needs answered before it counts. */
  InterruptRequest lowConfidence(@Nullable Object decision, double confidence);
}
