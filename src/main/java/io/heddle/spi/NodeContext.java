package io.heddle.spi;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an executor may know of the node it executes, and the channels it may write to. Valid only
 * during the call; immutable but for the channels.
 */
public interface NodeContext {

  /** The tenant that owns the run. */
  String tenantId();

  /** The run. */
  String runId();

  /** The workflow that the run executes. */
  String workflowId();

  /** The node, unique within its workflow. */
  String nodeId();

  /** How often a loop brought the run to this node before: 0 for the first time. */
  int visit();

  /** How often this node was started before in this visit: 0 for the first time. */
  int attempt();

  /** The node's {@code config} object as registered, never null. */
  Map<String, @Nullable Object> config();

  /** The resolved input ports. A port whose optional source has no value is absent. */
  Map<String, @Nullable Object> inputs();

  /** The run's {@code configurable} object as given at creation, never null. */
  Map<String, @Nullable Object> configurable();

  /** How often this attempt was woken after {@link NodeResult.Parked}: 0 for the first call. */
  int wakeups();

  /**
   * How the last question of this node ended; null before it asked one in this visit. It stays the
   * same when the node is started again after a failure or the death of a process.
   */
  @Nullable Resumption resumption();

  /**
   * What the last {@link NodeResult.Parked} or {@link NodeResult.Suspended} of this attempt
   * remembered; empty at the first call.
   */
  Map<String, @Nullable Object> memo();

  /** The channels of the run. */
  Channels channels();
}
