package io.heddle.autoconfigure;

import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * The host's own schema, migrated when this is constructed. Not a Flyway bean: that would switch
 * off the application's own migrations.
 */
final class OpenwopSchema {

  private static final String SCHEMA = "openwop";

  OpenwopSchema(DataSource dataSource) {
    Flyway.configure(getClass().getClassLoader())
        .dataSource(dataSource)
        .schemas(SCHEMA)
        .defaultSchema(SCHEMA)
        .table("schema_history")
        .locations("classpath:db/openwop")
        .load()
        .migrate();
  }
}
