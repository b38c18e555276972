package io.heddle.run;

import io.heddle.tenancy.Tenant;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The runs of a tenant, the newest first. Thread-safe. */
public interface RunListing {

  /**
   * A part of the list.
   *
   * @param after where the part before ended, or null for the beginning
   * @param limit at most so many runs
   */
  Page page(Tenant tenant, Filter filter, @Nullable Position after, int limit);

  /**
   * Which runs are listed: those that fit all of these, as far as they are given.
   *
   * @param tag one of the tags that the run has
   * @param createdAfter only runs created later than this
   * @param createdBefore only runs created earlier than this
   */
  record Filter(
      @Nullable RunStatus status,
      @Nullable String workflowId,
      @Nullable String tag,
      @Nullable Instant createdAfter,
      @Nullable Instant createdBefore) {}

  /** A place in the list. Says nothing but which runs come before it. */
  record Position(Instant createdAt, String runId) {}

  /**
   * A run in brief.
   *
   * @param errorCode why it failed, or null
   */
  record Row(
      String runId,
      String workflowId,
      RunStatus status,
      Instant createdAt,
      @Nullable Instant startedAt,
      @Nullable Instant endedAt,
      @Nullable List<String> tags,
      @Nullable String errorCode) {}

  /**
   * A part of the list.
   *
   * @param rows may be fewer than were asked for, even none, although the list goes on: a page
   *     looks at a bounded number of runs, whether or not they fit
   * @param next where the list goes on, or null if it does not
   */
  record Page(List<Row> rows, @Nullable Position next) {}
}
