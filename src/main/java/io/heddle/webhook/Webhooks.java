package io.heddle.webhook;

import io.heddle.egress.Egress;
import io.heddle.run.EventType;
import io.heddle.run.Ids;
import io.heddle.secret.Vault;
import io.heddle.tenancy.Tenant;
import io.heddle.webhook.SubscriptionStore.Rotation;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The subscriptions of tenants. Thread-safe. */
public final class Webhooks {

  private static final int SECRET_BYTES = 32;

  private final SubscriptionStore store;

  private final Vault vault;

  private final Egress egress;

  private final Verification verification;

  private final Dispatcher dispatcher;

  private final int mostPerTenant;

  private final SecureRandom random = new SecureRandom();

  /**
   * @param mostPerTenant how many subscriptions a tenant may have
   */
  public Webhooks(
      SubscriptionStore store,
      Vault vault,
      Egress egress,
      Verification verification,
      Dispatcher dispatcher,
      int mostPerTenant) {
    this.store = store;
    this.vault = vault;
    this.egress = egress;
    this.verification = verification;
    this.dispatcher = dispatcher;
    this.mostPerTenant = mostPerTenant;
  }

  /**
   * What somebody wants to be told.
   *
   * @param secret which signs; null for one that this host makes
   * @param verified whether the address is asked first
   */
  public record Request(
      String url,
      Set<EventType> events,
      @Nullable List<String> tags,
      List<String> algorithms,
      @Nullable String secret,
      boolean verified) {

    @Override
    public String toString() {
      return "Request[]";
    }
  }

  /**
   * A subscription that is not stored yet.
   *
   * @param secret in clear; in no record but the caller's
   */
  public record Candidate(Subscription subscription, String secret) {

    @Override
    public String toString() {
      return subscription.toString();
    }
  }

  /** How many subscriptions a tenant may have. */
  public int mostPerTenant() {
    return mostPerTenant;
  }

  /**
   * Judges a request, and asks its address if need be; so this is for no transaction.
   *
   * @throws io.heddle.egress.EgressRefusedException if this host must not call the address
   * @throws UnverifiedException if it was asked and did not agree
   */
  public Candidate prepare(Tenant tenant, Request request) {
    egress.check(request.url());
    String webhookId = Ids.webhook();
    String secret = request.secret();
    if (secret == null) {
      byte[] bytes = new byte[SECRET_BYTES];
      random.nextBytes(bytes);
      secret = HexFormat.of().formatHex(bytes);
    }
    Subscription subscription =
        new Subscription(
            tenant,
            webhookId,
            request.url(),
            request.events(),
            request.tags(),
            request.algorithms(),
            new Subscription.Secrets(sealed(webhookId, secret), null));
    if (request.verified()) {
      verification.verify(subscription);
    }
    return new Candidate(subscription, secret);
  }

  /** Stores a subscription; false if its tenant has as many as it may have. */
  public boolean keep(Candidate candidate, String principal) {
    return store.insert(candidate.subscription(), principal, mostPerTenant);
  }

  /** A subscription of this tenant. */
  public Optional<Subscription> find(Tenant tenant, String webhookId) {
    return store.find(tenant, webhookId);
  }

  /** Ends a subscription and everything that is queued for it; false if there is none. */
  public boolean delete(Tenant tenant, String webhookId) {
    boolean deleted = store.delete(tenant, webhookId);
    if (deleted) {
      dispatcher.forget(webhookId);
    }
    return deleted;
  }

  /** Gives a subscription another secret; the one before counts for a while. */
  public Optional<Rotation> rotate(
      Tenant tenant, String webhookId, String secret, Duration overlap) {
    return store.rotate(tenant, webhookId, sealed(webhookId, secret), overlap);
  }

  private byte[] sealed(String webhookId, String secret) {
    return vault.seal(secret.getBytes(StandardCharsets.UTF_8), purpose(webhookId));
  }

  /** What the secrets of a webhook are sealed for. */
  public static String purpose(String webhookId) {
    return "the webhook " + webhookId;
  }
}
