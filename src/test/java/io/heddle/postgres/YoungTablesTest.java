package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.QueryPlans;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** A database that was made a moment ago is as fast as an old one. */
class YoungTablesTest {

  private static final int RUNS = 400;

  private Database database;

  private JdbcClient jdbc;

  private YoungTables tables;

  @BeforeEach
  void createTables() {
    database = PostgresPerJvm.freshDatabase();
    jdbc = database.jdbc();
    // Autovacuum may come by at any moment.
    for (String table : List.of("run", "event")) {
      jdbc.sql("alter table openwop.%s set (autovacuum_enabled = off)".formatted(table)).update();
    }
    tables = new YoungTables(jdbc);
  }

  @Test
  void aRunIsFoundByItsIdOnceThereAreAFewHundredOfOneTenant() {
    QueryPlans plans = new QueryPlans(database);
    Stores explained = Stores.on(plans.dataSource());
    String runId = store(RUNS);

    refreshUntilKnown("run", RUNS);
    SampleRuns.read(explained, runId);
    explained.runs().log(SampleRuns.TENANT, runId, -1, 10, 1_000);
    explained.runs().commit(SampleRuns.step(SampleRuns.read(explained, runId), 1));

    assertThat(plans.drain())
        .isNotEmpty()
        .allSatisfy(
            plan -> assertThat(plan).contains("run_pkey").doesNotContain("run_by_creation"));
  }

  @Test
  void aTableIsAnalyzedAgainWhenItHasOutgrownThatAndNotBefore() {
    store(RUNS);
    refreshUntilKnown("run", RUNS);
    int analyzed = analyzed("run");

    tables.refresh();
    assertThat(analyzed("run")).isEqualTo(analyzed);

    store(2 * RUNS);
    refreshUntilKnown("run", 3 * RUNS);
  }

  @Test
  void fewRowsAreNotLookedAt() {
    store(20);
    awaitLive("run", 20);

    tables.refresh();

    assertThat(known("run")).isEqualTo(-1);
  }

  @Test
  void whoMayNotAnalyzeChangesNothingAndFailsNothing() {
    store(RUNS);
    awaitLive("run", RUNS);
    String role = "reader_" + System.nanoTime();
    jdbc.sql("create role %s login".formatted(role)).update();
    jdbc.sql("grant usage on schema openwop to %s".formatted(role)).update();

    String url = database.url().replaceFirst("user=[^&]*", "user=" + role);
    new YoungTables(JdbcClient.create(new DriverManagerDataSource(url))).refresh();

    assertThat(known("run")).isEqualTo(-1);
  }

  /** Returns one of them. */
  private String store(int runs) {
    Stores stores = Stores.on(database.dataSource());
    for (int i = 1; i < runs; i++) {
      stores.runs().create(SampleRuns.pending(), null);
    }
    return SampleRuns.create(stores, null).runId();
  }

  // What a connection did is counted a little later.
  private void refreshUntilKnown(String table, int rows) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              tables.refresh();
              assertThat(known(table)).isEqualTo(rows);
            });
  }

  private void awaitLive(String table, int rows) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(
                        jdbc.sql(
                                "select n_live_tup from pg_stat_all_tables where relid = 'openwop.%s'::regclass"
                                    .formatted(table))
                            .query(Integer.class)
                            .single())
                    .isGreaterThanOrEqualTo(rows));
  }

  private int analyzed(String table) {
    return jdbc.sql(
            "select analyze_count from pg_stat_all_tables where relid = 'openwop.%s'::regclass"
                .formatted(table))
        .query(Integer.class)
        .single();
  }

  private int known(String table) {
    return jdbc.sql(
            "select reltuples::int from pg_class where oid = 'openwop.%s'::regclass"
                .formatted(table))
        .query(Integer.class)
        .single();
  }
}
