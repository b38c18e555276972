package io.heddle.webhook;

import io.heddle.run.EventType;
import io.heddle.tenancy.Tenant;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Deliveries that were given up, for people to look at and to send again. Every method joins the
 * caller's transaction, or is one. Thread-safe.
 */
public interface DeadLetters {

  /**
   * A tenant's dead letters, the newest first.
   *
   * @param webhookId those of one subscription only, or null
   * @param after where to go on, or null for the beginning
   */
  Page page(Tenant tenant, @Nullable String webhookId, @Nullable Position after, int limit);

  /** One of them, with its body. */
  Optional<Letter> find(Tenant tenant, String messageId);

  /** Queues one of them again, behind everything else for its subscription. */
  Redriven redrive(Tenant tenant, String messageId);

  /** What came of sending one again. */
  enum Redriven {
    QUEUED,
    UNKNOWN,
    /** Its subscription is deleted, or was given up. */
    NOBODY_LISTENS,
    /** Its run expired before there was a body. */
    NOTHING_TO_SEND
  }

  /**
   * A dead letter.
   *
   * @param sequence of the event in its run
   * @param lastStatus what the receiver answered last, or null if it did not
   * @param lastError why that attempt failed
   * @param body what was sent; null in a list, and if nothing ever was
   */
  record Letter(
      String messageId,
      String webhookId,
      String runId,
      long sequence,
      EventType type,
      int attempts,
      @Nullable Integer lastStatus,
      @Nullable String lastError,
      Instant queuedAt,
      Instant diedAt,
      byte @Nullable [] body) {}

  /** A place in the list. */
  record Position(Instant diedAt, String messageId) {}

  /**
   * Some of the list.
   *
   * @param next where it goes on; null at the end
   */
  record Page(List<Letter> letters, @Nullable Position next) {}
}
