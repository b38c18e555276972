package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.RunListing.Filter;
import io.heddle.run.RunListing.Page;
import io.heddle.run.RunListing.Position;
import io.heddle.run.RunListing.Row;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.WebHost;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.namedparam.NamedParameterUtils;
import org.springframework.jdbc.core.simple.JdbcClient;

@WebHost
class RunListSqlTest {

  private static final int RUNS = 3_000;

  private static final int RARE = 500;

  private static final Filter ALL = new Filter(null, null, null, null, null);

  @Autowired private DataSource dataSource;

  private final Tenant tenant = new Tenant("tenant-" + UUID.randomUUID());

  private JdbcClient jdbc;

  /** Ended runs of this tenant and of another one in turns; several share a time. */
  @BeforeEach
  void fill() {
    jdbc = JdbcClient.create(dataSource);
    jdbc.sql(
            """
            insert into openwop.run (
              run_id, tenant_id, owner_principal, owner_issuer, owner_lane, owner_kind,
              workflow_scope, workflow_id, workflow_revision, status, state, inputs, configurable,
              tags, engine_version, created_at, ended_at)
            select :tenant || '-' || lpad(n::text, 8, '0'),
              case n % 2 when 0 then :tenant else :tenant || '-other' end, 'p', 'i', 'l', 'k',
              '*', case n % :rare when 0 then 'rare' else 'usual' end, 1, 'COMPLETED',
              '{}', '{}', '{}', json_build_array('all', 'tag-' || n), 1,
              timestamptz '2026-01-01' + n / 10 * interval '1 second', now()
            from generate_series(1, :runs * 2) n
            """)
        .param("tenant", tenant.id())
        .param("rare", RARE * 2)
        .param("runs", RUNS)
        .update();
    jdbc.sql("analyze openwop.run").update();
  }

  @AfterEach
  void empty() {
    jdbc.sql("delete from openwop.run where tenant_id like ?").param(tenant.id() + "%").update();
  }

  @Test
  void everyRunIsListedOnceInOneOrder() {
    List<Row> rows = all(new RunListSql(jdbc), ALL, 170);

    assertThat(rows).hasSize(RUNS);
    assertThat(rows).extracting(Row::runId).doesNotHaveDuplicates();
    assertThat(rows)
        .isSortedAccordingTo(
            (left, right) -> {
              int byTime = right.createdAt().compareTo(left.createdAt());
              return byTime != 0 ? byTime : right.runId().compareTo(left.runId());
            });
  }

  @Test
  void aPageLooksAtABoundedNumberOfRunsAndTheListStillHoldsAll() {
    Filter rare = new Filter(null, "rare", null, null, null);
    RunListSql listing = new RunListSql(jdbc, 100);

    Page first = listing.page(tenant, rare, null, 10);

    assertThat(first.rows().size()).isLessThanOrEqualTo(1);
    assertThat(first.next()).isNotNull();
    assertThat(all(listing, rare, 10))
        .hasSize(RUNS / RARE)
        .isEqualTo(all(new RunListSql(jdbc), rare, 10));
    assertThat(all(new RunListSql(jdbc, 7), ALL, 10)).isEqualTo(all(new RunListSql(jdbc), ALL, 10));
  }

  @Test
  void theIndexServesWhateverIsAskedFor() throws SQLException {
    for (String statement : List.of(RunListSql.PAGE, RunListSql.LAST_EXAMINED)) {
      assertServed(plan(statement));
      assertServed(planForAllParameters(statement));
    }
  }

  @Test
  void thePlanReadsNoMoreThanThePage() {
    String plan =
        explain("explain (analyze, costs off, timing off, summary off) " + RunListSql.PAGE, 10);

    assertServed(plan);
    // Ten rows, not the three thousand that fit.
    assertThat(plan).containsPattern("run_by_creation on run \\(actual rows=10(\\.00)? ");
  }

  private List<Row> all(RunListSql listing, Filter filter, int limit) {
    List<Row> rows = new ArrayList<>();
    Position after = null;
    do {
      Page page = listing.page(tenant, filter, after, limit);
      assertThat(page.rows().size()).isLessThanOrEqualTo(limit);
      rows.addAll(page.rows());
      after = page.next();
    } while (after != null);
    return rows;
  }

  private static void assertServed(String plan) {
    assertThat(plan).contains("run_by_creation").doesNotContain("Seq Scan").doesNotContain("Sort");
  }

  private String plan(String statement) {
    return explain("explain " + statement, 51);
  }

  private String explain(String statement, int limit) {
    Map<String, Object> parameters = new HashMap<>();
    parameters.put("tenant", tenant.id());
    parameters.put("beforeTime", Timestamp.from(Instant.parse("2026-01-01T00:05:00Z")));
    parameters.put("beforeRun", "run");
    parameters.put("createdAfter", Timestamp.from(Instant.parse("2026-01-01T00:00:00Z")));
    parameters.put("examined", 200);
    parameters.put("status", RunStatus.COMPLETED.name());
    parameters.put("workflow", null);
    parameters.put("tag", "all");
    parameters.put("limit", limit);
    return String.join("\n", jdbc.sql(statement).params(parameters).query(String.class).list());
  }

  /** The plan that the driver's prepared statements may come to use. */
  private String planForAllParameters(String statement) throws SQLException {
    String positional =
        NamedParameterUtils.substituteNamedParameters(
            NamedParameterUtils.parseSqlStatement(statement), null);
    StringBuilder numbered = new StringBuilder("prepare listing as ");
    List<String> values = new ArrayList<>();
    for (char c : positional.toCharArray()) {
      if (c == '?') {
        values.add("null");
        numbered.append('$').append(values.size());
      } else {
        numbered.append(c);
      }
    }
    try (Connection connection = dataSource.getConnection();
        Statement session = connection.createStatement()) {
      session.execute("set plan_cache_mode = force_generic_plan");
      session.execute(numbered.toString());
      StringBuilder plan = new StringBuilder();
      try (ResultSet rows =
          session.executeQuery(
              "explain execute listing (%s)".formatted(String.join(",", values)))) {
        while (rows.next()) {
          plan.append(rows.getString(1)).append('\n');
        }
      } finally {
        session.execute("deallocate listing");
        session.execute("reset plan_cache_mode");
      }
      return plan.toString();
    }
  }
}
