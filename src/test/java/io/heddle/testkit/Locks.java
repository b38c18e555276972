package io.heddle.testkit;

import static io.heddle.testkit.Await.await;

import io.heddle.testkit.PostgresPerJvm.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A row that is held until everybody who wants it stands in line, so that a race has one order. */
public final class Locks implements AutoCloseable {

  private final JdbcClient jdbc;

  private final Connection holder;

  private Locks(Database database) throws SQLException {
    this.jdbc = database.jdbc();
    this.holder = database.dataSource().getConnection();
    holder.setAutoCommit(false);
  }

  /** Locks the row of a run. */
  public static Locks onRun(Database database, String runId) throws SQLException {
    Locks locks = new Locks(database);
    try (PreparedStatement lock =
        locks.holder.prepareStatement("select 1 from openwop.run where run_id = ? for update")) {
      lock.setString(1, runId);
      lock.executeQuery();
    }
    return locks;
  }

  /** Waits until so many sessions of this database wait for a lock. */
  public void awaitWaiting(int sessions) {
    awaitWaiting(jdbc, sessions);
  }

  /** Waits until so many sessions of a database wait for a lock. */
  public static void awaitWaiting(JdbcClient jdbc, int sessions) {
    await(sessions + " sessions to wait for a lock")
        .until(
            () ->
                jdbc.sql(
                            """
                            select count(*) from pg_stat_activity
                            where datname = current_database() and wait_event_type = 'Lock'
                            """)
                        .query(Integer.class)
                        .single()
                    == sessions);
  }

  /** Lets the first in line go. */
  @Override
  public void close() throws SQLException {
    holder.rollback();
    holder.setAutoCommit(true);
    holder.close();
  }
}
