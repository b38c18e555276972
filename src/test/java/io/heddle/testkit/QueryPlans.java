package io.heddle.testkit;

import io.heddle.testkit.PostgresPerJvm.Database;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * A data source that asks the database how it would execute each statement, just before it executes
 * it: the very text and the very parameters that the stores send.
 */
public final class QueryPlans {

  private final List<String> plans = new ArrayList<>();

  private final DataSource dataSource;

  private final JdbcClient planner;

  public QueryPlans(Database database) {
    DataSource target = database.dataSource();
    // Only the simple protocol takes a statement whose parameters have no values.
    this.planner =
        JdbcClient.create(new DriverManagerDataSource(database.url() + "&preferQueryMode=simple"));
    this.dataSource =
        proxy(
            DataSource.class,
            (proxy, method, arguments) -> {
              Object result = call(target, method, arguments);
              return result instanceof Connection connection ? connection(connection) : result;
            });
  }

  public DataSource dataSource() {
    return dataSource;
  }

  /**
   * The plans of the statements since the last call: two for each, one for its parameters and one
   * that must do for all parameters, which the driver's prepared statements may come to use.
   */
  public List<String> drain() {
    List<String> drained = List.copyOf(plans);
    plans.clear();
    return drained;
  }

  private Connection connection(Connection target) {
    return proxy(
        Connection.class,
        (proxy, method, arguments) -> {
          Object result = call(target, method, arguments);
          return result instanceof PreparedStatement statement
              ? statement(target, (String) arguments[0], statement)
              : result;
        });
  }

  private PreparedStatement statement(Connection connection, String sql, PreparedStatement target) {
    PreparedStatement explained = prepare(connection, "explain " + sql);
    return proxy(
        PreparedStatement.class,
        (proxy, method, arguments) -> {
          if (method.getName().startsWith("set") && arguments.length > 1) {
            call(explained, method, arguments);
          } else if (method.getName().startsWith("execute")) {
            plans.add(plan(sql, rows(explained)));
            plans.add(plan(sql, genericPlan(sql)));
          } else if (method.getName().equals("close")) {
            explained.close();
          }
          return call(target, method, arguments);
        });
  }

  private static PreparedStatement prepare(Connection connection, String sql) {
    try {
      return connection.prepareStatement(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<String> genericPlan(String sql) {
    return planner.sql("explain (generic_plan) " + numbered(sql)).query(String.class).list();
  }

  private static List<String> rows(PreparedStatement explained) throws SQLException {
    List<String> lines = new ArrayList<>();
    try (ResultSet rows = explained.executeQuery()) {
      while (rows.next()) {
        lines.add(rows.getString(1));
      }
    }
    return lines;
  }

  private static String plan(String sql, List<String> lines) {
    return String.join("\n", lines) + "\n\n" + sql;
  }

  /** The statement with its parameters as the server counts them. */
  private static String numbered(String sql) {
    StringBuilder numbered = new StringBuilder();
    int parameters = 0;
    for (char c : sql.toCharArray()) {
      if (c == '?') {
        numbered.append('$').append(++parameters);
      } else {
        numbered.append(c);
      }
    }
    return numbered.toString();
  }

  private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
