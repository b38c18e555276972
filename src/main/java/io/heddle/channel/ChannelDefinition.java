package io.heddle.channel;

import io.heddle.schema.JsonSchema;
import org.jspecify.annotations.Nullable;

/**
 * A channel of a workflow.
 *
 * @param declared false for a channel that only its writing nodes tell of; its value is a variable
 * @param schema what a value must fit to be written, or null for anything
 * @param schemaOfList whether the schema is that of the whole list and not of an entry
 * @param initial the value before the first write
 * @param maxSize the most entries or members, at least 1; null for no limit
 * @param ttlMs how long an entry is kept, in milliseconds, at least 1; null for ever
 * @param schemaVersion at least 1
 */
public record ChannelDefinition(
    String name,
    boolean declared,
    Reducer reducer,
    @Nullable JsonSchema schema,
    boolean schemaOfList,
    @Nullable Object initial,
    @Nullable Long maxSize,
    @Nullable Long ttlMs,
    ChannelAccess access,
    long schemaVersion) {

  /** A channel that only the nodes that write to it tell of. */
  public static ChannelDefinition implied(String name, Reducer reducer, @Nullable Long ttlMs) {
    return new ChannelDefinition(
        name, false, reducer, null, false, reducer.initial(), null, ttlMs, ChannelAccess.PUBLIC, 1);
  }

  /** This channel with a default. */
  public ChannelDefinition startingAt(@Nullable Object value) {
    return new ChannelDefinition(
        name,
        declared,
        reducer,
        schema,
        schemaOfList,
        value,
        maxSize,
        ttlMs,
        access,
        schemaVersion);
  }

  // The default may be a secret.
  @Override
  public String toString() {
    return "ChannelDefinition[name=%s, reducer=%s]".formatted(name, reducer);
  }
}
