package io.heddle.autoconfigure;

import io.heddle.claim.DatabaseClock;
import io.heddle.egress.AddressResolver;
import io.heddle.egress.Egress;
import io.heddle.egress.EgressSettings;
import io.heddle.postgres.SecretSql;
import io.heddle.secret.Vault;
import io.heddle.spi.EgressPolicy;
import io.heddle.webhook.WebhookKeys;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What calls of other systems take: the client, and the keys that sign for the host. */
@Configuration(proxyBeanMethods = false)
final class OutboundConfiguration {

  private static final Logger log = LoggerFactory.getLogger(OutboundConfiguration.class);

  @Bean
  Egress heddleEgress(HeddleProperties properties, ObjectProvider<EgressPolicy> policies) {
    HeddleProperties.Egress egress = properties.egress();
    if (egress.allowPrivate()) {
      log.warn(
          "openwop.egress.allow-private is on: this host calls http URLs and private addresses,"
              + " whoever asks it to");
    }
    return new Egress(
        new EgressSettings(
            egress.allow(),
            egress.deny(),
            egress.allowPrivate(),
            Math.toIntExact(egress.maxResponseBody().toBytes())),
        AddressResolver.SYSTEM,
        policies.orderedStream().toList(),
        Egress.jvmDefault());
  }

  @Bean
  WebhookKeys heddleWebhookKeys(
      HeddleProperties properties,
      HostDatabase database,
      Vault vault,
      DatabaseClock clock,
      HostThreads threads) {
    WebhookKeys keys =
        HostSecrets.webhookKeys(
            properties.webhooks(), new SecretSql(database.jdbc()), vault, clock);
    threads.timer().scheduleWithFixedDelay(keys::refresh, 1, 1, TimeUnit.MINUTES);
    return keys;
  }
}
