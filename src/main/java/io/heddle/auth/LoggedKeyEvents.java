package io.heddle.auth;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the records of keys in the log, which names keys by their ids only. */
public final class LoggedKeyEvents implements KeyEvents {

  private static final Logger log = LoggerFactory.getLogger(LoggedKeyEvents.class);

  @Override
  public void created(StoredKey key, String by) {
    log.info("key.created {} of tenant {} by {}", key.keyId(), key.grant().tenant(), by);
  }

  @Override
  public void rotated(StoredKey old, StoredKey replacement, String by) {
    log.info(
        "key.rotated {} of tenant {} to {} by {}",
        old.keyId(),
        old.grant().tenant(),
        replacement.keyId(),
        by);
  }

  @Override
  public void expiring(StoredKey key, String by) {
    log.info(
        "key.expiring {} of tenant {} at {} by {}",
        key.keyId(),
        key.grant().tenant(),
        key.expiresAt(),
        by);
  }

  @Override
  public void revoked(StoredKey key, String by) {
    log.info("key.revoked {} of tenant {} by {}", key.keyId(), key.grant().tenant(), by);
  }

  @Override
  public void used(StoredKey key) {
    log.info("key.used {} of tenant {}", key.keyId(), key.grant().tenant());
  }
}
