package io.heddle.autoconfigure;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * Connections that are kept for as long as the host runs.
 *
 * @param end ends what was opened for them
 */
record KeptConnections(DataSource dataSource, Runnable end) implements AutoCloseable {

  /**
   * Beside the application's pool, so that what is kept does not become scarce there. From a pool
   * of a kind that cannot be copied they are taken.
   */
  static KeptConnections beside(DataSource dataSource) {
    try {
      if (!dataSource.isWrapperFor(HikariDataSource.class)) {
        return new KeptConnections(dataSource, () -> {});
      }
      HikariConfig config = new HikariConfig();
      dataSource.unwrap(HikariDataSource.class).copyStateTo(config);
      config.setPoolName("heddle-news");
      config.setMinimumIdle(0);
      config.setMaximumPoolSize(2);
      config.setLeakDetectionThreshold(0);
      // The database may be away just now; whoever keeps the connections tries again.
      config.setInitializationFailTimeout(-1);
      HikariDataSource beside = new HikariDataSource(config);
      return new KeptConnections(beside, beside::close);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    end.run();
  }
}
