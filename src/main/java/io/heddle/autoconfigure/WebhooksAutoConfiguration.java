package io.heddle.autoconfigure;

import io.heddle.claim.DatabaseClock;
import io.heddle.egress.Egress;
import io.heddle.interrupt.InterruptStore;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.metrics.DeliveryBacklog;
import io.heddle.metrics.DeliveryMeters;
import io.heddle.postgres.DeadLetterSql;
import io.heddle.postgres.DeliverySql;
import io.heddle.postgres.WebhookSql;
import io.heddle.run.Ids;
import io.heddle.run.RunStore;
import io.heddle.secret.Vault;
import io.heddle.web.Mutations;
import io.heddle.web.Requests;
import io.heddle.web.v1.V1CallbackEncoder;
import io.heddle.web.v1.V1Capability;
import io.heddle.web.v1.V1DeadLettersController;
import io.heddle.web.v1.V1DeliveryEncoder;
import io.heddle.web.v1.V1WebhooksController;
import io.heddle.webhook.CallbackEncoder;
import io.heddle.webhook.DeliveryEncoder;
import io.heddle.webhook.DeliveryListener;
import io.heddle.webhook.DeliverySettings;
import io.heddle.webhook.Dispatcher;
import io.heddle.webhook.OutboxSignal;
import io.heddle.webhook.RetrySchedule;
import io.heddle.webhook.Sender;
import io.heddle.webhook.Verification;
import io.heddle.webhook.WebhookKeys;
import io.heddle.webhook.Webhooks;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;

/** Events told to subscribers over HTTP. */
@AutoConfiguration(after = HeddleWebAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnBean(RunStore.class)
public final class WebhooksAutoConfiguration {

  private static final Duration SHORTEST_OVERLAP = Duration.ofMinutes(1);

  private static final Duration LONGEST_OVERLAP = Duration.ofDays(7);

  @Bean
  DeliverySettings heddleDeliverySettings(HeddleProperties properties) {
    HeddleProperties.Webhooks webhooks = properties.webhooks();
    return new DeliverySettings(
        webhooks.durable(),
        new RetrySchedule(webhooks.retries(), webhooks.retryJitter(), webhooks.maxRetryAfter()),
        webhooks.concurrency(),
        webhooks.timeout(),
        webhooks.poll(),
        properties.shutdown().grace());
  }

  @Bean
  @ConditionalOnMissingBean
  DeliveryEncoder heddleDeliveryEncoder() {
    return new V1DeliveryEncoder();
  }

  @Bean
  @ConditionalOnMissingBean
  CallbackEncoder heddleCallbackEncoder(
      InterruptStore interrupts, InterruptTokens tokens, HeddleProperties properties) {
    return new V1CallbackEncoder(interrupts, tokens, publicUrl(properties.publicUrl()));
  }

  /** Without a slash at its end; empty for none. */
  static String publicUrl(@Nullable String given) {
    if (given == null || given.isBlank()) {
      return "";
    }
    try {
      URI url = new URI(given);
      if (List.of("http", "https").contains(String.valueOf(url.getScheme()))
          && url.getHost() != null
          && url.getUserInfo() == null
          && url.getQuery() == null
          && url.getFragment() == null) {
        return given.replaceFirst("/+$", "");
      }
    } catch (URISyntaxException e) {
      // Refused below like a URL of another kind.
    }
    throw new IllegalArgumentException(
        "openwop.public-url must be an http or https URL without credentials, query and fragment");
  }

  @Bean
  Sender heddleWebhookSender(
      Egress egress,
      Vault vault,
      WebhookKeys keys,
      DeliveryEncoder encoder,
      DatabaseClock clock,
      DeliverySettings settings) {
    return new Sender(egress, vault, keys, encoder, clock, settings.timeout());
  }

  @Bean
  DeliveryMeters heddleDeliveryMeters() {
    return new DeliveryMeters();
  }

  @Bean(destroyMethod = "")
  Dispatcher heddleDispatcher(
      HostDatabase database,
      Sender sender,
      DeliveryEncoder encoder,
      CallbackEncoder callbacks,
      DeliverySettings settings,
      OutboxSignal signal,
      DeliveryListener listener) {
    return new Dispatcher(
        new DeliverySql(database.jdbc(), database.transactions()),
        sender,
        encoder,
        callbacks,
        settings,
        signal,
        listener,
        () -> Threads.perTask("heddle-webhook"),
        Ids.node());
  }

  @Bean
  DeliveryBacklog heddleDeliveryBacklog(Dispatcher dispatcher) {
    return new DeliveryBacklog(dispatcher::sending, dispatcher::oldestDue);
  }

  @Bean
  BackgroundLifecycle heddleDispatcherLifecycle(Dispatcher dispatcher) {
    return new BackgroundLifecycle(dispatcher::start, dispatcher::close);
  }

  @Bean
  Webhooks heddleWebhooks(
      HostDatabase database,
      Vault vault,
      Egress egress,
      Sender sender,
      DeliveryEncoder encoder,
      Dispatcher dispatcher,
      HeddleProperties properties) {
    return new Webhooks(
        new WebhookSql(database.jdbc(), database.transactions()),
        vault,
        egress,
        new Verification(sender, encoder),
        dispatcher,
        properties.webhooks().maxSubscriptions());
  }

  @Bean
  V1WebhooksController heddleWebhooksController(
      Webhooks webhooks,
      Vault vault,
      Mutations mutations,
      Requests requests,
      WebhookKeys keys,
      HeddleProperties properties) {
    Duration overlap = properties.webhooks().secretOverlap();
    if (overlap.compareTo(SHORTEST_OVERLAP) < 0 || overlap.compareTo(LONGEST_OVERLAP) > 0) {
      throw new IllegalArgumentException(
          "openwop.webhooks.secret-overlap must be between a minute and 7 days");
    }
    return new V1WebhooksController(webhooks, vault, mutations, requests, keys, overlap);
  }

  /**
   * Not as {@code durable}: that would promise the subscriptions and events of the trigger bridge.
   */
  @Bean
  V1Capability heddleDeliveryPolicy(DeliverySettings settings, HeddleProperties properties) {
    if (!settings.durable()) {
      return V1Capability.of("webhooks", Map.of());
    }
    return V1Capability.of(
        "webhooks",
        Map.of(
            "heddleDelivery",
            Map.of(
                "maxAttempts",
                settings.schedule().maxAttempts(),
                "deadLetterRetentionSeconds",
                properties.webhooks().deadLetterRetention().toSeconds())),
        V1WebhooksController.SCOPE);
  }

  @Bean
  V1DeadLettersController heddleDeadLettersController(HostDatabase database, OutboxSignal signal) {
    return new V1DeadLettersController(new DeadLetterSql(database.jdbc()), signal);
  }
}
