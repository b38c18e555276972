package io.heddle.channel;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.schema.JsonSchema;
import io.heddle.schema.Violation;
import io.heddle.spi.ChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Folds the writes of one channel into its value. A function of the channel, its writes and their
 * times alone: the present time has no part in it, so a log gives the same value whenever it is
 * folded.
 */
public final class ChannelFold {

  /** The largest value of a channel, in characters of JSON. */
  public static final int MAX_CHARACTERS = 1_048_576;

  private static final int LONGEST_POINTER = 256;

  private static final String VALUE = "value";

  private static final String TIME = "_ts";

  private ChannelFold() {}

  /**
   * The write of a value, checked against what the channel says of single values.
   *
   * @param now milliseconds since 1970
   * @throws ChannelException if the channel never takes such a value
   */
  public static ChannelWrite write(ChannelDefinition channel, @Nullable Object value, long now) {
    Object own = own(channel, value);
    Optional<String> fault = channel.reducer().fault(own);
    if (fault.isPresent()) {
      throw refused(channel, "what is written %s".formatted(fault.get()));
    }
    if (!channel.schemaOfList()) {
      check(channel, own);
    }
    return new ChannelWrite(
        channel.reducer(),
        channel.ttlMs() == null ? own : Json.members(VALUE, own, TIME, now),
        now);
  }

  /**
   * The value of the channel after a write.
   *
   * @param current the value before it, which is not changed
   * @throws ChannelException if the channel cannot hold the value that would come of it
   */
  public static @Nullable Object fold(
      ChannelDefinition channel, @Nullable Object current, ChannelWrite write) {
    boolean wrapped = channel.ttlMs() != null;
    Reducer reducer = write.reducer();
    Object next =
        reducer.reduce(
            young(channel, current, write.writtenAt()),
            write.value(),
            value(channel, write),
            wrapped);
    next = bounded(channel, reducer, next);
    if (channel.schemaOfList()) {
      check(channel, Reducer.entries(next).stream().map(it -> value(it, wrapped)).toList());
    }
    if (next instanceof Number number && Double.isInfinite(number.doubleValue())) {
      throw refused(channel, "its sum would leave the range of a double");
    }
    if (Json.write(next).length() > MAX_CHARACTERS) {
      throw refused(channel, "it would hold more than %d characters".formatted(MAX_CHARACTERS));
    }
    return next;
  }

  /** What was written, out of a write. */
  public static @Nullable Object value(ChannelDefinition channel, ChannelWrite write) {
    return value(write.value(), channel.ttlMs() != null);
  }

  /** What was written, out of an entry of a list. */
  static @Nullable Object value(@Nullable Object entry, boolean wrapped) {
    return wrapped ? Json.object(entry, "").get(VALUE) : entry;
  }

  /** The value without the entries that were too old at a time. */
  private static @Nullable Object young(
      ChannelDefinition channel, @Nullable Object current, long now) {
    if (channel.ttlMs() == null) {
      return current;
    }
    long oldest = now - channel.ttlMs();
    List<@Nullable Object> young = new ArrayList<>(Reducer.entries(current));
    young.removeIf(entry -> time(entry) < oldest);
    return young;
  }

  private static long time(@Nullable Object entry) {
    return ((Number) Objects.requireNonNull(Json.object(entry, "").get(TIME))).longValue();
  }

  private static @Nullable Object bounded(
      ChannelDefinition channel, Reducer reducer, @Nullable Object next) {
    int size = size(next);
    if (channel.maxSize() == null || size <= channel.maxSize()) {
      return next;
    }
    if (reducer.dropsEntries()) {
      return new ArrayList<>(Reducer.entries(next).subList((int) (size - channel.maxSize()), size));
    }
    throw refused(channel, "it holds at most %d".formatted(channel.maxSize()));
  }

  private static int size(@Nullable Object value) {
    if (value instanceof List<?> list) {
      return list.size();
    }
    return value instanceof Map<?, ?> members ? members.size() : 0;
  }

  private static void check(ChannelDefinition channel, @Nullable Object value) {
    JsonSchema schema = channel.schema();
    if (schema == null) {
      return;
    }
    for (Violation violation : schema.validate(value)) {
      throw refused(
          channel,
          "its schema says of '%s' that it %s"
              .formatted(shown(violation.pointer()), violation.problem()));
    }
  }

  private static String shown(String pointer) {
    return pointer.length() <= LONGEST_POINTER
        ? pointer
        : pointer.substring(0, LONGEST_POINTER) + "…";
  }

  /** The value as it will be read back, with room for what wraps it on its way. */
  private static @Nullable Object own(ChannelDefinition channel, @Nullable Object value) {
    try {
      Map<String, @Nullable Object> wrapped = Json.members(VALUE, Json.members(VALUE, value));
      return Json.object(Json.parseObject(Json.write(wrapped)).get(VALUE), "").get(VALUE);
    } catch (JsonFault | JacksonException e) {
      throw refused(
          channel,
          "what is written must be JSON of at most %d levels".formatted(Json.MAX_DEPTH - 2));
    }
  }

  private static ChannelException refused(ChannelDefinition channel, String problem) {
    return new ChannelException(
        "validation_error",
        "The channel %s does not take the value: %s".formatted(channel.name(), problem));
  }
}
