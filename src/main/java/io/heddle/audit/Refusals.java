package io.heddle.audit;

import io.heddle.json.Json;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Refused requests of callers who are known. Whoever is refused again and again must not fill the
 * log: a node records the first refusal of a caller for a reason, and then the number of further
 * ones once a minute. Thread-safe.
 */
public final class Refusals {

  private static final Duration PERIOD = Duration.ofMinutes(1);

  // Counted together in a minute, and requests named of one caller.
  private static final int MOST_CALLERS = 10_000;

  private static final int MOST_REQUESTS = 8;

  private record Caller(Tenant tenant, String id, String reason) {}

  private static final class Count {

    private long refusals;

    private final Set<String> requests = new TreeSet<>();

    private @Nullable Instant recorded;
  }

  private final Map<Caller, Count> counts = new HashMap<>();

  private final LongAdder uncounted = new LongAdder();

  private final AuditLog log;

  private final InstantSource clock;

  public Refusals(AuditLog log, InstantSource clock) {
    this.log = log;
    this.clock = clock;
  }

  /**
   * Counts a refusal.
   *
   * @param reason why, as a code
   * @param request what was asked for: a method and a route, without what is in it
   */
  public synchronized void count(Tenant tenant, String callerId, String reason, String request) {
    Caller caller = new Caller(tenant, callerId, reason);
    Count count = counts.get(caller);
    if (count == null) {
      if (counts.size() >= MOST_CALLERS) {
        uncounted.increment();
        return;
      }
      count = new Count();
      counts.put(caller, count);
    }
    count.refusals++;
    if (count.requests.size() < MOST_REQUESTS) {
      count.requests.add(request);
    }
  }

  /** Refusals that were not even counted, because there were too many callers. */
  public long uncounted() {
    return uncounted.sum();
  }

  /**
   * Records what is due.
   *
   * @param all whether to record the rest, too, because the host stops
   */
  void record(boolean all) {
    for (AuditEvent event : due(all)) {
      log.record(event);
    }
  }

  private synchronized List<AuditEvent> due(boolean all) {
    Instant now = clock.instant();
    List<AuditEvent> due = new ArrayList<>();
    Iterator<Map.Entry<Caller, Count>> counted = counts.entrySet().iterator();
    while (counted.hasNext()) {
      Map.Entry<Caller, Count> entry = counted.next();
      Count count = entry.getValue();
      boolean waits = count.recorded != null && now.isBefore(count.recorded.plus(PERIOD)) && !all;
      if (waits) {
        continue;
      }
      if (count.refusals == 0) {
        counted.remove();
        continue;
      }
      due.add(event(entry.getKey(), count));
      count.refusals = 0;
      count.requests.clear();
      count.recorded = now;
    }
    return due;
  }

  private static AuditEvent event(Caller caller, Count count) {
    return new AuditEvent(
        caller.tenant(),
        "access.denied",
        caller.id(),
        "access",
        Json.members(
            "reason",
            caller.reason(),
            "count",
            count.refusals,
            "requests",
            List.copyOf(count.requests)));
  }
}
