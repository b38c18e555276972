package io.heddle.idempotency;

import io.heddle.audit.AuditEvent;
import io.heddle.audit.AuditLog;
import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotencyStore.Key;
import io.heddle.idempotency.IdempotencyStore.Recorded;
import io.heddle.tenancy.Tenant;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.PessimisticLockingFailureException;
import org.springframework.transaction.support.TransactionOperations;

/**
 * Runs a mutation once per key. The record and what it protects commit together; of two callers
 * with one key the second waits for the first's transaction and gets its answer. Thread-safe.
 */
public final class IdempotentOperations {

  private final IdempotencyStore store;

  private final TransactionOperations transactions;

  private final Duration retention;

  private final AuditLog audit;

  /** Without an audit log. */
  public IdempotentOperations(
      IdempotencyStore store, TransactionOperations transactions, Duration retention) {
    this(store, transactions, retention, AuditLog.NONE);
  }

  /**
   * @param retention how long an answer is kept, at least 24 hours by the protocol
   */
  public IdempotentOperations(
      IdempotencyStore store,
      TransactionOperations transactions,
      Duration retention,
      AuditLog audit) {
    this.store = store;
    this.transactions = transactions;
    this.retention = retention;
    this.audit = audit;
  }

  /**
   * What a mutation did.
   *
   * @param answer what the caller gets, now and whenever it repeats the request
   * @param afterCommit what to do once it is stored
   * @param afterRollback what to do if it could not be stored
   * @param audited what is recorded with it in the audit log
   */
  public record Done(
      Answer answer, Runnable afterCommit, Runnable afterRollback, List<AuditEvent> audited) {

    public Done {
      audited = List.copyOf(audited);
    }

    /** A mutation of which nothing is recorded. */
    public Done(Answer answer, Runnable afterCommit, Runnable afterRollback) {
      this(answer, afterCommit, afterRollback, List.of());
    }

    /** The same, with an entry in the audit log. */
    public Done audited(AuditEvent event) {
      return audited(List.of(event));
    }

    /** The same, with entries in the audit log. */
    public Done audited(List<AuditEvent> events) {
      return new Done(answer, afterCommit, afterRollback, events);
    }

    /** A mutation that has nothing to do afterwards. */
    public static Done of(Answer answer) {
      return new Done(answer, () -> {}, () -> {});
    }
  }

  /**
   * An answer and whether it was given before.
   *
   * @param replayed whether nothing was done this time
   */
  public record Given(Answer answer, boolean replayed) {}

  /**
   * The answer that a request with this key was given before; empty if there is none yet. For
   * mutations that have to do something outside of the transaction first.
   *
   * @throws KeyMismatchException if the key was used for another request
   */
  public Optional<Given> given(Tenant tenant, Key key) {
    return store.find(tenant, key).map(recorded -> replayed(recorded, key));
  }

  private static Given replayed(Recorded recorded, Key key) {
    if (!MessageDigest.isEqual(recorded.requestDigest(), key.requestDigest())) {
      throw new KeyMismatchException();
    }
    return new Given(recorded.answer(), true);
  }

  /**
   * Runs a mutation, or answers as it was answered before.
   *
   * @param key null to run it without a record
   * @param mutation writes in the transaction it is called in, without I/O elsewhere; what it
   *     throws undoes it and leaves no record
   * @throws KeyMismatchException if the key was used for another request
   * @throws InFlightException if a request with this key is still at work
   */
  public Given execute(Tenant tenant, @Nullable Key key, Supplier<Done> mutation) {
    if (key == null) {
      Done done = mutation.get();
      done.afterCommit().run();
      return new Given(done.answer(), false);
    }
    return together(tenant, key, mutation);
  }

  /**
   * {@link #execute}, for mutations that are recorded in the audit log: what they write and the
   * entry stand or fall together, with a key and without.
   */
  public Given executeAudited(Tenant tenant, @Nullable Key key, Supplier<Done> mutation) {
    return audit == AuditLog.NONE
        ? execute(tenant, key, mutation)
        : together(tenant, key, mutation);
  }

  private Given together(Tenant tenant, @Nullable Key key, Supplier<Done> mutation) {
    Attempt attempt = new Attempt(tenant, key, mutation);
    boolean stored = false;
    try {
      Given given = Objects.requireNonNull(transactions.execute(status -> attempt.run()));
      stored = true;
      return given;
    } finally {
      attempt.finish(stored);
    }
  }

  private final class Attempt {

    private final Tenant tenant;

    private final @Nullable Key key;

    private final Supplier<Done> mutation;

    private @Nullable Done done;

    Attempt(Tenant tenant, @Nullable Key key, Supplier<Done> mutation) {
      this.tenant = tenant;
      this.key = key;
      this.mutation = mutation;
    }

    Given run() {
      if (key == null) {
        return new Given(perform().answer(), false);
      }
      if (!claim(key)) {
        return replayed(store.find(tenant, key).orElseThrow(InFlightException::new), key);
      }
      Answer answer = perform().answer();
      store.complete(tenant, key, answer);
      return new Given(answer, false);
    }

    private Done perform() {
      Done performed = mutation.get();
      done = performed;
      performed.audited().forEach(audit::record);
      return performed;
    }

    private boolean claim(Key key) {
      try {
        return store.claim(tenant, key, retention);
      } catch (PessimisticLockingFailureException e) {
        throw new InFlightException();
      }
    }

    void finish(boolean stored) {
      if (done != null) {
        (stored ? done.afterCommit() : done.afterRollback()).run();
      }
    }
  }
}
