package io.heddle.autoconfigure;

import io.heddle.auth.ApiKey;
import io.heddle.auth.ApiKeys;
import io.heddle.postgres.KeySql;
import io.heddle.run.RunStore;
import io.heddle.spi.Authenticator;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Authenticates the configured API keys; without any, the development key of an embedded database.
 */
@AutoConfiguration(after = HeddleAutoConfiguration.class, before = HeddleWebAutoConfiguration.class)
@ConditionalOnBean(RunStore.class)
public final class ApiKeysAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean(Authenticator.class)
  ApiKeys heddleApiKeys(
      HeddleProperties properties,
      HostDatabase database,
      ObjectProvider<EmbeddedPostgresServer> embedded) {
    List<ApiKey> keys = new ArrayList<>();
    properties.apiKeys().forEach((keyId, key) -> keys.add(key(keyId, key)));
    if (keys.isEmpty()) {
      EmbeddedPostgresServer server = embedded.getIfAvailable();
      if (server != null) {
        keys.add(DevelopmentKey.of(server.directory()));
      } else if (properties.auth().issuers().isEmpty() && new KeySql(database.jdbc()).isEmpty()) {
        throw new NoApiKeyException();
      }
    }
    return new ApiKeys(keys, InstantSource.system());
  }

  private static ApiKey key(String keyId, HeddleProperties.ApiKey key) {
    return new ApiKey(
        keyId,
        key.sha256(),
        key.tenant(),
        key.principal() == null ? keyId : key.principal(),
        key.scopes(),
        key.groups(),
        key.roles(),
        key.expiresAt(),
        key.test());
  }
}
