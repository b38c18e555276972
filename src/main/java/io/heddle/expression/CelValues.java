package io.heddle.expression;

import com.google.common.primitives.UnsignedLong;
import dev.cel.common.values.NullValue;
import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * JSON values as the expression language knows them, and back. Objects and arrays are wrapped and
 * converted as far as an expression looks into them.
 */
final class CelValues {

  // As much as a request may hold.
  private static final int MAX_RESULT = 1_048_576;

  private CelValues() {}

  /** A JSON value for an expression. */
  static Object fromJson(@Nullable Object json) {
    if (json == null) {
      return NullValue.NULL_VALUE;
    }
    if (json instanceof Map<?, ?> members) {
      return new GivenMap(members);
    }
    if (json instanceof List<?> items) {
      return new GivenList(items);
    }
    return json instanceof Number number ? number(number) : json;
  }

  /** Whether a value was given to the expression, and not built by it. */
  static boolean isGiven(Object value) {
    return value instanceof GivenMap || value instanceof GivenList;
  }

  /**
   * The result of an expression as a JSON value.
   *
   * @throws ExpressionException if it is none, or too large
   */
  static @Nullable Object toJson(Object value) throws ExpressionException {
    if (value instanceof Boolean) {
      return value;
    }
    try {
      // Read back, so that it is what the store would give back.
      return Json.parse(Json.write(new Result().json(value)));
    } catch (JsonFault e) {
      throw new ExpressionException("gives a value that is not JSON: it " + e.problem());
    }
  }

  private static Object number(Number number) {
    if (number instanceof Integer || number instanceof Long) {
      return number.longValue();
    }
    if (number instanceof BigInteger integer) {
      return integer.bitLength() < Long.SIZE ? integer.longValue() : (Object) number.doubleValue();
    }
    BigDecimal decimal = new BigDecimal(number.toString());
    try {
      return decimal.longValueExact();
    } catch (ArithmeticException e) {
      return decimal.doubleValue();
    }
  }

  /** Copies a result and counts its values and characters. */
  private static final class Result {

    private long size;

    @Nullable Object json(Object value) throws ExpressionException {
      count(1);
      if (value instanceof GivenMap given) {
        return json(given.members);
      }
      if (value instanceof GivenList given) {
        return json(given.items);
      }
      if (value instanceof Map<?, ?> map) {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        for (Map.Entry<?, ?> member : map.entrySet()) {
          if (!(member.getKey() instanceof String name)) {
            throw new ExpressionException("gives an object whose member names are not texts");
          }
          count(name.length());
          members.put(name, member(member.getValue()));
        }
        return members;
      }
      if (value instanceof List<?> list) {
        List<@Nullable Object> items = new ArrayList<>();
        for (Object item : list) {
          items.add(member(item));
        }
        return items;
      }
      if (value instanceof String text) {
        count(text.length());
        return text;
      }
      if (value instanceof Double number && Double.isFinite(number)
          || value instanceof Long
          || value instanceof BigInteger
          || value instanceof BigDecimal
          || value instanceof Integer
          || value instanceof Boolean) {
        return value;
      }
      if (value instanceof UnsignedLong number) {
        return number.bigIntegerValue();
      }
      if (value instanceof NullValue) {
        return null;
      }
      throw new ExpressionException("gives a value that is not JSON");
    }

    /** Given values hold nulls; built ones hold null's own value. */
    private @Nullable Object member(@Nullable Object value) throws ExpressionException {
      return value == null ? null : json(value);
    }

    private void count(int units) throws ExpressionException {
      size += units;
      if (size > MAX_RESULT) {
        throw new ExpressionException("gives a value that is too large");
      }
    }
  }

  private static final class GivenMap extends AbstractMap<String, Object> {

    private final Map<?, ?> members;

    GivenMap(Map<?, ?> members) {
      this.members = members;
    }

    @Override
    public boolean containsKey(@Nullable Object name) {
      return name instanceof String && members.containsKey(name);
    }

    @Override
    public @Nullable Object get(@Nullable Object name) {
      return containsKey(name) ? fromJson(members.get(name)) : null;
    }

    @Override
    public int size() {
      return members.size();
    }

    @Override
    public Set<Entry<String, Object>> entrySet() {
      return new AbstractSet<>() {

        @Override
        public Iterator<Entry<String, Object>> iterator() {
          return members.entrySet().stream()
              .map(
                  member -> Map.entry(String.valueOf(member.getKey()), fromJson(member.getValue())))
              .iterator();
        }

        @Override
        public int size() {
          return members.size();
        }
      };
    }

    // Would end up in messages of the interpreter.
    @Override
    public String toString() {
      return "object";
    }
  }

  private static final class GivenList extends AbstractList<Object> implements RandomAccess {

    private final List<?> items;

    GivenList(List<?> items) {
      this.items = items;
    }

    @Override
    public Object get(int index) {
      return fromJson(items.get(index));
    }

    @Override
    public int size() {
      return items.size();
    }

    // Would end up in messages of the interpreter.
    @Override
    public String toString() {
      return "array";
    }
  }
}
