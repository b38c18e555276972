package io.heddle.claim;

import io.heddle.run.Ids;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process as others see it: an id that lives as long as its heartbeats are in time. A process
 * that was fenced comes back under a new id and must give up everything it did under the old one.
 */
final class HostNode {

  private static final Logger log = LoggerFactory.getLogger(HostNode.class);

  private final ClaimStore store;

  private final ClaimSettings settings;

  private final DatabaseClock clock;

  private volatile @Nullable String id;

  HostNode(ClaimStore store, ClaimSettings settings, DatabaseClock clock) {
    this.store = store;
    this.settings = settings;
    this.clock = clock;
  }

  /** The current id; empty before the start, after the end, and while fenced. */
  Optional<String> id() {
    return Optional.ofNullable(id);
  }

  void join() {
    String joining = Ids.node();
    clock.set(store.register(joining, settings.ttl()));
    id = joining;
    log.info("Joined as {}", joining);
  }

  /** Shows that this node lives. Returns false if it was fenced; it has then no id any more. */
  boolean beat() {
    String current = id;
    if (current == null) {
      return false;
    }
    Optional<Instant> now = store.heartbeat(current, settings.ttl());
    if (now.isPresent()) {
      clock.set(now.get());
      return true;
    }
    log.warn("{} was fenced: its runs belong to other nodes now", current);
    id = null;
    return false;
  }

  void leave() {
    String current = id;
    id = null;
    if (current != null) {
      store.release(current);
      log.info("{} left", current);
    }
  }
}
