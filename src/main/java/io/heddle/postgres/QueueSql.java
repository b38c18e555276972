package io.heddle.postgres;

import io.heddle.metrics.ProtocolMeters.Queue;
import java.util.function.Supplier;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The queue of all nodes, for operators: no tenant's data but numbers of all tenants together. */
public final class QueueSql implements Supplier<Queue> {

  // Counting stops where no operator cares about the exact number any more.
  private static final int MOST = 100_000;

  // In an order, so that no table is read: all are answered by the small indexes of runs that are
  // due or leased.
  static final String LOOK =
      """
      select
        (select count(*) from (
          select 1 from openwop.run where wake_at <= now() order by wake_at limit :most) due) as due,
        (select count(*) from (
          select 1 from openwop.run where wake_at is not null order by wake_at limit :most) resting)
          + (select count(*) from (
              select 1 from openwop.run where lease_owner is not null order by lease_owner limit :most) leased) as live,
        coalesce((
          select extract(epoch from now() - created_at) from openwop.run
          where wake_at <= now() and status = 'PENDING'
          order by wake_at
          limit 1), 0)::float8 as backlog
      """;

  private final JdbcClient jdbc;

  public QueueSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public Queue get() {
    return jdbc.sql(LOOK)
        .param("most", MOST)
        .query(
            (row, number) ->
                new Queue(row.getLong("due"), row.getLong("live"), row.getDouble("backlog")))
        .single();
  }
}
