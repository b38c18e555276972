package io.heddle.auth;

import io.heddle.spi.Authenticator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Authenticates the keys that the host gave out. What the database said of a key is believed for a
 * while, so that not every request asks it; times are counted from the moment it said so, whatever
 * the clock of this node. Thread-safe.
 */
public final class StoredKeys implements Authenticator {

  private static final Logger log = LoggerFactory.getLogger(StoredKeys.class);

  private static final int REMEMBERED = 10_000;

  private static final Duration BETWEEN_RECORDS_OF_USE = Duration.ofMinutes(5);

  private record Seen(KeyStore.Known key, long nanos) {

    boolean hasCome(@Nullable Duration left, long now) {
      return left != null && now - nanos >= left.toNanos();
    }
  }

  private final KeyStore store;

  private final KeySecrets secrets;

  private final KeyEvents events;

  private final long believedNanos;

  private final Map<String, Seen> seen =
      new LinkedHashMap<>(16, 0.75f, true) {

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Seen> eldest) {
          return size() > REMEMBERED;
        }
      };

  // How often something was forgotten. Like what is seen, under its lock.
  private long forgotten;

  private final Set<String> used = ConcurrentHashMap.newKeySet();

  /**
   * @param believed how long a node goes on with what the database said of a key; also how long a
   *     key that another node revoked may still be taken here if nobody tells this one
   */
  public StoredKeys(KeyStore store, KeySecrets secrets, KeyEvents events, Duration believed) {
    this.store = store;
    this.secrets = secrets;
    this.events = events;
    this.believedNanos = believed.toNanos();
  }

  @Override
  public Outcome authenticate(String bearer) {
    String keyId = secrets.keyId(bearer).orElse(null);
    Seen found = keyId == null ? null : seen(keyId);
    // Only whoever has the whole key hears what became of it.
    if (keyId == null
        || found == null
        || !secrets.matches(bearer, found.key().pepperId(), found.key().hash())) {
      return new Unknown();
    }
    long now = System.nanoTime();
    if (found.hasCome(found.key().revokedIn(), now)) {
      return new Revoked();
    }
    if (found.hasCome(found.key().expiresIn(), now)) {
      return new Expired();
    }
    used.add(keyId);
    return new Authenticated(found.key().grant().holder());
  }

  private @Nullable Seen seen(String keyId) {
    long forgottenBefore;
    synchronized (seen) {
      Seen known = seen.get(keyId);
      if (known != null && System.nanoTime() - known.nanos() < believedNanos) {
        return known;
      }
      forgottenBefore = forgotten;
    }
    // Before it is asked, so that no time is counted too short.
    long asked = System.nanoTime();
    Optional<KeyStore.Known> key = store.known(keyId);
    synchronized (seen) {
      if (key.isEmpty()) {
        seen.remove(keyId);
        return null;
      }
      Seen now = new Seen(key.get(), asked);
      Seen known = seen.get(keyId);
      // An answer that was on its way while a key changed may be older than the change.
      if (forgotten == forgottenBefore && (known == null || known.nanos() < asked)) {
        seen.put(keyId, now);
      }
      return now;
    }
  }

  /** Asks the database about this key next time: it was changed just now. */
  public void forget(String keyId) {
    synchronized (seen) {
      forgotten++;
      seen.remove(keyId);
    }
  }

  /** Asks the database about every key next time: any of them may have been changed. */
  public void forgetAll() {
    synchronized (seen) {
      forgotten++;
      seen.clear();
    }
  }

  /** Records which keys were used since it was last called. */
  public void recordUse() {
    List<String> keyIds = new ArrayList<>(used);
    keyIds.forEach(used::remove);
    if (keyIds.isEmpty()) {
      return;
    }
    try {
      store.used(keyIds, BETWEEN_RECORDS_OF_USE).forEach(events::used);
    } catch (RuntimeException e) {
      log.debug("The use of keys could not be recorded", e);
    }
  }
}
