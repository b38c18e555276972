package io.heddle.autoconfigure;

import io.heddle.auth.Roles;
import io.heddle.auth.TestPrincipals;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptStore;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.metrics.RunOutcomes;
import io.heddle.postgres.DenialSql;
import io.heddle.postgres.InterruptSql;
import io.heddle.postgres.SecretSql;
import io.heddle.run.DenialStore;
import io.heddle.run.Denials;
import io.heddle.run.RunStore;
import io.heddle.secret.Vault;
import java.util.Map;
import java.util.Set;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Questions to people and other systems, and who may answer them. */
@Configuration(proxyBeanMethods = false)
final class QuestionsConfiguration {

  @Bean
  @ConditionalOnMissingBean
  InterruptStore heddleInterruptStore(HostDatabase database) {
    return new InterruptSql(database.jdbc());
  }

  @Bean
  Roles heddleRoles(HeddleProperties properties) {
    Map<String, Set<String>> configured = properties.auth().roles();
    return new Roles(
        properties.conformance().enabled() ? TestPrincipals.with(configured) : configured);
  }

  @Bean
  InterruptService heddleInterruptService(RunStore store, InterruptStore interrupts, Roles roles) {
    return new InterruptService(store, interrupts, roles.scopes().keySet());
  }

  @Bean
  @ConditionalOnMissingBean
  DenialStore heddleDenialStore(HostDatabase database) {
    return new DenialSql(database.jdbc());
  }

  @Bean
  Denials heddleDenials(RunStore store, DenialStore denials, RunOutcomes news) {
    return new Denials(store, denials, news);
  }

  @Bean
  InterruptTokens heddleInterruptTokens(
      HeddleProperties properties, HostDatabase database, Vault vault) {
    return new InterruptTokens(
        HostSecrets.tokenKeys(properties.interrupts(), new SecretSql(database.jdbc()), vault));
  }
}
