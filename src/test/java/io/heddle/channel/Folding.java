package io.heddle.channel;

import io.heddle.json.Json;
import io.heddle.schema.InvalidSchemaException;
import io.heddle.schema.JsonSchema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Folds writes as the host does: each is checked, and then folded into the value. */
final class Folding {

  record Timed(@Nullable Object value, long at) {}

  private Folding() {}

  static ChannelDefinition channel(Reducer reducer) {
    return channel(reducer, null, null);
  }

  static ChannelDefinition channel(Reducer reducer, @Nullable Long maxSize, @Nullable Long ttlMs) {
    return new ChannelDefinition(
        "c",
        true,
        reducer,
        null,
        false,
        reducer.initial(),
        maxSize,
        ttlMs,
        ChannelAccess.PUBLIC,
        1);
  }

  static ChannelDefinition withSchema(Reducer reducer, String schema, boolean ofList)
      throws InvalidSchemaException {
    return new ChannelDefinition(
        "c",
        true,
        reducer,
        JsonSchema.compile(Json.parseObject(schema)),
        ofList,
        reducer.initial(),
        null,
        null,
        ChannelAccess.PUBLIC,
        1);
  }

  /** The value after writes, each given as JSON, all at one time. */
  static @Nullable Object fold(ChannelDefinition channel, String... values) {
    Object current = channel.initial();
    for (String value : values) {
      current = fold(channel, current, new Timed(Json.parse(value), 1_000));
    }
    return current;
  }

  static @Nullable Object fold(
      ChannelDefinition channel, @Nullable Object current, List<Timed> writes) {
    for (Timed write : writes) {
      current = fold(channel, current, write);
    }
    return current;
  }

  static @Nullable Object fold(ChannelDefinition channel, @Nullable Object current, Timed write) {
    return ChannelFold.fold(
        channel, current, ChannelFold.write(channel, write.value(), write.at()));
  }
}
