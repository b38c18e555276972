package io.heddle.auth;

import io.heddle.audit.AuditEvent;
import io.heddle.audit.AuditLog;
import io.heddle.json.Json;
import io.heddle.tenancy.Tenant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps the records of keys in the audit log, which names keys by their ids only. */
public final class AuditedKeyEvents implements KeyEvents {

  private final AuditLog audit;

  public AuditedKeyEvents(AuditLog audit) {
    this.audit = audit;
  }

  @Override
  public void created(StoredKey key, String by) {
    record(
        "key.created",
        key,
        by,
        Json.members(
            "principal",
            key.grant().principal(),
            "scopes",
            key.grant().scopes().stream().sorted().toList()));
  }

  @Override
  public void rotated(StoredKey old, StoredKey replacement, String by) {
    record("key.rotated", old, by, Json.members("replacedBy", replacement.keyId()));
  }

  @Override
  public void expiring(StoredKey key, String by) {
    record("key.expiring", key, by, Json.members("expiresAt", String.valueOf(key.expiresAt())));
  }

  @Override
  public void revoked(StoredKey key, String by) {
    record("key.revoked", key, by, Map.of());
  }

  @Override
  public void used(StoredKey key) {
    record("key.used", key, key.grant().principal(), Map.of());
  }

  private void record(
      String action, StoredKey key, String by, Map<String, @Nullable Object> details) {
    audit.record(
        new AuditEvent(new Tenant(key.grant().tenant()), action, by, key.keyId(), details));
  }
}
