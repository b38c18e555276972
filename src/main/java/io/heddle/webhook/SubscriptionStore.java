package io.heddle.webhook;

import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Subscriptions. Every method joins the caller's transaction, or is one. Thread-safe. */
public interface SubscriptionStore {

  /**
   * Stores a new subscription, unless its tenant has too many. Those that were given up do not
   * count.
   *
   * @param most how many a tenant may have
   * @param principal who registers it
   */
  boolean insert(Subscription subscription, String principal, int most);

  Optional<Subscription> find(Tenant tenant, String webhookId);

  /**
   * Deletes a subscription and what is queued for it; its dead letters remain.
   *
   * @return false if there is none of this id
   */
  boolean delete(Tenant tenant, String webhookId);

  /**
   * Gives a subscription a new secret. The one that signs now goes on for a time; one that was
   * before it ends.
   *
   * @param overlap for how long
   * @return when, by the database's clock; empty if there is no such subscription
   */
  Optional<Rotation> rotate(Tenant tenant, String webhookId, byte[] sealed, Duration overlap);

  /** When a secret was replaced, and until when the one before counts. */
  record Rotation(Instant rotatedAt, Instant previousUntil) {}
}
