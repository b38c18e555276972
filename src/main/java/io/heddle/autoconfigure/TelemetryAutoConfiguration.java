package io.heddle.autoconfigure;

import io.heddle.claim.DatabaseClock;
import io.heddle.metrics.ProtocolMeters;
import io.heddle.metrics.Recently;
import io.heddle.postgres.QueueSql;
import io.heddle.workflow.WorkflowRegistry;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.context.annotation.Bean;

/** What operators see of runs. */
@AutoConfiguration(
    after = {DataSourceAutoConfiguration.class, MetricsAutoConfiguration.class},
    before = CompositeMeterRegistryAutoConfiguration.class)
@ConditionalOnBean(DataSource.class)
public final class TelemetryAutoConfiguration {

  // A look costs the database something, and operators look at minutes.
  private static final Duration SHELF_LIFE = Duration.ofSeconds(3);

  @Bean
  ProtocolMeters heddleProtocolMeters(
      WorkflowRegistry workflows, DatabaseClock clock, HostDatabase database) {
    return new ProtocolMeters(
        workflows,
        clock,
        new Recently<>(
            SHELF_LIFE, new ProtocolMeters.Queue(0, 0, 0), new QueueSql(database.jdbc())));
  }
}
