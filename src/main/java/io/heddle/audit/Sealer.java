package io.heddle.audit;

import io.heddle.audit.AuditStore.Pending;
import io.heddle.audit.AuditStore.Standing;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives what was recorded its place in the chains and signs checkpoints, one node at a time, so
 * that those who record wait neither for a chain nor for each other. Thread-safe.
 */
public final class Sealer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Sealer.class);

  private static final int BATCH = 1_000;

  // What somebody who verifies waits for; the rest is sealed as ever.
  private static final int BATCHES_AT_ONCE = 20;

  private static final int PATIENCE_SECONDS = 5;

  private final AuditStore store;

  private final AuditKeys keys;

  private final AuditSettings settings;

  private final Refusals refusals;

  private final InstantSource clock;

  private final LongAdder sealed = new LongAdder();

  private final LongAdder failures = new LongAdder();

  private volatile AuditStore.Backlog backlog = new AuditStore.Backlog(0, Duration.ZERO);

  private volatile boolean stopped;

  private @Nullable ScheduledExecutorService schedule;

  /**
   * @param clock tells the database's time
   */
  public Sealer(
      AuditStore store,
      AuditKeys keys,
      AuditSettings settings,
      Refusals refusals,
      InstantSource clock) {
    this.store = store;
    this.keys = keys;
    this.settings = settings;
    this.refusals = refusals;
    this.clock = clock;
  }

  /** Seals from now on, also after a close. */
  public synchronized void start() {
    stopped = false;
    schedule =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "heddle-audit-sealer");
              thread.setDaemon(true);
              return thread;
            });
    long interval = settings.interval().toMillis();
    schedule.scheduleWithFixedDelay(this::tick, interval, interval, TimeUnit.MILLISECONDS);
  }

  /** Entries this node has sealed. */
  public long sealed() {
    return sealed.sum();
  }

  /** How often this node could not seal. */
  public long failures() {
    return failures.sum();
  }

  /** What waited when this node looked last. */
  public AuditStore.Backlog backlog() {
    return backlog;
  }

  /** Records what is counted, seals it, and seals no more once this returns. */
  @Override
  public synchronized void close() {
    stopped = true;
    ScheduledExecutorService running = schedule;
    if (running == null) {
      return;
    }
    schedule = null;
    running.shutdown();
    try {
      if (!running.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        running.shutdownNow();
      }
      refusals.record(true);
    } catch (InterruptedException e) {
      running.shutdownNow();
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.warn("Refusals of the last moments are not in the audit log: {}", e.toString());
    }
  }

  private void tick() {
    try {
      refusals.record(false);
      if (store.hasWork(settings.due())) {
        int batch = BATCH;
        while (batch == BATCH && !stopped) {
          batch = batch(/* waits= */ false).orElse(0);
        }
      }
      backlog = store.backlog();
    } catch (RuntimeException e) {
      failures.increment();
      log.warn("The audit log could not be sealed now: {}", e.toString());
    }
  }

  /** Seals what is there now, so that whoever looks finds it. Never throws. */
  void sealNow() {
    try {
      int batch = BATCH;
      for (int i = 0; i < BATCHES_AT_ONCE && batch == BATCH; i++) {
        batch = batch(/* waits= */ true).orElse(0);
      }
    } catch (RuntimeException e) {
      failures.increment();
      log.warn("The audit log could not be sealed now: {}", e.toString());
    }
  }

  /** Seals a batch; tells its size, or nothing if another node is at it. */
  private Optional<Integer> batch(boolean waits) {
    Optional<Integer> size = store.alone(waits, this::sealBatch);
    size.ifPresent(sealed::add);
    return size;
  }

  private int sealBatch() {
    List<Pending> pending = store.pending(BATCH);
    List<Tenant> overdue = store.unanchored(settings.due(), BATCH);
    Set<Tenant> tenants = new LinkedHashSet<>(overdue);
    pending.forEach(one -> tenants.add(one.event().tenant()));
    if (tenants.isEmpty()) {
      return 0;
    }
    Instant now = clock.instant();
    List<Entry> entries = new ArrayList<>();
    List<Checkpoint> checkpoints = new ArrayList<>();
    Map<Tenant, Standing> standings = store.standings(tenants);
    Map<Tenant, Chain> chains = new LinkedHashMap<>();
    for (Tenant tenant : tenants) {
      chains.put(
          tenant,
          chain(tenant, standings.getOrDefault(tenant, Standing.NONE), entries, checkpoints, now));
    }
    for (Pending one : pending) {
      AuditEvent event = one.event();
      chain(chains, event.tenant())
          .append(event, one.occurredAt(), one.id(), entries, checkpoints, now);
    }
    for (Tenant tenant : overdue) {
      Chain chain = chain(chains, tenant);
      if (!chain.isAnchored()) {
        chain.anchor(checkpoints, now);
      }
    }
    store.append(entries, checkpoints, chains.values().stream().map(Chain::signedEnd).toList());
    return pending.size();
  }

  private static Chain chain(Map<Tenant, Chain> chains, Tenant tenant) {
    Chain chain = chains.get(tenant);
    if (chain == null) {
      throw new IllegalStateException("A chain was not looked up");
    }
    return chain;
  }

  private Chain chain(
      Tenant tenant,
      Standing standing,
      List<Entry> entries,
      List<Checkpoint> checkpoints,
      Instant now) {
    ChainEnd.Signed end = standing.end();
    if (end != null && !keys.knows(end.keyId())) {
      // Another host signs with a key that this one was not told of; going on would look like
      // tampering for ever after.
      throw new IllegalStateException(
          ("The audit log was signed with the key %s, which this host does not know; add its public"
                  + " key to openwop.audit.verification-keys")
              .formatted(end.keyId()));
    }
    if (end == null && standing.equals(Standing.NONE)) {
      return new Chain(ChainEnd.none(tenant), keys, settings.checkpointEntries());
    }
    if (end != null
        && standing.lastSequence() <= end.end().sequence()
        && keys.verify(end.keyId(), end.end().signed(), end.signature())) {
      return new Chain(end.end(), keys, settings.checkpointEntries());
    }
    log.error("The record of where the audit log of tenant {} ends was changed", tenant.id());
    Chain chain = new Chain(after(tenant, standing), keys, settings.checkpointEntries());
    chain.appendAnomaly(entries, checkpoints, now);
    return chain;
  }

  /** Behind all there is, which is neither linked to nor signed: nobody vouches for it any more. */
  private static ChainEnd after(Tenant tenant, Standing standing) {
    ChainEnd.Signed end = standing.end();
    Checkpoint last = standing.last();
    long sequence =
        Math.max(
            Math.max(standing.lastSequence(), end == null ? 0 : end.end().sequence()),
            last == null ? 0 : last.atSequence());
    return new ChainEnd(
        tenant,
        sequence,
        null,
        sequence,
        last == null ? 0 : last.number(),
        last == null ? null : last.id(),
        List.of(),
        null);
  }
}
