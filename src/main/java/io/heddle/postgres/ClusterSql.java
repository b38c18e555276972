package io.heddle.postgres;

import io.heddle.status.ClusterStore;
import java.util.List;
import java.util.Objects;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The cluster as its operators see it: no tenant's data but numbers of all tenants together. */
public final class ClusterSql implements ClusterStore {

  // Counting stops where no operator cares about the exact number any more.
  private static final int MOST = 100_000;

  // In an order, so that each is answered by a small partial index.
  static final String FIGURES =
      """
      select
        (select count(*) from (
          select 1 from openwop.run where wake_at <= now() order by wake_at limit :most) due) as waiting,
        (select count(*) from (
          select 1 from openwop.run
          where lease_owner is not null order by lease_owner limit :most) leased) as executing,
        (select count(*) from (
          select 1 from openwop.webhook_delivery
          where status = 'PENDING' order by webhook_id, position limit :most) queued) as pending,
        (select count(*) from (
          select 1 from openwop.webhook_delivery
          where status = 'DEAD' order by tenant_id, ended_at, message_id limit :most) dead) as dead_letters
      """;

  // More nodes than this nobody reads.
  private static final String NODES =
      """
      select node_id, started_at, expires_at from openwop.host_node
      where expires_at > now()
      order by started_at, node_id
      limit 1000
      """;

  private final JdbcClient jdbc;

  public ClusterSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public Figures figures() {
    return jdbc.sql(FIGURES)
        .param("most", MOST)
        .query(
            (row, number) ->
                new Figures(
                    row.getLong("waiting"),
                    row.getLong("executing"),
                    row.getLong("pending"),
                    row.getLong("dead_letters")))
        .single();
  }

  @Override
  public List<Node> nodes() {
    return jdbc.sql(NODES)
        .query(
            (row, number) ->
                new Node(
                    row.getString("node_id"),
                    Objects.requireNonNull(RunRows.instant(row, "started_at")),
                    Objects.requireNonNull(RunRows.instant(row, "expires_at"))))
        .list();
  }
}
