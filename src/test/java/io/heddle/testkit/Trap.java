package io.heddle.testkit;

import static io.heddle.testkit.Await.await;

import io.heddle.testkit.PostgresPerJvm.Database;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * Holds whoever changes rows of a table just before the change, so that a process can be killed
 * between what it did before and what it does then.
 */
public final class Trap implements AutoCloseable {

  private static final String HELD =
      """
      from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())
      """;

  private final SingleConnectionDataSource connection;

  private final JdbcClient jdbc;

  private final String table;

  private Trap(Database database, String table) {
    this.connection = new SingleConnectionDataSource(database.url(), /* suppressClose= */ true);
    this.jdbc = JdbcClient.create(connection);
    this.table = table;
  }

  /**
   * Sets a trap; one at a time in a database.
   *
   * @param table with its schema
   */
  public static Trap beforeUpdatesOf(Database database, String table) {
    Trap trap = new Trap(database, table);
    trap.jdbc.sql("select pg_advisory_lock(4711)").query().listOfRows();
    trap.jdbc
        .sql(
            """
            create or replace function public.trap() returns trigger language plpgsql as
            'begin perform pg_advisory_xact_lock(4711); return new; end'
            """)
        .update();
    trap.jdbc
        .sql(
            "create trigger trap before update on %s for each row execute function public.trap()"
                .formatted(table))
        .update();
    return trap;
  }

  /** Waits until somebody is held. */
  public void awaitCatch() {
    await("somebody to be held")
        .until(() -> jdbc.sql("select count(*) > 0 " + HELD).query(Boolean.class).single());
  }

  /** Removes the trap, and lets nobody of those it holds make the change. */
  @Override
  public void close() {
    jdbc.sql("select pg_terminate_backend(pid) " + HELD).query().listOfRows();
    await("them to be gone")
        .until(() -> !jdbc.sql("select count(*) > 0 " + HELD).query(Boolean.class).single());
    jdbc.sql("drop trigger trap on " + table).update();
    connection.destroy();
  }
}
