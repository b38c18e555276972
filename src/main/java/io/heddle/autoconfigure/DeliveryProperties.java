package io.heddle.autoconfigure;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How events are delivered to webhooks.
 *
 * @param maxSubscriptions Webhooks that one tenant may have.
 * @param durable Whether deliveries that fail are tried again and kept as dead letters in the end.
 *     If not, each is tried once, and a webhook that fails again and again is left alone for an
 *     hour.
 * @param retries Time before the second attempt of a delivery, before the third and so on.
 * @param retryJitter By which share such a time is longer or shorter at random, 0 to 1.
 * @param maxRetryAfter How far a receiver's 'Retry-After' is followed.
 * @param concurrency Webhooks this node sends to at the same time.
 * @param timeout Time that one attempt may take.
 * @param poll How often a node looks for deliveries that it was not told of.
 * @param secretOverlap How long a secret that was replaced still signs, 1 minute to 7 days.
 * @param deliveryRetention How long it is kept that something was delivered.
 * @param deadLetterRetention How long deliveries that were given up are kept.
 */
@ConfigurationProperties("openwop.webhooks")
record DeliveryProperties(
    @DefaultValue("100") int maxSubscriptions,
    @DefaultValue("true") boolean durable,
    @DefaultValue({"5s", "30s", "2m", "10m", "1h", "6h", "12h"}) List<Duration> retries,
    @DefaultValue("0.2") double retryJitter,
    @DefaultValue("1h") Duration maxRetryAfter,
    @DefaultValue("256") int concurrency,
    @DefaultValue("5s") Duration timeout,
    @DefaultValue("500ms") Duration poll,
    @DefaultValue("24h") Duration secretOverlap,
    @DefaultValue("24h") Duration deliveryRetention,
    @DefaultValue("30d") Duration deadLetterRetention) {}
