package io.heddle.bench;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What Postgres gives to anybody who stores a run of one node honestly: one commit that accepts it
 * and one that claims and finishes it, without a host, HTTP or a reader.
 */
final class Ceiling implements Load.Work, AutoCloseable {

  private final Connection connection;

  private final PreparedStatement insertRun;

  private final PreparedStatement insertEvent;

  private final PreparedStatement claim;

  private final PreparedStatement insertEvents;

  private final PreparedStatement finish;

  Ceiling(String url) throws SQLException {
    connection = DriverManager.getConnection(url);
    connection.setAutoCommit(false);
    insertRun =
        connection.prepareStatement(
            """
            insert into bench_run (tenant, workflow, status, inputs)
            values ('tenant', 'noop', 'pending', '{}') returning id
            """);
    insertEvent =
        connection.prepareStatement(
            "insert into bench_event (run_id, seq, type) values (?, 0, 'run.queued')");
    claim =
        connection.prepareStatement(
            """
            update bench_run set status = 'running', claim_holder = 'n1' where id = (
              select id from bench_run where status = 'pending' order by created_at limit 1
              for update skip locked)
            returning id
            """);
    insertEvents =
        connection.prepareStatement(
            """
            insert into bench_event (run_id, seq, type, node_id, data) values
              (?, 1, 'run.started', null, null), (?, 2, 'node.started', 'noop', null),
              (?, 3, 'node.completed', 'noop', '{"outputs":{}}')
            """);
    finish =
        connection.prepareStatement(
            """
            update bench_run set status = 'completed', ended_at = now(), next_seq = 4 where id = ?
            """);
  }

  static void prepare(String url) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute(
          """
          create table bench_run (
            id uuid primary key default gen_random_uuid(), tenant text, workflow text, status text,
            inputs jsonb, claim_holder text, next_seq int not null default 1,
            created_at timestamptz not null default now(), ended_at timestamptz);
          create index on bench_run (created_at) where status = 'pending';
          create table bench_event (
            run_id uuid, seq int, type text, node_id text, data jsonb,
            at timestamptz not null default now(), primary key (run_id, seq));
          """);
    }
  }

  @Override
  public void once() throws SQLException {
    Object accepted = id(insertRun);
    insertEvent.setObject(1, accepted);
    insertEvent.executeUpdate();
    connection.commit();
    Object claimed = id(claim);
    if (claimed != null) {
      for (int i = 1; i <= 3; i++) {
        insertEvents.setObject(i, claimed);
      }
      insertEvents.executeUpdate();
      finish.setObject(1, claimed);
      finish.executeUpdate();
    }
    connection.commit();
  }

  private static Object id(PreparedStatement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery()) {
      return rows.next() ? rows.getObject(1) : null;
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
