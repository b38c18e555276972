package io.heddle.postgres;

import io.heddle.interrupt.Inbox;
import io.heddle.spi.InterruptKind;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The questions of a tenant that stand, page by page along one index. */
public final class InboxSql implements Inbox {

  static final String PAGE =
      """
      select i.interrupt_id, i.run_id, r.workflow_id, i.node_id, i.kind, coalesce(i.shown, i.data) ->> 'title' as title,
        i.requested_at, i.deadline,
        (extract(epoch from clock_timestamp() - i.requested_at) * 1000)::bigint as age_ms
      from openwop.interrupt i
      join openwop.run r on r.run_id = i.run_id and r.tenant_id = i.tenant_id
      where i.tenant_id = :tenant and i.state = 'PENDING'
        and (i.requested_at, i.interrupt_id) > (:afterTime, :afterId)
        and (:kind::text is null or i.kind = :kind)
      order by i.requested_at, i.interrupt_id
      limit :limit
      """;

  private final JdbcClient jdbc;

  public InboxSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public Page page(
      Tenant tenant, @Nullable InterruptKind kind, @Nullable Position after, int limit) {
    List<Row> rows =
        jdbc.sql(PAGE)
            .param("tenant", tenant.id())
            .param("kind", kind == null ? null : kind.name())
            .param(
                "afterTime",
                after == null ? OffsetDateTime.MIN : after.requestedAt().atOffset(ZoneOffset.UTC))
            .param("afterId", after == null ? "" : after.interruptId())
            // One more tells whether there is one more.
            .param("limit", limit + 1)
            .query(InboxSql::row)
            .list();
    if (rows.size() <= limit) {
      return new Page(rows, null);
    }
    Row last = rows.get(limit - 1);
    return new Page(
        List.copyOf(rows.subList(0, limit)), new Position(last.requestedAt(), last.interruptId()));
  }

  private static Row row(ResultSet row, int number) throws SQLException {
    return new Row(
        row.getString("interrupt_id"),
        row.getString("run_id"),
        row.getString("workflow_id"),
        row.getString("node_id"),
        InterruptKind.valueOf(row.getString("kind")),
        row.getString("title"),
        Objects.requireNonNull(RunRows.instant(row, "requested_at")),
        Math.max(0, row.getLong("age_ms")),
        RunRows.instant(row, "deadline"));
  }
}
