package io.heddle.webhook;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The outbox. Every method is one transaction; every time is the database's. Thread-safe.
 *
 * <p>Whoever delivers for a subscription holds a lease of it, whose epoch fences what is recorded:
 * a holder that lost its lease records nothing any more.
 */
public interface DeliveryStore {

  /**
   * Leases subscriptions for which something is due; the tenants take turns.
   *
   * @param owner this process
   * @param most how many
   * @param lease for how long nobody else delivers for them
   */
  List<Lease> lease(String owner, int most, Duration lease);

  /**
   * The heads of the queues of leased subscriptions, each in its order. Sees what was recorded by
   * the holder before.
   *
   * @param most of each queue
   * @param bytes of each queue, about; a longer one alone is given all the same
   */
  List<Queued> heads(List<Lease> leases, int most, int bytes);

  /**
   * Stores what is to be sent, before it is; returns the positions of what may be sent, without
   * those whose subscription is deleted or leased by somebody else now.
   */
  List<Long> prepare(String owner, List<Prepared> prepared);

  /** Records what became of attempts, and gives leases back. */
  void record(String owner, List<Recorded> outcomes, List<Released> released);

  /**
   * Gives up subscriptions with so many failures in so long a time, and what is queued for them.
   */
  void giveUp(List<String> webhookIds, int failures, Duration within);

  /** For how long the delivery that is due the longest has been queued; zero if there is none. */
  Duration oldestDue();

  /**
   * A leased subscription.
   *
   * @param failures consecutive failures so far
   */
  record Lease(Subscription subscription, long epoch, int failures) {}

  /** A delivery of a leased subscription. */
  record Queued(String webhookId, Delivery delivery) {}

  /** The body of a delivery. */
  record Prepared(Lease lease, long position, byte[] body) {}

  /** What a delivery is after an attempt. */
  enum Status {
    /** Waits for another attempt. */
    PENDING,
    DELIVERED,
    /** Failed, and is not tried again. */
    FAILED,
    /** Nobody needs to be told any more. */
    SKIPPED,
    /** Given up, and kept for people to look at. */
    DEAD
  }

  /**
   * What became of a delivery.
   *
   * @param attempted whether there was an attempt at all
   * @param answer the HTTP status, if there was one
   * @param error what went wrong, in a few words that hold nothing of the receiver's; or null
   */
  record Recorded(
      Lease lease,
      long position,
      Status status,
      boolean attempted,
      @Nullable Integer answer,
      @Nullable String error) {}

  /**
   * A lease given back.
   *
   * @param delay nothing more is tried for so long
   * @param failures consecutive failures now
   * @param opensFor for so long nothing is queued, and what is queued is skipped; null for the
   *     normal case
   */
  record Released(Lease lease, Duration delay, int failures, @Nullable Duration opensFor) {}
}
