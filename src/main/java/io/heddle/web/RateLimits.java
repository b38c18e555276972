package io.heddle.web;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.heddle.spi.Principal;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * How many requests this node takes of one caller and of one tenant within a period. Unused
 * requests add up to one period's worth, which may come at once. Each node counts for itself. A
 * holder's keys count together, so that nobody gets more by using several. Thread-safe.
 */
public final class RateLimits {

  // Whoever is forgotten begins anew with a full measure; by then it has not called for long.
  private static final int REMEMBERED = 10_000;

  private record Caller(String tenant, String issuer, String id) {}

  private final int perKey;

  private final int perTenant;

  private final Duration period;

  private final Map<Caller, Bucket> keys = remembered();

  private final Map<String, Bucket> tenants = remembered();

  private final LongAdder refused = new LongAdder();

  /**
   * @param perKey requests of one caller in a period; 0 for any number
   * @param perTenant requests of all callers of one tenant in a period; 0 for any number
   */
  public RateLimits(int perKey, int perTenant, Duration period) {
    if (perKey < 0 || perTenant < 0 || period.isNegative() || period.isZero()) {
      throw new IllegalArgumentException(
          "Rate limits must not be negative, and their period must be longer than nothing");
    }
    this.perKey = perKey;
    this.perTenant = perTenant;
    this.period = period;
  }

  /** How many requests were refused because of a limit. */
  public long refused() {
    return refused.sum();
  }

  /** Counts a request; throws if there were too many. */
  void count(Principal caller) {
    Bucket ofKey =
        perKey == 0
            ? null
            : bucket(keys, new Caller(caller.tenant(), caller.issuer(), caller.id()), perKey);
    if (ofKey != null) {
      count(ofKey, "key", perKey);
    }
    if (perTenant > 0) {
      try {
        count(bucket(tenants, caller.tenant(), perTenant), "tenant", perTenant);
      } catch (Problem refusal) {
        // What others used up is not this caller's.
        if (ofKey != null) {
          ofKey.addTokens(1);
        }
        throw refusal;
      }
    }
  }

  private void count(Bucket bucket, String scope, int limit) {
    ConsumptionProbe probe = bucket.tryConsumeAndReturnRemaining(1);
    if (!probe.isConsumed()) {
      refused.increment();
      long millis = TimeUnit.NANOSECONDS.toMillis(probe.getNanosToWaitForRefill()) + 1;
      throw Problem.rateLimited(scope, limit, millis);
    }
  }

  private <K> Bucket bucket(Map<K, Bucket> buckets, K key, int limit) {
    return buckets.computeIfAbsent(
        key,
        it ->
            Bucket.builder()
                .addLimit(size -> size.capacity(limit).refillGreedy(limit, period))
                .build());
  }

  private static <K> Map<K, Bucket> remembered() {
    return Collections.synchronizedMap(
        new LinkedHashMap<>(16, 0.75f, true) {

          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<K, Bucket> eldest) {
            return size() > REMEMBERED;
          }
        });
  }
}
