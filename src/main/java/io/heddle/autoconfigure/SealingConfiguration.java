package io.heddle.autoconfigure;

import io.heddle.metrics.SecretMeters;
import io.heddle.postgres.SealedSql;
import io.heddle.secret.Resealing;
import io.heddle.secret.Vault;
import java.util.concurrent.TimeUnit;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What seals the host's own secrets, and seals them anew once it has another key. */
@Configuration(proxyBeanMethods = false)
final class SealingConfiguration {

  private static final long MINUTES_BETWEEN_RESEALINGS = 10;

  @Bean
  Vault heddleVault(HeddleProperties properties) {
    return HostSecrets.vault(properties);
  }

  @Bean
  Resealing heddleResealing(HostDatabase database, Vault vault, HostThreads threads) {
    Resealing resealing = new Resealing(vault, SealedSql.all(database.jdbc()));
    threads
        .timer()
        .scheduleWithFixedDelay(resealing::pass, 1, MINUTES_BETWEEN_RESEALINGS, TimeUnit.MINUTES);
    return resealing;
  }

  @Bean
  SecretMeters heddleSecretMeters(Resealing resealing) {
    return new SecretMeters(resealing);
  }
}
