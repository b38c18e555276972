package io.heddle.autoconfigure;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Optional;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationState;
import org.springframework.jdbc.CannotGetJdbcConnectionException;

/**
 * The host's own schema, migrated when this is constructed. Not a Flyway bean: that would switch
 * off the application's own migrations.
 */
final class OpenwopSchema {

  private static final String SCHEMA = "openwop";

  /** How the description of a migration begins that hosts without it cannot work with. */
  private static final String BREAKING = "breaking ";

  private static final int OLDEST_POSTGRES = 13;

  private static final String INSUFFICIENT_PRIVILEGE = "42501";

  /**
   * Creates the schema or brings it up to date.
   *
   * @throws HostDatabaseException if that is not to be done, or may not be done, in this database
   */
  OpenwopSchema(DataSource dataSource) {
    Server server = Server.behind(dataSource);
    server.requirePostgres();
    Flyway flyway =
        Flyway.configure(getClass().getClassLoader())
            .dataSource(dataSource)
            .schemas(SCHEMA)
            .defaultSchema(SCHEMA)
            .table("schema_history")
            .locations("classpath:db/openwop")
            .load();
    try {
      requireUnderstood(flyway);
      flyway.migrate();
    } catch (FlywayException e) {
      if (isForLackOfRights(e)) {
        throw server.withoutRights();
      }
      throw e;
    }
  }

  /**
   * A newer host may have added to the schema: what is added does not change what is there for this
   * one, so hosts of both may share a database while they are replaced one by one. A migration that
   * is not of that kind says so in its name, which the history keeps for hosts that do not have it.
   */
  private static void requireUnderstood(Flyway flyway) {
    Optional<MigrationInfo> beyond =
        Arrays.stream(flyway.info().all())
            .filter(
                migration ->
                    migration.getState() == MigrationState.FUTURE_FAILED
                        || migration.getState() == MigrationState.FUTURE_SUCCESS
                            && migration.getDescription().startsWith(BREAKING))
            .reduce((first, last) -> last);
    if (beyond.isPresent()) {
      throw new HostDatabaseException(
          "The schema %s was migrated to version %s by a newer Heddle, in a way that this one, which is %s, cannot work with."
              .formatted(SCHEMA, beyond.get().getVersion(), HostVersion.build()),
          "Start that version or a newer one, or restore the database from before its start.");
    }
  }

  private static boolean isForLackOfRights(FlywayException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException refused
          && INSUFFICIENT_PRIVILEGE.equals(refused.getSQLState())) {
        return true;
      }
    }
    return false;
  }

  /**
   * What a data source leads to.
   *
   * @param product as its driver calls it
   */
  record Server(String product, int majorVersion, String user, String database) {

    static Server behind(DataSource dataSource) {
      try (Connection connection = dataSource.getConnection()) {
        DatabaseMetaData server = connection.getMetaData();
        return new Server(
            server.getDatabaseProductName(),
            server.getDatabaseMajorVersion(),
            String.valueOf(server.getUserName()),
            String.valueOf(connection.getCatalog()));
      } catch (SQLException e) {
        throw new CannotGetJdbcConnectionException("The host's database does not answer", e);
      }
    }

    void requirePostgres() {
      if (!product.equals("PostgreSQL")) {
        throw new HostDatabaseException(
            "The OpenWOP host needs Postgres, and its data source leads to %s.".formatted(product),
            "Make a data source on Postgres %d or newer the primary one."
                .formatted(OLDEST_POSTGRES));
      }
      if (majorVersion < OLDEST_POSTGRES) {
        throw new HostDatabaseException(
            "The OpenWOP host needs Postgres %d or newer, and this is Postgres %d."
                .formatted(OLDEST_POSTGRES, majorVersion),
            "Upgrade the server, or name another one in spring.datasource.url.");
      }
    }

    HostDatabaseException withoutRights() {
      return new HostDatabaseException(
          "The database user %s may not create or change the schema %s in the database %s."
              .formatted(user, SCHEMA, database),
          "Make the user the owner of the schema (create schema %1$s authorization \"%2$s\"), or let it create one (grant create on database \"%3$s\" to \"%2$s\")."
              .formatted(SCHEMA, user, database));
    }
  }
}
