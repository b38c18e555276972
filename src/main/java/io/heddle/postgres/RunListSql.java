package io.heddle.postgres;

import io.heddle.run.RunListing;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The list of a tenant's runs, page by page along one index. */
public final class RunListSql implements RunListing {

  private static final int EXAMINED = 10_000;

  // The inner limit bounds what a page costs when hardly any run fits; the outer one ends the scan
  // as soon as enough of them were found.
  static final String PAGE =
      """
      select run_id, workflow_id, status, created_at, started_at, ended_at, tags, error
      from (
        select run_id, workflow_id, status, created_at, started_at, ended_at, tags, error
        from openwop.run
        where tenant_id = :tenant
          and (created_at, run_id) < (:beforeTime, :beforeRun) and created_at > :createdAfter
        order by created_at desc, run_id desc
        limit :examined) examined
      where (:status::text is null or status = :status)
        and (:workflow::text is null or workflow_id = :workflow)
        and (:tag::text is null or exists (
          select 1 from json_array_elements_text(tags) tag where tag = :tag))
      order by created_at desc, run_id desc
      limit :limit
      """;

  static final String LAST_EXAMINED =
      """
      select created_at, run_id from openwop.run
      where tenant_id = :tenant
        and (created_at, run_id) < (:beforeTime, :beforeRun) and created_at > :createdAfter
      order by created_at desc, run_id desc
      offset :examined - 1 limit 1
      """;

  private final JdbcClient jdbc;

  private final int examined;

  public RunListSql(JdbcClient jdbc) {
    this(jdbc, EXAMINED);
  }

  /**
   * @param examined how many runs a page looks at
   */
  RunListSql(JdbcClient jdbc, int examined) {
    this.jdbc = jdbc;
    this.examined = examined;
  }

  @Override
  public Page page(Tenant tenant, Filter filter, @Nullable Position after, int limit) {
    List<Row> rows =
        range(PAGE, tenant, filter, after)
            .param("status", filter.status() == null ? null : filter.status().name())
            .param("workflow", filter.workflowId())
            .param("tag", filter.tag())
            // One more tells whether there is one more.
            .param("limit", limit + 1)
            .query(RunListSql::row)
            .list();
    if (rows.size() > limit) {
      Row last = rows.get(limit - 1);
      return new Page(
          List.copyOf(rows.subList(0, limit)), new Position(last.createdAt(), last.runId()));
    }
    Optional<Position> lastExamined =
        range(LAST_EXAMINED, tenant, filter, after)
            .query(
                (row, number) ->
                    new Position(
                        Objects.requireNonNull(RunRows.instant(row, "created_at")),
                        row.getString("run_id")))
            .optional();
    return new Page(rows, lastExamined.orElse(null));
  }

  private JdbcClient.StatementSpec range(
      String sql, Tenant tenant, Filter filter, @Nullable Position after) {
    Position before = after;
    if (filter.createdBefore() != null
        && (before == null || filter.createdBefore().isBefore(before.createdAt()))) {
      // No run id comes before the empty one, so this is where that time begins.
      before = new Position(filter.createdBefore(), "");
    }
    return jdbc.sql(sql)
        .param("tenant", tenant.id())
        .param(
            "beforeTime",
            before == null ? OffsetDateTime.MAX : before.createdAt().atOffset(ZoneOffset.UTC))
        .param("beforeRun", before == null ? "" : before.runId())
        .param(
            "createdAfter",
            filter.createdAfter() == null
                ? OffsetDateTime.MIN
                : filter.createdAfter().atOffset(ZoneOffset.UTC))
        .param("examined", examined);
  }

  private static Row row(ResultSet row, int number) throws SQLException {
    return new Row(
        row.getString("run_id"),
        row.getString("workflow_id"),
        RunStatus.valueOf(row.getString("status")),
        Objects.requireNonNull(RunRows.instant(row, "created_at")),
        RunRows.instant(row, "started_at"),
        RunRows.instant(row, "ended_at"),
        RunRows.tags(row.getString("tags")),
        Optional.ofNullable(RunRows.error(row.getString("error")))
            .map(error -> error.code())
            .orElse(null));
  }
}
