package io.heddle.spi;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Executes every node of one type. A Spring bean of this type is found by the engine and makes its
 * {@link #typeId()} usable in workflow definitions.
 *
 * <p>Implementations must be thread-safe: one instance serves all runs of a host at the same time.
 * The engine calls {@link #execute} again from the start when the process died before the result
 * was stored, so an effect outside the run must be safe to repeat or go through {@link
 * NodeContext#once}.
 */
public interface NodeExecutor {

  /**
   * The node type, as written in {@code typeId} of a workflow node: {@code ^[a-z][a-zA-Z0-9._-]*$},
   * at most 256 characters. {@code core.} and {@code openwop.} are reserved.
   */
  String typeId();

  /**
   * Whether the node neither reads nor changes anything but its inputs and the channels of its run.
   * The engine may join the steps of pure nodes into one commit; any other node has its start
   * committed before it runs.
   */
  default boolean pure() {
    return false;
  }

  /**
   * Whether a replay of a run takes what such a node came to from the run that it repeats, rather
   * than execute it. Must be true if the node does anything that can be seen outside of its run, or
   * looks at anything that may be different the next time. What is not {@link #pure()} is taken for
   * it whatever this says.
   */
  default boolean sideEffecting() {
    return !pure();
  }

  /**
   * What the host must offer at run time for nodes of this type, by id, for example {@code
   * acme.printer}. A run that reaches such a node on a host without it fails with {@code
   * capability_not_provided}, and the node is not started.
   */
  default Set<String> requires() {
    return Set.of();
  }

  /**
   * The secrets that a node of this type asks for by {@link NodeContext#secret}. A run is not
   * created as long as one of them is not provisioned for it.
   *
   * @param config the node's {@code config} object as it passed {@link #configFaults}, never null
   * @return their ids; never null
   */
  default Set<String> requiresSecrets(Map<String, @Nullable Object> config) {
    return Set.of();
  }

  /**
   * Checks the configuration of a node when a workflow that uses it is registered.
   *
   * @param config the node's {@code config} object, never null
   * @return the faults: JSON pointer inside {@code config} to what is wrong there; empty when fine
   */
  default Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    return Map.of();
  }

  /**
   * Executes one node once.
   *
   * @return the outcome, never null
   * @throws InterruptedException when the run was cancelled or this node lost it; the engine drops
   *     whatever was done
   * @throws NodeFailedException a failure with a code, recorded as it says
   * @throws Exception any other failure: recorded as a retryable failure of the node, without its
   *     message
   */
  NodeResult execute(NodeContext context) throws Exception;
}
