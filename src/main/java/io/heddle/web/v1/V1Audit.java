package io.heddle.web.v1;

import io.heddle.audit.AuditEvent;
import io.heddle.json.Json;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import org.jspecify.annotations.Nullable;

/** What callers do, as the audit log names it. */
final class V1Audit {

  /** A question got the answer it waited for. */
  static final String RESOLVED = "interrupt.resolved";

  /** A question got a vote or a remark, and still waits. */
  static final String ANSWERED = "interrupt.answered";

  /** A governance gate was overridden. */
  static final String OVERRIDDEN = "approval.overridden";

  static final String NODE = "nodeId";

  private V1Audit() {}

  /**
   * @param details names and JSON values in turns
   */
  static AuditEvent event(
      Principal caller, String action, String target, @Nullable Object... details) {
    return new AuditEvent(
        new Tenant(caller.tenant()), action, caller.id(), target, Json.members(details));
  }
}
