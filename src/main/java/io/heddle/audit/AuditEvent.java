package io.heddle.audit;

import io.heddle.tenancy.Tenant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that somebody did or was refused. It says what happened to what, never what was in it:
 * no inputs, answers or reasons of callers but that of an override, and no secret.
 *
 * @param action what was done, as a noun and a past participle: {@code run.cancelled}
 * @param actor the opaque id of who did it
 * @param target the id of what it was done to
 * @param details of JSON values; whatever is in them is kept for ever
 */
public record AuditEvent(
    Tenant tenant,
    String action,
    String actor,
    String target,
    Map<String, @Nullable Object> details) {

  public AuditEvent {
    details = Collections.unmodifiableMap(new LinkedHashMap<>(details));
  }
}
