package io.heddle.idempotency;

import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.util.Optional;

/** Records of answered mutations. Each method joins the caller's transaction. Thread-safe. */
public interface IdempotencyStore {

  /**
   * Claims a key for the caller's transaction. A second transaction that claims the same key waits
   * until the first has ended, for as long as the database's lock timeout allows.
   *
   * @return whether the key is the caller's; if not, {@link #find} tells what was recorded
   */
  boolean claim(Tenant tenant, Key key, Duration retention);

  /** Stores the answer of the operation that claimed the key in this transaction. */
  void complete(Tenant tenant, Key key, Answer answer);

  /** The recorded answer. */
  Optional<Recorded> find(Tenant tenant, Key key);

  /**
   * What identifies a repetition.
   *
   * @param operation the routed operation, not the raw path
   * @param keyHash SHA-256 of the caller's key
   * @param requestDigest SHA-256 of path parameters and canonical body
   */
  record Key(String operation, byte[] keyHash, byte[] requestDigest) {}

  /** An answer as it was sent. */
  record Answer(int status, String body) {}

  /** A recorded answer and the request it was given to. */
  record Recorded(byte[] requestDigest, Answer answer) {}
}
