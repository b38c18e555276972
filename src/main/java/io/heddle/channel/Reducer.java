package io.heddle.channel;

import io.heddle.json.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a written value and the value that is there make the next one. */
public enum Reducer {
  /** The latest value. */
  REPLACE,
  /** All values in the order of their writes. */
  APPEND,
  /** An object; a write overwrites the members it names. */
  MERGE,
  /** The sum of all values. */
  COUNTER,
  /** One vote per voter, the latest; in the order of their writes. */
  VOTES,
  /** All values in the order of their writes. */
  FEEDBACK,
  /** All messages in the order of their writes, but each {@code messageId} only once. */
  MESSAGE;

  private static final String MESSAGE_ID = "messageId";

  /** The reducer of this name, as a definition and an event spell it. */
  public static Optional<Reducer> named(@Nullable Object name) {
    return Arrays.stream(values()).filter(reducer -> reducer.spelling().equals(name)).findFirst();
  }

  /** The name that a definition and an event give it. */
  public String spelling() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether the value is a list with an entry per write. */
  public boolean keepsEntries() {
    return switch (this) {
      case APPEND, VOTES, FEEDBACK, MESSAGE -> true;
      case REPLACE, MERGE, COUNTER -> false;
    };
  }

  /** Whether entries may be dropped, because they are too old or there are too many. */
  public boolean dropsEntries() {
    return keepsEntries() && this != MESSAGE;
  }

  /** The value before the first write, unless the channel has a default. */
  public @Nullable Object initial() {
    return switch (this) {
      case REPLACE -> null;
      case APPEND, VOTES, FEEDBACK, MESSAGE -> List.of();
      case MERGE -> Json.members();
      case COUNTER -> 0;
    };
  }

  /** What a value must be to be written, as a predicate; empty if it is that. */
  Optional<String> fault(@Nullable Object value) {
    boolean fits =
        switch (this) {
          case REPLACE, APPEND, FEEDBACK -> true;
          case MERGE -> value instanceof Map;
          case COUNTER -> value instanceof Number;
          case VOTES -> voter(value) != null;
          case MESSAGE -> messageId(value) != null;
        };
    return fits
        ? Optional.empty()
        : Optional.of(
            switch (this) {
              case MERGE -> "must be an object";
              case COUNTER -> "must be a number";
              case VOTES -> "must be an object with the text userId or voter";
              default -> "must be an object with the text " + MESSAGE_ID;
            });
  }

  /**
   * The next value.
   *
   * @param current the value that is there, which is never changed
   * @param entry what is added to a list: the value, or what it is wrapped in
   * @param value the value that was written, which has no {@link #fault}
   */
  @Nullable Object reduce(
      @Nullable Object current, @Nullable Object entry, @Nullable Object value, boolean wrapped) {
    return switch (this) {
      case REPLACE -> value;
      case APPEND, FEEDBACK -> appended(entries(current), entry);
      case MERGE -> merged(current, value);
      case COUNTER -> sum(current, value);
      case VOTES -> {
        List<@Nullable Object> others = new ArrayList<>(entries(current));
        others.removeIf(it -> Objects.equals(voter(ChannelFold.value(it, wrapped)), voter(value)));
        yield appended(others, entry);
      }
      case MESSAGE ->
          entries(current).stream().anyMatch(it -> Objects.equals(messageId(it), messageId(value)))
              ? current
              : appended(entries(current), entry);
    };
  }

  @SuppressWarnings("unchecked")
  static List<@Nullable Object> entries(@Nullable Object current) {
    return (List<@Nullable Object>) Objects.requireNonNull(current);
  }

  private static List<@Nullable Object> appended(
      List<@Nullable Object> entries, @Nullable Object entry) {
    List<@Nullable Object> appended = new ArrayList<>(entries.size() + 1);
    appended.addAll(entries);
    appended.add(entry);
    return appended;
  }

  private static Map<String, @Nullable Object> merged(
      @Nullable Object current, @Nullable Object value) {
    Map<String, @Nullable Object> merged = Json.members();
    merged.putAll(Json.object(current, ""));
    merged.putAll(Json.object(value, ""));
    return merged;
  }

  /**
   * Whole numbers are added exactly. All others keep 34 digits, lest a number with a huge exponent
   * be written out in full.
   */
  private static Number sum(@Nullable Object current, @Nullable Object value) {
    String a = String.valueOf(current);
    String b = String.valueOf(value);
    if (isWhole(current) && isWhole(value)) {
      return shortest(new BigInteger(a).add(new BigInteger(b)));
    }
    BigDecimal sum = new BigDecimal(a).add(new BigDecimal(b), MathContext.DECIMAL128);
    return sum.scale() == 0 ? shortest(sum.unscaledValue()) : sum;
  }

  private static boolean isWhole(@Nullable Object number) {
    return number instanceof Integer || number instanceof Long || number instanceof BigInteger;
  }

  // As it will be read back from the store.
  private static Number shortest(BigInteger number) {
    if (number.bitLength() < Integer.SIZE) {
      return number.intValue();
    }
    return number.bitLength() < Long.SIZE ? (Number) number.longValue() : number;
  }

  private static @Nullable String voter(@Nullable Object vote) {
    String userId = text(vote, "userId");
    return userId == null ? text(vote, "voter") : userId;
  }

  private static @Nullable String messageId(@Nullable Object message) {
    return text(message, MESSAGE_ID);
  }

  private static @Nullable String text(@Nullable Object object, String member) {
    return object instanceof Map<?, ?> members && members.get(member) instanceof String text
        ? text
        : null;
  }
}
