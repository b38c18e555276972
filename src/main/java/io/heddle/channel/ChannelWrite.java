package io.heddle.channel;

import org.jspecify.annotations.Nullable;

/**
 * A write to a channel as its event tells it.
 *
 * @param reducer the one of the event, whatever the channel says by now
 * @param value what was written; on a channel with a time to live wrapped in an object with {@code
 *     value} and {@code _ts}
 * @param writtenAt milliseconds since 1970
 */
public record ChannelWrite(Reducer reducer, @Nullable Object value, long writtenAt) {

  // The value may be a secret.
  @Override
  public String toString() {
    return "ChannelWrite[reducer=%s, writtenAt=%d]".formatted(reducer, writtenAt);
  }
}
