package io.heddle.audit;

import io.heddle.json.CanonicalJson;
import io.heddle.json.Json;
import io.heddle.tenancy.Tenant;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A link of a tenant's chain, as it is stored.
 *
 * @param sequence from 1 without gaps
 * @param json the entry in its canonical spelling
 * @param hash SHA-256 of it, in lowercase hexadecimal digits
 * @param pendingId of what was recorded; null for what the log says of itself
 */
public record Entry(
    Tenant tenant, long sequence, String json, String hash, @Nullable Long pendingId) {

  /** What the log itself says if it finds the record of its end gone. */
  static final String ANOMALY = "audit.anomaly";

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** The time as it is spelled in the log. */
  public static String time(Instant instant) {
    return TIME.format(instant);
  }

  /**
   * @param previousHash of the entry before; null for the first
   */
  static Entry of(
      AuditEvent event,
      Instant occurredAt,
      long sequence,
      @Nullable String previousHash,
      @Nullable Long pendingId) {
    Map<String, @Nullable Object> members =
        Json.members(
            "action",
            event.action(),
            "actor",
            event.actor(),
            "atSequence",
            sequence,
            "details",
            event.details(),
            "occurredAt",
            time(occurredAt),
            "prevHash",
            previousHash,
            "target",
            event.target(),
            // So that no tenant's log can pass for another's: one key signs for all.
            "tenantId",
            event.tenant().id());
    String json = CanonicalJson.text(members);
    return new Entry(event.tenant(), sequence, json, Hashes.sha256(json), pendingId);
  }
}
