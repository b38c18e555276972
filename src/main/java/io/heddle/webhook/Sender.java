package io.heddle.webhook;

import io.heddle.egress.Egress;
import io.heddle.egress.EgressFailedException;
import io.heddle.egress.EgressRefusedException;
import io.heddle.egress.EgressRequest;
import io.heddle.egress.EgressResponse;
import io.heddle.run.TraceContext;
import io.heddle.secret.SealedException;
import io.heddle.secret.Vault;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Signs and sends one message at a time, and says what came of it. Thread-safe. */
public final class Sender {

  private static final String PURPOSE = "webhook";

  private static final int GONE = 410;

  private final Egress egress;

  private final Vault vault;

  private final WebhookKeys keys;

  private final DeliveryEncoder encoder;

  private final InstantSource clock;

  private final Duration timeout;

  /**
   * @param timeout for one attempt
   */
  public Sender(
      Egress egress,
      Vault vault,
      WebhookKeys keys,
      DeliveryEncoder encoder,
      InstantSource clock,
      Duration timeout) {
    this.egress = egress;
    this.vault = vault;
    this.keys = keys;
    this.encoder = encoder;
    this.clock = clock;
    this.timeout = timeout;
  }

  /** Makes one attempt. Never throws what another attempt might cure. */
  Attempt send(Subscription subscription, Delivery delivery, byte[] body) {
    try {
      EgressResponse response =
          post(
              subscription,
              delivery.messageId(),
              encoder.spell(delivery.type()),
              delivery.runId(),
              delivery.trace(),
              body,
              timeout);
      return judged(response);
    } catch (EgressRefusedException e) {
      return new Attempt.Failed(null, "refused: " + e.reason(), false, null);
    } catch (EgressFailedException e) {
      return new Attempt.Failed(null, e.kind().name().toLowerCase(Locale.ROOT), false, null);
    } catch (SealedException e) {
      return new Attempt.Failed(null, "the secret is sealed with another master key", false, null);
    }
  }

  /** Sends one signed message. */
  EgressResponse post(
      Subscription subscription,
      String messageId,
      @Nullable String eventType,
      @Nullable String runId,
      @Nullable TraceContext trace,
      byte[] body,
      Duration timeout) {
    Map<String, String> headers =
        WebhookSignatures.headers(
            subscription.webhookId(),
            eventType,
            messageId,
            clock.instant().getEpochSecond(),
            body,
            secrets(subscription),
            Set.copyOf(subscription.algorithms()),
            keys);
    if (trace != null) {
      headers.put("traceparent", trace.traceparent());
      if (trace.traceState() != null) {
        headers.put("tracestate", trace.traceState());
      }
    }
    return egress.send(
        new EgressRequest(
            "POST",
            subscription.url(),
            headers,
            body,
            timeout,
            PURPOSE,
            subscription.tenant().id(),
            runId,
            false));
  }

  /**
   * The older first: while there are two, it is the one that subscribers of the plain scheme know.
   */
  private List<String> secrets(Subscription subscription) {
    String purpose = Webhooks.purpose(subscription.webhookId());
    List<String> secrets = new ArrayList<>();
    Subscription.Secrets sealed = subscription.secrets();
    if (sealed == null) {
      return secrets;
    }
    byte[] previous = sealed.previous();
    if (previous != null) {
      secrets.add(new String(vault.open(previous, purpose), StandardCharsets.UTF_8));
    }
    secrets.add(new String(vault.open(sealed.current(), purpose), StandardCharsets.UTF_8));
    return secrets;
  }

  private Attempt judged(EgressResponse response) {
    int status = response.status();
    if (status >= 200 && status < 300) {
      return new Attempt.Delivered(status);
    }
    return new Attempt.Failed(
        status,
        "the receiver answered " + status,
        status == GONE,
        retryAfter(response.headers().get("retry-after")));
  }

  /** In seconds, or as a date. */
  private @Nullable Duration retryAfter(@Nullable String header) {
    if (header == null) {
      return null;
    }
    try {
      if (header.matches("\\d{1,9}")) {
        return Duration.ofSeconds(Long.parseLong(header));
      }
      Instant at = DateTimeFormatter.RFC_1123_DATE_TIME.parse(header, Instant::from);
      Duration until = Duration.between(clock.instant(), at);
      return until.isNegative() ? null : until;
    } catch (DateTimeException e) {
      return null;
    }
  }
}
