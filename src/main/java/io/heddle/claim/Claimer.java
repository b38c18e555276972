package io.heddle.claim;

import io.heddle.claim.ClaimStore.Claimed;
import io.heddle.engine.Worker;
import io.heddle.redaction.Printable;
import io.heddle.run.LocalExecution;
import io.heddle.run.Run;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings runs and this node's free slots together: claims what is due, takes what this node
 * accepts, keeps the node live, frees the runs of nodes that are not, and drops everything when it
 * was fenced itself. Thread-safe.
 */
public final class Claimer implements LocalExecution, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Claimer.class);

  private static final Duration HAND_BACK_DELAY = Duration.ofSeconds(5);

  private static final Duration HINT_HORIZON = Duration.ofSeconds(30);

  private final ClaimStore store;

  private final ClaimSettings settings;

  private final DatabaseClock clock;

  private final HostNode node;

  private final Worker worker;

  private final ExecutorService workers;

  private final Runnable passOn;

  private final Semaphore slots;

  private final TenantSlots tenants;

  private final WaitingRuns waiting;

  private final LongAdder claimed = new LongAdder();

  private final Map<String, Drive> driven = new ConcurrentHashMap<>();

  // Whether more is due than this node could take when it last looked.
  private volatile boolean backlog;

  // Set before this node stops: what is executed may end, nothing new begins.
  private volatile boolean leaving;

  // Runs this node held without executing them when it last compared.
  private Set<String> idle = Set.of();

  private final Object idleness = new Object();

  private final AtomicBoolean claimQueued = new AtomicBoolean();

  // Heartbeats have a thread of their own: a slow claim must not make this node look dead.
  private volatile ScheduledExecutorService heartbeats = scheduler("heddle-heartbeat");

  private volatile ScheduledExecutorService claims = scheduler("heddle-claim");

  /**
   * @param passOn is called when runs are due and this node has no free slot for them; must return
   *     at once
   */
  public Claimer(
      ClaimStore store,
      ClaimSettings settings,
      DatabaseClock clock,
      Worker worker,
      ExecutorService workers,
      Runnable passOn) {
    this.store = store;
    this.settings = settings;
    this.clock = clock;
    this.node = new HostNode(store, settings, clock);
    this.worker = worker;
    this.workers = workers;
    this.passOn = passOn;
    this.slots = new Semaphore(settings.slots());
    this.tenants = new TenantSlots(settings.slotsPerTenant());
    this.waiting = new WaitingRuns(store, settings.maxWaiting());
  }

  /** Makes this node live, also after a close. Throws if the database cannot be reached. */
  public void start() {
    node.join();
    leaving = false;
    if (claims.isShutdown()) {
      heartbeats = scheduler("heddle-heartbeat");
      claims = scheduler("heddle-claim");
    }
    repeat(heartbeats, settings.heartbeat(), this::beat);
    repeat(heartbeats, settings.ttl(), this::reconcile);
    repeat(claims, settings.poll(), this::claim);
  }

  @Override
  public Optional<Seat> reserve(Tenant tenant) {
    Optional<Seat> seat =
        node.id().filter(id -> isFreeFor(tenant)).map(id -> new OwnSeat(id, tenant));
    if (seat.isEmpty() && !leaving) {
      waiting.enter();
    }
    return seat;
  }

  private boolean isFreeFor(Tenant tenant) {
    // While others wait, a free slot goes to whoever's turn it is; claims know.
    if (leaving || backlog || !slots.tryAcquire()) {
      return false;
    }
    if (!tenants.tryOccupy(tenant)) {
      slots.release();
      return false;
    }
    int limit = settings.slotsPerTenant();
    boolean free = false;
    try {
      free = limit == 0 || store.executing(tenant) < limit;
    } finally {
      if (!free) {
        leaveSlot(tenant);
      }
    }
    return free;
  }

  private void leaveSlot(Tenant tenant) {
    tenants.free(tenant);
    slots.release();
  }

  @Override
  public void lost(String runId) {
    Drive drive = driven.get(runId);
    if (drive != null) {
      drive.stop();
    }
  }

  @Override
  public void due() {
    if (slots.availablePermits() == 0) {
      passOn.run();
    }
    claimSoon();
  }

  /** Looks for due runs before the next poll; what does not fit is not passed on. */
  public void claimSoon() {
    if (claimQueued.compareAndSet(false, true)) {
      try {
        claims.execute(this::claim);
      } catch (RejectedExecutionException e) {
        log.debug("Not claiming any more");
      }
    }
  }

  /** The id under which this node holds its leases; empty while it is not live. */
  public Optional<String> nodeId() {
    return node.id();
  }

  /** Whether this node begins nothing new any more, because it stops. */
  public boolean isLeaving() {
    return leaving;
  }

  /** How many runs this node can execute at the same time. */
  public int slots() {
    return settings.slots();
  }

  /** How many runs this node has claimed since its process began, and not accepted itself. */
  public long claimed() {
    return claimed.sum();
  }

  /** How many runs this node is executing. */
  public int executing() {
    return driven.size();
  }

  /** How many runs this node has refused because too many wait. */
  public long refused() {
    return waiting.refused();
  }

  /** How many runs wait for a slot on any node; a moment old, and beyond 10,000 not exact. */
  public int waiting() {
    return waiting.length();
  }

  /**
   * Begins nothing new: claims nothing, accepts nothing for itself, and hands each run back as soon
   * as the nodes in execution have ended. Stays live, for those are still executed.
   */
  public void leave() {
    leaving = true;
    claims.shutdownNow();
  }

  /**
   * Waits until nothing is executed here any more.
   *
   * @return whether that was so before the time was up
   */
  public boolean awaitIdle(Duration atMost) throws InterruptedException {
    long until = System.nanoTime() + atMost.toNanos();
    synchronized (idleness) {
      while (!driven.isEmpty()) {
        long millis = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
        if (millis <= 0) {
          return false;
        }
        idleness.wait(millis);
      }
    }
    return true;
  }

  /** Stops claiming, stops executing and hands every run back at once. */
  @Override
  public void close() {
    leave();
    heartbeats.shutdownNow();
    driven.values().forEach(Drive::stop);
    try {
      node.leave();
    } catch (RuntimeException e) {
      log.warn("Could not hand runs back; other nodes take them when this one has expired", e);
    }
  }

  private void beat() {
    if (!node.beat()) {
      // Stopping first: what is still driven belongs to somebody else.
      driven.values().forEach(Drive::stop);
      node.join();
    }
    int freed = store.freeOrphans();
    if (freed > 0) {
      log.info("Freed {} runs of nodes that are gone", freed);
      due();
    }
  }

  /**
   * Hands back what the database says this node holds and nobody here executes: an insert or a hand
   * back whose answer was lost. Only what was idle twice in a row, for the first look may have come
   * between a commit and the start of its execution.
   */
  private void reconcile() {
    Optional<String> owner = node.id();
    if (owner.isEmpty()) {
      return;
    }
    Set<String> idleNow = new HashSet<>();
    for (ClaimStore.Held held : store.heldBy(owner.get())) {
      if (!driven.containsKey(held.runId())) {
        if (idle.contains(held.runId())) {
          log.warn("{} is held by this node but not executed; handing it back", held.runId());
          handBack(held.runId(), held.leaseEpoch(), owner.get());
        } else {
          idleNow.add(held.runId());
        }
      }
    }
    idle = idleNow;
  }

  private void handBack(String runId, long leaseEpoch, String owner) {
    try {
      store.handBack(owner, runId, leaseEpoch, HAND_BACK_DELAY);
    } catch (RuntimeException e) {
      log.warn("{} could not be handed back yet: {}", runId, e.toString());
    }
  }

  private void claim() {
    claimQueued.set(false);
    Optional<String> owner = node.id();
    int free = slots.drainPermits();
    if (owner.isEmpty() || free == 0) {
      slots.release(free);
      backlog = true;
      return;
    }
    int taken = 0;
    try {
      Claimed due = store.claim(owner.get(), free, settings.slotsPerTenant());
      claimed.add(due.runs().size());
      for (Run run : due.runs()) {
        taken++;
        tenants.occupy(run.tenant());
        drive(run, owner.get());
      }
      // The next free slot looks at once.
      backlog = due.more();
    } finally {
      slots.release(free - taken);
    }
  }

  /** Executes a run on a slot that the caller has acquired. */
  private void drive(Run run, String owner) {
    Drive drive = new Drive(run, owner);
    driven.put(run.runId(), drive);
    try {
      workers.execute(drive);
    } catch (RejectedExecutionException e) {
      driven.remove(run.runId(), drive);
      leaveSlot(run.tenant());
    }
  }

  private void hint(Instant due) {
    Duration ahead = Duration.between(clock.instant(), due).plusMillis(1);
    // Far deadlines are found by the poll; a timer for each would only hold memory.
    if (ahead.compareTo(HINT_HORIZON) < 0) {
      try {
        claims.schedule(this::claimSoon, Math.max(0, ahead.toMillis()), TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException e) {
        log.debug("Not claiming any more");
      }
    }
  }

  private static ScheduledExecutorService scheduler(String name) {
    ScheduledThreadPoolExecutor scheduler =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
    scheduler.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    return scheduler;
  }

  private static void repeat(ScheduledExecutorService scheduler, Duration every, Runnable task) {
    scheduler.scheduleWithFixedDelay(
        () -> {
          try {
            task.run();
          } catch (RuntimeException e) {
            // Thrown away, it would end the schedule; the database may be back at the next tick.
            log.warn("{}: {}", Thread.currentThread().getName(), e.toString());
          }
        },
        every.toMillis(),
        every.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  private final class OwnSeat implements Seat {

    private final String owner;

    private final Tenant tenant;

    OwnSeat(String owner, Tenant tenant) {
      this.owner = owner;
      this.tenant = tenant;
    }

    @Override
    public String nodeId() {
      return owner;
    }

    @Override
    public void take(Run run) {
      drive(run, owner);
    }

    @Override
    public void release() {
      leaveSlot(tenant);
    }
  }

  /** One run on one of this node's slots. */
  private final class Drive implements Runnable {

    private final Run run;

    private final String owner;

    private @Nullable Thread thread;

    private boolean stopped;

    Drive(Run run, String owner) {
      this.run = run;
      this.owner = owner;
    }

    @Override
    public void run() {
      try {
        if (enter()) {
          Worker.Result result = worker.drive(run, () -> leaving);
          result.due().ifPresent(Claimer.this::hint);
          if (result.othersAreDue()) {
            due();
          }
        }
      } catch (InterruptedException | RuntimeException e) {
        if (isStopped()) {
          log.debug("{} was taken away from this node", run.runId(), Printable.of(e));
        } else {
          log.error("{} cannot go on here and is handed back", run.runId(), Printable.of(e));
          handBack(run.runId(), run.leaseEpoch(), owner);
        }
      } finally {
        leave();
        driven.remove(run.runId(), this);
        synchronized (idleness) {
          idleness.notifyAll();
        }
        leaveSlot(run.tenant());
        if (backlog) {
          claimSoon();
        }
      }
    }

    synchronized void stop() {
      stopped = true;
      if (thread != null) {
        thread.interrupt();
      }
    }

    private synchronized boolean enter() {
      thread = Thread.currentThread();
      return !stopped;
    }

    private synchronized void leave() {
      thread = null;
      // The thread may serve another run next.
      Thread.interrupted();
    }

    private synchronized boolean isStopped() {
      return stopped;
    }
  }
}
