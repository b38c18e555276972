package io.heddle.autoconfigure;

import io.heddle.claim.ClaimStore;
import io.heddle.effect.EffectStore;
import io.heddle.engine.Effects;
import io.heddle.postgres.ClaimSql;
import io.heddle.postgres.EffectSql;
import io.heddle.postgres.RunSql;
import io.heddle.postgres.WorkflowSql;
import io.heddle.postgres.YoungTables;
import io.heddle.run.RunStore;
import io.heddle.webhook.OutboxSignal;
import io.heddle.workflow.WorkflowStore;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** The database, and what the engine keeps in it. */
@Configuration(proxyBeanMethods = false)
final class StoresConfiguration {

  /** Before anything is made of it: without a database there is no host, and nobody would say. */
  @Bean
  static BeanFactoryPostProcessor heddleDatabaseCheck() {
    return HostDataSource::requireAny;
  }

  @Bean
  HostDataSource heddleDataSource(ObjectProvider<DataSource> dataSource) {
    return HostDataSource.of(dataSource);
  }

  @Bean
  OpenwopSchema openwopSchema(HostDataSource database) {
    return new OpenwopSchema(database.dataSource());
  }

  /** The stores' own access, so that an application's templates and transactions stay its own. */
  @Bean
  HostDatabase heddleDatabase(HostDataSource database, OpenwopSchema migrated) {
    return new HostDatabase(
        JdbcClient.create(database.dataSource()),
        new TransactionTemplate(new JdbcTransactionManager(database.dataSource())));
  }

  @Bean
  OutboxSignal heddleOutboxSignal() {
    return new OutboxSignal();
  }

  @Bean
  @ConditionalOnMissingBean
  RunStore heddleRunStore(HostDatabase database, HeddleProperties properties, OutboxSignal queued) {
    return new RunSql(
        database.jdbc(),
        database.transactions(),
        HostVersion.ENGINE,
        HostVersion.EVENT_LOG_SCHEMA,
        properties.audit().enabled(),
        queued::raise);
  }

  @Bean
  @ConditionalOnMissingBean
  ClaimStore heddleClaimStore(HostDatabase database) {
    return new ClaimSql(database.jdbc(), database.transactions());
  }

  @Bean
  @ConditionalOnMissingBean
  WorkflowStore heddleWorkflowStore(HostDatabase database) {
    return new WorkflowSql(database.jdbc(), database.transactions());
  }

  @Bean
  @ConditionalOnMissingBean
  EffectStore heddleEffectStore(HostDatabase database, HeddleProperties properties) {
    Duration retention = properties.effects().retention();
    if (retention.toSeconds() < 1) {
      throw new IllegalArgumentException("openwop.effects.retention must be at least a second");
    }
    return new EffectSql(database.jdbc(), retention);
  }

  @Bean
  Effects heddleEffects(EffectStore store, HeddleProperties properties) {
    return new Effects(store, properties.effects().maxWait());
  }

  @Bean
  YoungTables heddleYoungTables(HostDatabase database, HostThreads threads) {
    YoungTables tables = new YoungTables(database.jdbc());
    threads.timer().scheduleWithFixedDelay(tables::refresh, 1, 1, TimeUnit.SECONDS);
    return tables;
  }
}
