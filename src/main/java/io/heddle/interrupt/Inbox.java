package io.heddle.interrupt;

import io.heddle.spi.InterruptKind;
import io.heddle.tenancy.Tenant;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The questions of a tenant that stand, the oldest first. Thread-safe. */
public interface Inbox {

  /**
   * A part of the list.
   *
   * @param kind only questions of this kind, or null for all
   * @param after where the part before ended, or null for the beginning
   * @param limit at most so many questions
   */
  Page page(Tenant tenant, @Nullable InterruptKind kind, @Nullable Position after, int limit);

  /** A place in the list. */
  record Position(Instant requestedAt, String interruptId) {}

  /**
   * A question in brief.
   *
   * @param title what it calls itself, or null
   * @param ageMs how long it has been standing, by the database's clock
   */
  record Row(
      String interruptId,
      String runId,
      String workflowId,
      String nodeId,
      InterruptKind kind,
      @Nullable String title,
      Instant requestedAt,
      long ageMs,
      @Nullable Instant deadline) {}

  /**
   * A part of the list.
   *
   * @param next where the list goes on, or null if it does not
   */
  record Page(List<Row> rows, @Nullable Position next) {}
}
