package io.heddle.spi;

import java.io.Serial;

/**
 * A channel did not do what a node asked of it. An executor that lets it pass fails its node with
 * this code, which no repetition cures.
 */
public final class ChannelException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final String code;

  /**
   * @param code machine-readable, lower snake case; part of the event log
   * @param message for people, without any value of the channel; part of the event log
   */
  public ChannelException(String code, String message) {
    super(message);
    this.code = code;
  }

  /** {@code channel_access_denied}, {@code validation_error} or {@code heddle.channel_unknown}. */
  public String code() {
    return code;
  }
}
