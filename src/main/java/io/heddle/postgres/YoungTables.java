package io.heddle.postgres;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Keeps what the planner knows of young tables true. Of a table that was never analyzed it takes
 * any index to be as good as another, and each connection keeps the plan it made then: a look-up of
 * one run walks every run of its tenant. Autovacuum mends that once a minute, after a busy host has
 * stored ten thousands. Thread-safe.
 */
public final class YoungTables {

  private static final Logger log = LoggerFactory.getLogger(YoungTables.class);

  // Doubling, so that a table is analyzed a few times in its life; then autovacuum is soon enough.
  private static final String OUTGROWN =
      """
      select c.relname
      from pg_class c
      join pg_stat_all_tables s on s.relid = c.oid
      where c.relnamespace = 'openwop'::regnamespace and c.relkind = 'r'
        and s.n_live_tup >= 200 and s.n_live_tup > 2 * c.reltuples and c.reltuples < 100000
        and pg_has_role(c.relowner, 'usage')
      """;

  private final JdbcClient jdbc;

  public YoungTables(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Analyzes the tables that have outgrown what is known of them. Never throws. */
  public void refresh() {
    try {
      for (String table : outgrown()) {
        jdbc.sql("analyze openwop.\"%s\"".formatted(table)).update();
      }
    } catch (DataAccessException e) {
      log.debug("Tables are not analyzed now", e);
    }
  }

  private List<String> outgrown() {
    return jdbc.sql(OUTGROWN).query(String.class).list();
  }
}
