package io.heddle.autoconfigure;

import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptStore;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.postgres.InterruptSql;
import io.heddle.postgres.SecretSql;
import io.heddle.run.RunStore;
import io.heddle.secret.Vault;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Questions to people and other systems. */
@Configuration(proxyBeanMethods = false)
final class QuestionsConfiguration {

  @Bean
  @ConditionalOnMissingBean
  InterruptStore heddleInterruptStore(HostDatabase database) {
    return new InterruptSql(database.jdbc());
  }

  @Bean
  InterruptService heddleInterruptService(RunStore store, InterruptStore interrupts) {
    return new InterruptService(store, interrupts);
  }

  @Bean
  InterruptTokens heddleInterruptTokens(
      HeddleProperties properties, HostDatabase database, Vault vault) {
    return new InterruptTokens(
        HostSecrets.tokenKeys(properties.interrupts(), new SecretSql(database.jdbc()), vault));
  }
}
