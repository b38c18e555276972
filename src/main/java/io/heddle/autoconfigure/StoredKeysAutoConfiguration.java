package io.heddle.autoconfigure;

import io.heddle.audit.AuditLog;
import io.heddle.auth.AuditedKeyEvents;
import io.heddle.auth.KeyEvents;
import io.heddle.auth.KeySecrets;
import io.heddle.auth.KeyService;
import io.heddle.auth.KeyStore;
import io.heddle.auth.LoggedKeyEvents;
import io.heddle.auth.StoredKeys;
import io.heddle.postgres.KeySql;
import io.heddle.postgres.SecretSql;
import io.heddle.run.RunStore;
import io.heddle.secret.Vault;
import io.heddle.web.Mutations;
import io.heddle.web.Requests;
import io.heddle.web.v1.V1Capability;
import io.heddle.web.v1.V1KeysController;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;

/** API keys that the host gives out, and what gives them out. */
@AutoConfiguration(
    after = {
      ApiKeysAutoConfiguration.class,
      AuditAutoConfiguration.class,
      HeddleWebAutoConfiguration.class
    })
@ConditionalOnBean(RunStore.class)
public final class StoredKeysAutoConfiguration {

  private static final long MINUTES_BETWEEN_RECORDS_OF_USE = 1;

  @Bean
  @ConditionalOnMissingBean
  KeyStore heddleKeyStore(HostDatabase database) {
    return new KeySql(database.jdbc());
  }

  @Bean
  KeySecrets heddleKeySecrets(HostDatabase database, Vault vault) {
    return new KeySecrets(new SecretSql(database.jdbc()), vault);
  }

  @Bean
  @ConditionalOnMissingBean
  KeyEvents heddleKeyEvents(ObjectProvider<AuditLog> audit) {
    AuditLog log = audit.getIfAvailable();
    return log == null ? new LoggedKeyEvents() : new AuditedKeyEvents(log);
  }

  /** After those that ask no database. */
  @Bean
  @Order(100)
  StoredKeys heddleStoredKeys(
      KeyStore store,
      KeySecrets secrets,
      KeyEvents events,
      HeddleProperties properties,
      HostThreads threads) {
    StoredKeys keys = new StoredKeys(store, secrets, events, properties.keys().cache());
    threads
        .timer()
        .scheduleWithFixedDelay(
            keys::recordUse,
            MINUTES_BETWEEN_RECORDS_OF_USE,
            MINUTES_BETWEEN_RECORDS_OF_USE,
            TimeUnit.MINUTES);
    return keys;
  }

  @Bean
  KeyService heddleKeyService(
      KeyStore store, KeySecrets secrets, KeyEvents events, HeddleProperties properties) {
    return new KeyService(store, secrets, events, properties.keys().minGrace());
  }

  @Bean
  @ConditionalOnBean(Mutations.class)
  V1KeysController heddleKeysController(
      KeyService keys, StoredKeys authenticated, Mutations mutations, Requests requests) {
    return new V1KeysController(keys, authenticated, mutations, requests);
  }

  @Bean
  @ConditionalOnBean(Mutations.class)
  V1Capability heddleKeyRotation(KeyService keys) {
    return V1Capability.of(
        "auth",
        Map.of(
            "profiles",
            List.of("openwop-auth-api-key-rotation"),
            "rotation",
            Map.of("supported", true, "minGraceSeconds", keys.shortestGrace().toSeconds())));
  }
}
