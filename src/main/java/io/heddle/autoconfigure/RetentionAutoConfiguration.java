package io.heddle.autoconfigure;

import io.heddle.metrics.RetentionMetrics;
import io.heddle.postgres.RetentionSql;
import io.heddle.retention.RetentionSettings;
import io.heddle.retention.RetentionStore;
import io.heddle.retention.SweepListener;
import io.heddle.retention.Sweeper;
import io.heddle.run.RunStore;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** What deletes runs when their time is over. */
@AutoConfiguration(after = HeddleAutoConfiguration.class, before = HeddleWebAutoConfiguration.class)
@ConditionalOnBean(RunStore.class)
public final class RetentionAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  RetentionStore heddleRetentionStore(HostDatabase database) {
    return new RetentionSql(database.jdbc(), database.transactions());
  }

  @Bean
  RetentionSettings heddleRetentionSettings(HeddleProperties properties) {
    HeddleProperties.Retention retention = properties.retention();
    if (!retention.development()
        && retention.window().compareTo(RetentionSettings.SHORTEST_WINDOW) < 0) {
      throw new RetentionTooShortException(RetentionSettings.SHORTEST_WINDOW);
    }
    return new RetentionSettings(
        retention.window(),
        retention.tombstones(),
        retention.interval(),
        properties.webhooks().deliveryRetention(),
        properties.webhooks().deadLetterRetention());
  }

  @Bean
  RetentionMetrics heddleRetentionMetrics() {
    return new RetentionMetrics();
  }

  @Bean(destroyMethod = "")
  Sweeper heddleSweeper(RetentionStore store, RetentionSettings settings, SweepListener listener) {
    return new Sweeper(store, settings, listener);
  }

  @Bean
  BackgroundLifecycle heddleSweeperLifecycle(Sweeper sweeper) {
    return new BackgroundLifecycle(sweeper::start, sweeper::close);
  }
}
