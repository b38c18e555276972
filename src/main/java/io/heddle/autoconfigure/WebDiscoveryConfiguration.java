package io.heddle.autoconfigure;

import io.heddle.engine.Limits;
import io.heddle.secret.SecretSources;
import io.heddle.web.v1.V1Capability;
import io.heddle.web.v1.V1Discovery;
import io.heddle.web.v1.V1DiscoveryController;
import io.heddle.web.v1.V1WebhookKeysController;
import io.heddle.webhook.WebhookKeys;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What the host tells of itself: what it can do, and by which keys it signs. */
@Configuration(proxyBeanMethods = false)
final class WebDiscoveryConfiguration {

  /** Nodes get secrets that this host finds for them; callers send none. */
  @Bean
  V1Capability heddleSecrets(SecretSources sources) {
    List<String> scopes =
        sources.scopes().stream()
            .map(scope -> scope.name().toLowerCase(Locale.ROOT))
            .sorted()
            .toList();
    return V1Capability.of(
        "secrets",
        scopes.isEmpty()
            ? Map.of()
            : Map.of("supported", true, "scopes", scopes, "resolution", "host-managed"));
  }

  @Bean
  V1Capability heddleMasking() {
    return V1Capability.of(
        "compliance", Map.of("defaultMode", "mask", "supportedClasses", List.of("public")));
  }

  @Bean
  V1DiscoveryController heddleDiscoveryController(
      Limits limits,
      HeddleProperties properties,
      ConformanceFixtures fixtures,
      ObjectProvider<V1Capability> features) {
    V1Discovery discovery =
        new V1Discovery(
            HostVersion.build(),
            HostVersion.ENGINE,
            HostVersion.EVENT_LOG_SCHEMA,
            limits,
            Math.toIntExact(properties.limits().maxRequestBody().toBytes()),
            properties.idempotency().retention().toSeconds(),
            fixtures.ids(),
            features.orderedStream().toList());
    return new V1DiscoveryController(discovery);
  }

  @Bean
  V1Capability heddleScopedDiscovery() {
    return V1Capability.of(
        "discovery",
        Map.of(
            "authScoped",
            Map.of(
                "supported",
                true,
                "mode",
                "extension-endpoint",
                "endpointPath",
                V1DiscoveryController.SCOPED)));
  }

  @Bean
  V1WebhookKeysController heddleWebhookKeysController(WebhookKeys keys) {
    return new V1WebhookKeysController(keys);
  }
}
