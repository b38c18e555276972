package io.heddle.spi;

import org.jspecify.annotations.Nullable;

/**
 * The typed channels of a run, as one execution of a node sees them: what the run held when the
 * node started, and what this execution wrote since. Valid only during the call. Safe to use from
 * several threads of one executor.
 *
 * <p>What is written becomes part of the run when the node completes, parks or is suspended. The
 * writes of an execution that fails, is cancelled or dies with its process are dropped, so an
 * attempt that follows begins anew.
 */
public interface Channels {

  /**
   * The reduced value of a channel: its default, or what its reducer starts from, before anything
   * was written. The entries of a channel with a time to live are objects with {@code value} and
   * {@code _ts}, the time of the write in milliseconds since 1970.
   *
   * @param name a channel that the workflow declares
   * @return a JSON value of the caller's own; null for a {@code replace} channel without a value
   * @throws ChannelException if there is no such channel or this node may not read it
   */
  @Nullable Object get(String name);

  /**
   * Writes to a channel through its reducer.
   *
   * @param name a channel that the workflow declares
   * @param value a JSON value; for {@code counter} a number, for {@code merge} an object, for
   *     {@code votes} an object with the text {@code userId}, for {@code message} one with the text
   *     {@code messageId}
   * @throws ChannelException if there is no such channel, this node may not write to it, or the
   *     channel does not take the value
   */
  void write(String name, @Nullable Object value);
}
