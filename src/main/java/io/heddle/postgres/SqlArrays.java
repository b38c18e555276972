package io.heddle.postgres;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.support.SqlArrayValue;

/**
 * Arrays as statement parameters, so that a statement's text does not depend on how many there are.
 */
final class SqlArrays {

  private SqlArrays() {}

  static SqlArrayValue text(List<? extends @Nullable String> values) {
    return new SqlArrayValue("text", values.toArray());
  }

  /** Of the SQL type of that name. */
  static SqlArrayValue of(String type, List<? extends @Nullable Object> values) {
    return new SqlArrayValue(type, values.toArray());
  }

  static SqlArrayValue bytes(List<byte[]> values) {
    return new SqlArrayValue("bytea", (Object[]) values.toArray(byte[][]::new));
  }
}
