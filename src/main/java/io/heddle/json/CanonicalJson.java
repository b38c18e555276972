package io.heddle.json;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.erdtman.jcs.NumberToJSON;
import org.jspecify.annotations.Nullable;

/**
 * JSON in the one spelling of RFC 8785, to the byte, for what is hashed or signed. What has no such
 * spelling without being changed is refused: integers that a double does not hold, numbers that are
 * not finite, lone surrogates, and values that are not JSON.
 */
public final class CanonicalJson {

  private static final BigInteger MAX_INTEGER = BigInteger.valueOf((1L << 53) - 1);

  private CanonicalJson() {}

  /**
   * The UTF-8 bytes of a value of maps, lists, strings, numbers, booleans and null.
   *
   * @throws IllegalArgumentException if it cannot be spelled without being changed
   */
  public static byte[] bytes(@Nullable Object value) {
    return text(value).getBytes(StandardCharsets.UTF_8);
  }

  /** {@link #bytes} as a text. */
  public static String text(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(@Nullable Object value, StringBuilder out) {
    if (value == null || value instanceof Boolean) {
      out.append(value);
    } else if (value instanceof String text) {
      write(text, out);
    } else if (value instanceof Number number) {
      write(number, out);
    } else if (value instanceof Map<?, ?> map) {
      write(map, out);
    } else if (value instanceof List<?> list) {
      out.append('[');
      for (int i = 0; i < list.size(); i++) {
        out.append(i == 0 ? "" : ",");
        write(list.get(i), out);
      }
      out.append(']');
    } else {
      throw new IllegalArgumentException("not-json: " + value.getClass().getName());
    }
  }

  private static void write(Map<?, ?> map, StringBuilder out) {
    // A string's own order is that of its UTF-16 code units, as the RFC wants it.
    Map<String, @Nullable Object> sorted = new TreeMap<>();
    map.forEach((name, member) -> sorted.put((String) name, member));
    out.append('{');
    boolean first = true;
    for (Map.Entry<String, @Nullable Object> member : sorted.entrySet()) {
      out.append(first ? "" : ",");
      first = false;
      write(member.getKey(), out);
      out.append(':');
      write(member.getValue(), out);
    }
    out.append('}');
  }

  private static void write(Number number, StringBuilder out) {
    if (number instanceof Integer
        || number instanceof Long
        || number instanceof Short
        || number instanceof Byte
        || number instanceof BigInteger) {
      BigInteger integer = new BigInteger(number.toString());
      if (integer.abs().compareTo(MAX_INTEGER) > 0) {
        throw new IllegalArgumentException("integer-out-of-range");
      }
      out.append(integer);
      return;
    }
    double value = number.doubleValue();
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("non-finite");
    }
    if (!(number instanceof BigDecimal || number instanceof Double || number instanceof Float)) {
      throw new IllegalArgumentException("not-json: " + number.getClass().getName());
    }
    try {
      out.append(NumberToJSON.serializeNumber(value));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void write(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\t' -> out.append("\\t");
        case '\n' -> out.append("\\n");
        case '\f' -> out.append("\\f");
        case '\r' -> out.append("\\r");
        default -> i += write(c, i + 1 < text.length() ? text.charAt(i + 1) : 0, out);
      }
    }
    out.append('"');
  }

  /** Writes a character, with the second half of its pair if it has one; returns how many more. */
  private static int write(char c, int next, StringBuilder out) {
    if (c < 0x20) {
      out.append("\\u00%02x".formatted((int) c));
      return 0;
    }
    out.append(c);
    if (!Character.isSurrogate(c)) {
      return 0;
    }
    if (!Character.isHighSurrogate(c) || next == 0 || !Character.isLowSurrogate((char) next)) {
      throw new IllegalArgumentException("lone-surrogate");
    }
    out.append((char) next);
    return 1;
  }
}
