package io.heddle.webhook;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import io.heddle.run.RunEvent;
import io.heddle.webhook.DeliveryStore.Lease;
import io.heddle.webhook.DeliveryStore.Prepared;
import io.heddle.webhook.DeliveryStore.Queued;
import io.heddle.webhook.DeliveryStore.Recorded;
import io.heddle.webhook.DeliveryStore.Released;
import io.heddle.webhook.DeliveryStore.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what is queued. One thread talks to the database, for all subscribers at once; each
 * subscriber that something is sent to has a thread of its own meanwhile, which holds nothing but
 * the lease. Every node has a dispatcher. Thread-safe.
 */
public final class Dispatcher implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);

  /** Of one subscriber in one lease. */
  static final int BATCH = 100;

  private static final int BATCH_BYTES = 500_000;

  /** Leases taken at once, so that what their deliveries hold together is bounded. */
  private static final int MOST_LEASES = 32;

  // So that what is queued or over at the same time is handled together.
  private static final Duration LINGER = Duration.ofMillis(4);

  private static final Duration LINGER_AT_END = Duration.ofMillis(500);

  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

  private static final Duration AGE_IS_KNOWN_FOR = Duration.ofSeconds(10);

  private final DeliveryStore store;

  private final Sender sender;

  private final DeliveryEncoder encoder;

  private final CallbackEncoder callbacks;

  private final DeliverySettings settings;

  private final OutboxSignal signal;

  private final DeliveryListener listener;

  private final Supplier<ExecutorService> threads;

  private final String owner;

  private final Map<String, Work> working = new ConcurrentHashMap<>();

  private final ConcurrentLinkedQueue<Recorded> outcomes = new ConcurrentLinkedQueue<>();

  private final ConcurrentLinkedQueue<Released> released = new ConcurrentLinkedQueue<>();

  private volatile boolean stopped = true;

  private volatile Duration oldestDue = Duration.ZERO;

  private long ageReadAt;

  private @Nullable Thread thread;

  private @Nullable ExecutorService senders;

  /**
   * @param owner names this process in leases
   * @param threads makes threads for blocking work, as many as are asked for
   */
  public Dispatcher(
      DeliveryStore store,
      Sender sender,
      DeliveryEncoder encoder,
      CallbackEncoder callbacks,
      DeliverySettings settings,
      OutboxSignal signal,
      DeliveryListener listener,
      Supplier<ExecutorService> threads,
      String owner) {
    this.store = store;
    this.sender = sender;
    this.encoder = encoder;
    this.callbacks = callbacks;
    this.settings = settings;
    this.signal = signal;
    this.listener = listener;
    this.threads = threads;
    this.owner = owner;
  }

  /** Delivers from now on, also after a close. */
  public synchronized void start() {
    stopped = false;
    senders = threads.get();
    Thread started = new Thread(this::run, "heddle-webhooks");
    started.setDaemon(true);
    thread = started;
    started.start();
  }

  /** How many subscribers this node is sending to. */
  public int sending() {
    return working.size();
  }

  /** For how long the delivery that is due the longest has waited, a few seconds ago. */
  public Duration oldestDue() {
    return oldestDue;
  }

  /** Sends nothing more for a subscription that was deleted, but for what is on its way. */
  public void forget(String webhookId) {
    Work work = working.get(webhookId);
    if (work != null) {
      work.cancelled = true;
    }
  }

  /**
   * Begins no more attempts. Those under way have a grace to end in; what they come to is recorded,
   * and other nodes go on with the rest.
   */
  @Override
  public synchronized void close() {
    Thread dispatching = thread;
    ExecutorService sending = senders;
    if (dispatching == null || sending == null) {
      return;
    }
    stopped = true;
    signal.raise();
    try {
      sending.shutdown();
      if (!sending.awaitTermination(settings.grace().toNanos(), TimeUnit.NANOSECONDS)) {
        sending.shutdownNow();
        sending.awaitTermination(LINGER_AT_END.toNanos(), TimeUnit.NANOSECONDS);
      }
      dispatching.join(settings.timeout().toMillis());
      flush();
    } catch (InterruptedException e) {
      sending.shutdownNow();
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.warn("What was delivered last could not be recorded: {}", e.toString());
    }
    thread = null;
    senders = null;
  }

  private void run() {
    while (!stopped) {
      try {
        dispatch();
        signal.await(settings.poll());
        TimeUnit.NANOSECONDS.sleep(LINGER.toNanos());
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        log.warn("Deliveries stand still for a moment: {}", e.toString());
        pause();
      }
    }
  }

  private static void pause() {
    try {
      TimeUnit.NANOSECONDS.sleep(PAUSE_AFTER_FAILURE.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void dispatch() {
    flush();
    int free = settings.concurrency() - working.size();
    if (free > 0 && !stopped) {
      long leasedAt = System.nanoTime();
      int most = Math.min(free, MOST_LEASES);
      List<Lease> leases = store.lease(owner, most, settings.lease());
      if (!leases.isEmpty()) {
        begin(leases, leasedAt);
      }
      if (leases.size() == most && most < free) {
        signal.raise();
      }
    }
    if (System.nanoTime() - ageReadAt > AGE_IS_KNOWN_FOR.toNanos() || ageReadAt == 0) {
      oldestDue = store.oldestDue();
      ageReadAt = System.nanoTime();
    }
  }

  private void begin(List<Lease> leases, long leasedAt) {
    Map<String, List<Delivery>> queues =
        store.heads(leases, BATCH, BATCH_BYTES).stream()
            .collect(groupingBy(Queued::webhookId, mapping(Queued::delivery, toList())));
    List<Prepared> fresh = new ArrayList<>();
    List<Work> begun = new ArrayList<>();
    for (Lease lease : leases) {
      Subscription subscription = lease.subscription();
      Work work = new Work(lease, leasedAt);
      for (Delivery delivery : queues.getOrDefault(subscription.webhookId(), List.of())) {
        RunEvent event = delivery.event();
        byte[] body = delivery.body();
        if (body == null) {
          if (event == null) {
            record(lease, delivery, Status.DEAD, false, null, "the run has expired");
            listener.attempted(DeliveryListener.Outcome.DEAD);
            continue;
          }
          if (!subscription.isCallback()) {
            body = encoder.encode(subscription.tenant(), event);
            fresh.add(new Prepared(lease, delivery.position(), body));
            work.unprepared.add(delivery.position());
          }
        }
        work.messages.add(new Message(delivery, body));
      }
      begun.add(work);
    }
    if (!fresh.isEmpty()) {
      Set<Long> prepared = new HashSet<>(store.prepare(owner, fresh));
      begun.forEach(work -> work.unprepared.removeAll(prepared));
    }
    begun.forEach(this::begin);
  }

  private void begin(Work work) {
    working.put(work.lease.subscription().webhookId(), work);
    ExecutorService sending = senders;
    try {
      if (sending != null) {
        sending.execute(work);
      }
    } catch (RuntimeException e) {
      // Closed meanwhile: the lease runs out.
      working.remove(work.lease.subscription().webhookId(), work);
    }
  }

  private void record(
      Lease lease,
      Delivery delivery,
      Status status,
      boolean attempted,
      @Nullable Integer answer,
      @Nullable String error) {
    outcomes.add(new Recorded(lease, delivery.position(), status, attempted, answer, error));
  }

  /** Tells the store what became of attempts, of any number at once. */
  private void flush() {
    // A lease is given back after everything that happened under it, so it is looked at first.
    List<Released> back = drain(released);
    List<Recorded> over = drain(outcomes);
    if (back.isEmpty() && over.isEmpty()) {
      return;
    }
    try {
      store.record(owner, over, back);
    } catch (RuntimeException e) {
      outcomes.addAll(over);
      released.addAll(back);
      throw e;
    }
    if (!settings.durable()) {
      List<String> failed =
          over.stream()
              .filter(outcome -> outcome.status() == Status.FAILED)
              .map(outcome -> outcome.lease().subscription().webhookId())
              .distinct()
              .toList();
      if (!failed.isEmpty()) {
        store.giveUp(failed, Breaker.FAILURES_UNTIL_FAILED, Breaker.COUNTED_FOR);
      }
    }
  }

  private static <T> List<T> drain(ConcurrentLinkedQueue<T> queue) {
    List<T> drained = new ArrayList<>();
    for (T one = queue.poll(); one != null; one = queue.poll()) {
      drained.add(one);
    }
    return drained;
  }

  /**
   * A delivery to be sent.
   *
   * @param body null for a callback, whose body is written at the last moment
   */
  private record Message(Delivery delivery, byte @Nullable [] body) {}

  /** The head of one queue being sent, in its order. */
  private final class Work implements Runnable {

    private final Lease lease;

    private final long leasedAt;

    private final List<Message> messages = new ArrayList<>();

    private final Set<Long> unprepared = new HashSet<>();

    private int failures;

    private Duration delay = Duration.ZERO;

    private @Nullable Duration opensFor;

    private volatile boolean cancelled;

    Work(Lease lease, long leasedAt) {
      this.lease = lease;
      this.leasedAt = leasedAt;
      this.failures = lease.failures();
    }

    @Override
    public void run() {
      try {
        for (Message message : messages) {
          if (!mayGoOn(message) || !sent(message)) {
            break;
          }
        }
      } catch (RuntimeException e) {
        // Nothing of the message: it may be the receiver's.
        log.error("A delivery for {} went wrong", lease.subscription().webhookId(), e);
        delay = PAUSE_AFTER_FAILURE;
      } finally {
        released.add(new Released(lease, delay, failures, opensFor));
        working.remove(lease.subscription().webhookId(), this);
        signal.raise();
      }
    }

    private boolean mayGoOn(Message message) {
      // Later the lease might be somebody else's before this attempt is over.
      return !stopped
          && !cancelled
          && System.nanoTime() - leasedAt < settings.timeout().toNanos()
          && !unprepared.contains(message.delivery().position());
    }

    /** Returns whether the next one may follow. */
    private boolean sent(Message message) {
      Delivery delivery = message.delivery();
      byte[] body = message.body() == null ? called(delivery) : message.body();
      if (body == null) {
        record(lease, delivery, Status.SKIPPED, false, null, null);
        listener.attempted(DeliveryListener.Outcome.SKIPPED);
        return true;
      }
      Attempt attempt = sender.send(lease.subscription(), delivery, body);
      if (attempt instanceof Attempt.Delivered delivered) {
        failures = 0;
        over(delivery, Status.DELIVERED, delivered.answer(), null);
        return true;
      }
      Attempt.Failed failed = (Attempt.Failed) attempt;
      if (stopped) {
        // Perhaps interrupted by this node itself.
        return false;
      }
      failures++;
      log.debug(
          "Attempt {} for {} failed: {}",
          delivery.attempts() + 1,
          lease.subscription().webhookId(),
          failed.error());
      if (settings.durable()) {
        return retried(delivery, failed);
      }
      over(delivery, Status.FAILED, failed.answer(), failed.error());
      Duration open = Breaker.opensFor(failures);
      if (open == null) {
        return true;
      }
      opensFor = open;
      delay = open;
      return false;
    }

    private byte @Nullable [] called(Delivery delivery) {
      RunEvent asked = Objects.requireNonNull(delivery.event());
      return callbacks.encode(lease.subscription().tenant(), asked).orElse(null);
    }

    private boolean retried(Delivery delivery, Attempt.Failed failed) {
      Optional<Duration> next =
          failed.forGood()
              ? Optional.empty()
              : settings
                  .schedule()
                  .next(delivery.attempts() + 1, delivery.age(), failed.retryAfter());
      if (next.isPresent()) {
        delay = next.get();
        over(delivery, Status.PENDING, failed.answer(), failed.error());
        return false;
      }
      over(delivery, Status.DEAD, failed.answer(), failed.error());
      return true;
    }

    private void over(
        Delivery delivery, Status status, @Nullable Integer answer, @Nullable String error) {
      record(lease, delivery, status, true, answer, error);
      listener.attempted(
          switch (status) {
            case PENDING -> DeliveryListener.Outcome.RETRIED;
            case DELIVERED -> DeliveryListener.Outcome.DELIVERED;
            case FAILED -> DeliveryListener.Outcome.FAILED;
            case SKIPPED -> DeliveryListener.Outcome.SKIPPED;
            case DEAD -> DeliveryListener.Outcome.DEAD;
          });
      signal.raise();
    }
  }
}
