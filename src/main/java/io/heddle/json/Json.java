package io.heddle.json;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads and writes JSON as maps, lists, strings, numbers, booleans and {@code null}.
 *
 * <p>Reading is strict: duplicate members, lone surrogates, NUL characters (Postgres text cannot
 * hold them), numbers outside the range of a double and nesting deeper than {@value #MAX_DEPTH} are
 * refused with the pointer of their place. Objects keep their member order; integers are {@link
 * Integer}, {@link Long} or {@link BigInteger}, all other numbers {@link BigDecimal}. Thread-safe.
 */
public final class Json {

  /** The deepest nesting of arrays and objects that is read. */
  public static final int MAX_DEPTH = 64;

  // What the host itself may wrap around values it has accepted.
  private static final int WRAPPING = 16;

  private static final int MAX_POINTER = 256;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH + WRAPPING + 2)
                          .maxStringLength(Integer.MAX_VALUE)
                          .build())
                  .build())
          .build();

  private Json() {}

  /**
   * Reads exactly one JSON value from UTF-8 bytes.
   *
   * @throws JsonFault when the bytes are not one acceptable JSON value
   */
  public static @Nullable Object parse(byte[] utf8) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new JsonFault("", "must be UTF-8 text");
    }
    return parse(text);
  }

  /**
   * Reads exactly one JSON value.
   *
   * @throws JsonFault when the text is not one acceptable JSON value
   */
  public static @Nullable Object parse(String text) {
    return read(() -> MAPPER.createParser(text), 0);
  }

  /**
   * Reads a JSON object.
   *
   * @throws JsonFault when the text is not one acceptable JSON object
   */
  public static Map<String, @Nullable Object> parseObject(String text) {
    return object(parse(text), "");
  }

  /**
   * Reads an object that this host wrote around values it had accepted, which may therefore be
   * nested a little deeper than any of them.
   */
  public static Map<String, @Nullable Object> storedObject(String text) {
    return object(read(() -> MAPPER.createParser(text), -WRAPPING), "");
  }

  /** Casts a value that was read to an object, or refuses it at the given pointer. */
  @SuppressWarnings("unchecked")
  public static Map<String, @Nullable Object> object(@Nullable Object value, String pointer) {
    if (value instanceof Map<?, ?> map) {
      return (Map<String, @Nullable Object>) map;
    }
    throw new JsonFault(pointer, "must be an object");
  }

  /** Writes a value in its own member order. */
  public static String write(@Nullable Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /** Writes a value as UTF-8 in its own member order. */
  public static byte[] bytes(@Nullable Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  /** Whether two JSON values are the same; numbers are if they amount to the same. */
  public static boolean same(@Nullable Object a, @Nullable Object b) {
    if (a instanceof Number left && b instanceof Number right) {
      return number(left).compareTo(number(right)) == 0;
    }
    if (a instanceof List<?> left && b instanceof List<?> right) {
      Iterator<?> others = right.iterator();
      return left.size() == right.size()
          && left.stream().allMatch(item -> same(item, others.next()));
    }
    if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
      return left.keySet().equals(right.keySet())
          && left.entrySet().stream()
              .allMatch(member -> same(member.getValue(), right.get(member.getKey())));
    }
    return Objects.equals(a, b);
  }

  private static BigDecimal number(Number number) {
    return new BigDecimal(number.toString());
  }

  /** Writes a value with sorted members, so that equal values have equal bytes. */
  public static byte[] canonical(@Nullable Object value) {
    return write(sorted(value)).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * A value that equals every other one which says the same in JSON, whatever the order of its
   * members and the spelling of its numbers.
   */
  public static @Nullable Object normalised(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> normalised = new LinkedHashMap<>();
      map.forEach((key, member) -> normalised.put((String) key, normalised(member)));
      return normalised;
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> normalised = new ArrayList<>(list.size());
      for (Object item : list) {
        normalised.add(normalised(item));
      }
      return normalised;
    }
    if (value instanceof Number number) {
      return new BigDecimal(number.toString()).stripTrailingZeros();
    }
    return value;
  }

  /**
   * An object with members in the order given, which {@link Map#of} would not keep.
   *
   * @param namesAndValues names and values in turn
   */
  public static Map<String, @Nullable Object> members(@Nullable Object... namesAndValues) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      members.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return members;
  }

  /** Appends one reference token to a JSON pointer (RFC 6901). */
  public static String pointer(String parent, String token) {
    String pointer = parent + "/" + token.replace("~", "~0").replace("/", "~1");
    return pointer.length() <= MAX_POINTER ? pointer : pointer.substring(0, MAX_POINTER) + "…";
  }

  private static @Nullable Object sorted(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      TreeMap<String, @Nullable Object> sorted = new TreeMap<>();
      map.forEach((key, member) -> sorted.put((String) key, sorted(member)));
      return sorted;
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> sorted = new ArrayList<>(list.size());
      for (Object item : list) {
        sorted.add(sorted(item));
      }
      return sorted;
    }
    return value;
  }

  private interface ParserSource {
    JsonParser open();
  }

  private static @Nullable Object read(ParserSource source, int depth) {
    try (JsonParser parser = source.open()) {
      if (parser.nextToken() == null) {
        throw new JsonFault("", "must hold a JSON value");
      }
      Object value = value(parser, "", depth);
      if (parser.nextToken() != null) {
        throw new JsonFault("", "must hold a single JSON value");
      }
      return value;
    } catch (JacksonException e) {
      // The parser's own message quotes the input, which may be a secret.
      String place =
          e.getLocation() == null
              ? ""
              : " (line %d, column %d)"
                  .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
      throw new JsonFault("", "must be valid JSON" + place);
    }
  }

  private static @Nullable Object value(JsonParser parser, String pointer, int depth) {
    if (depth > MAX_DEPTH) {
      throw new JsonFault(pointer, "must not be nested deeper than " + MAX_DEPTH + " levels");
    }
    return switch (parser.currentToken()) {
      case START_OBJECT -> members(parser, pointer, depth);
      case START_ARRAY -> items(parser, pointer, depth);
      case VALUE_STRING -> text(parser.getString(), pointer);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser, pointer);
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      case VALUE_NULL -> null;
      default -> throw new JsonFault(pointer, "must be a JSON value");
    };
  }

  private static Map<String, @Nullable Object> members(
      JsonParser parser, String pointer, int depth) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = text(parser.currentName(), pointer);
      String place = pointer(pointer, name);
      if (members.containsKey(name)) {
        throw new JsonFault(place, "must not appear twice");
      }
      parser.nextToken();
      members.put(name, value(parser, place, depth + 1));
    }
    return members;
  }

  private static List<@Nullable Object> items(JsonParser parser, String pointer, int depth) {
    List<@Nullable Object> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(value(parser, pointer(pointer, String.valueOf(items.size())), depth + 1));
    }
    return items;
  }

  private static String text(String text, String pointer) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0) {
        throw new JsonFault(pointer, "must not hold a NUL character");
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new JsonFault(pointer, "must not hold a lone surrogate");
      }
    }
    return text;
  }

  private static Number number(JsonParser parser, String pointer) {
    try {
      Number number =
          parser.currentToken() == JsonToken.VALUE_NUMBER_INT
              ? parser.getNumberValue()
              : parser.getDecimalValue();
      if (!Double.isInfinite(number.doubleValue())) {
        return number;
      }
    } catch (NumberFormatException e) {
      // An exponent that not even a decimal can hold.
    }
    throw new JsonFault(pointer, "must be within the range of a double");
  }
}
