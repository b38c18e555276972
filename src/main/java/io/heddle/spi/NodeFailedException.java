package io.heddle.spi;

import java.io.Serial;
import java.util.Objects;

/**
 * Fails a node with a code of its own. An executor may throw it from anywhere below {@link
 * NodeExecutor#execute}, which is the same as returning {@link NodeResult.Failed}; the methods of
 * {@link NodeContext} throw it for what they refuse.
 */
public final class NodeFailedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final String code;

  private final boolean retryable;

  /**
   * @param code machine-readable, lower snake case or {@code vendor.name}; part of the event log
   * @param message for people, without secrets; part of the event log
   * @param retryable whether a repetition may succeed
   */
  public NodeFailedException(String code, String message, boolean retryable) {
    super(Objects.requireNonNull(message), null, false, true);
    this.code = Objects.requireNonNull(code);
    this.retryable = retryable;
  }

  /** Machine-readable, never null. */
  public String code() {
    return code;
  }

  /** Whether a repetition may succeed. */
  public boolean retryable() {
    return retryable;
  }
}
