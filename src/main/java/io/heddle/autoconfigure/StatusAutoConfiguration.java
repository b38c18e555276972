package io.heddle.autoconfigure;

import io.heddle.audit.Sealer;
import io.heddle.claim.Claimer;
import io.heddle.claim.DatabaseClock;
import io.heddle.postgres.ClusterSql;
import io.heddle.retention.Sweeper;
import io.heddle.run.RunStore;
import io.heddle.status.OpenwopEndpoint;
import io.heddle.webhook.Dispatcher;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** How the host is, if the application exposes it. */
@AutoConfiguration(after = HeddleAutoConfiguration.class)
@ConditionalOnBean(RunStore.class)
@ConditionalOnAvailableEndpoint(OpenwopEndpoint.class)
public final class StatusAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  OpenwopEndpoint heddleStatusEndpoint(
      HostDatabase database,
      Claimer claimer,
      ObjectProvider<Sweeper> sweeper,
      ObjectProvider<Dispatcher> dispatcher,
      ObjectProvider<Sealer> sealer,
      DatabaseClock clock) {
    return new OpenwopEndpoint(
        new ClusterSql(database.jdbc()),
        claimer,
        sweeper.getIfAvailable(),
        dispatcher.getIfAvailable(),
        sealer.getIfAvailable(),
        clock);
  }
}
