package io.heddle.testkit;

import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** One Postgres server for all tests of a JVM, and as many databases in it as tests ask for. */
public final class PostgresPerJvm {

  /** Not a whole number of hours from UTC, so that a time read in the wrong zone is noticed. */
  public static final String TIME_ZONE = "Asia/Kathmandu";

  private static final String USERNAME = "postgres";

  private static final String TEMPLATE = "migrated";

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private PostgresPerJvm() {}

  /** Starts with the first test that needs it and ends with the JVM. */
  private static final class Server {

    static final EmbeddedPostgres POSTGRES = start();

    private static EmbeddedPostgres start() {
      try {
        EmbeddedPostgres postgres =
            EmbeddedPostgres.builder()
                .setServerConfig("fsync", "off")
                .setServerConfig("max_connections", "400")
                // Its transactions would be counted as the host's.
                .setServerConfig("autovacuum", "off")
                .start();
        sql(postgres, "create database " + TEMPLATE);
        migrate(postgres.getJdbcUrl(USERNAME, TEMPLATE));
        return postgres;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void migrate(String url) {
      Flyway.configure()
          .dataSource(url, USERNAME, "")
          .schemas("openwop")
          .defaultSchema("openwop")
          .table("schema_history")
          .locations("classpath:db/openwop")
          .load()
          .migrate();
    }
  }

  /** A database that holds the host's schema and nothing in it. */
  public static Database freshDatabase() {
    return database("create database %s template " + TEMPLATE);
  }

  /** A database without any schema, as an operator hands it to a host. */
  public static Database emptyDatabase() {
    return database("create database %s");
  }

  private static Database database(String statement) {
    String name = "test" + DATABASES.incrementAndGet();
    sql(Server.POSTGRES, statement.formatted(name));
    HikariDataSource dataSource = new HikariDataSource();
    String url = Server.POSTGRES.getJdbcUrl(USERNAME, name);
    dataSource.setJdbcUrl(url);
    // The driver would set the JVM's time zone.
    dataSource.setConnectionInitSql("set time zone '%s'".formatted(TIME_ZONE));
    dataSource.setMaximumPoolSize(32);
    dataSource.setMinimumIdle(0);
    dataSource.setIdleTimeout(10_000);
    return new Database(
        url,
        "postgres://%s@localhost:%d/%s".formatted(USERNAME, Server.POSTGRES.getPort(), name),
        dataSource);
  }

  private static void sql(EmbeddedPostgres postgres, String statement) {
    JdbcClient.create(new DriverManagerDataSource(postgres.getJdbcUrl(USERNAME, "postgres")))
        .sql(statement)
        .update();
  }

  /**
   * A database.
   *
   * @param url where it is, for the driver
   * @param dsn where it is, as the environment of a host names it
   * @param dataSource a pool whose sessions are in {@link #TIME_ZONE}
   */
  public record Database(String url, String dsn, DataSource dataSource) {

    /** Access of the test's own, beside the stores. */
    public JdbcClient jdbc() {
      return JdbcClient.create(dataSource);
    }
  }
}
