package io.heddle.web;

import io.heddle.redaction.Printable;
import io.heddle.run.Denials;
import io.heddle.run.Denials.Denial;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.servlet.HandlerMapping;

/**
 * Tells runs of requests about them that were denied to callers of their tenant. Of a run of
 * another tenant it finds nothing to tell. Thread-safe.
 */
public final class RunDenials {

  private static final Logger log = LoggerFactory.getLogger(RunDenials.class);

  private static final String RUN = "runId";

  private final @Nullable Denials denials;

  /**
   * @param denials null for a host that does not decide by roles, which tells nobody
   */
  public RunDenials(@Nullable Denials denials) {
    this.denials = denials;
  }

  /** Called once a request is refused, and before its caller hears of it. */
  void refused(HttpServletRequest request) {
    if (denials != null
        && request.getAttribute(Callers.DENIED) instanceof Callers.Denied denied
        && request.getAttribute(Callers.CALLER) instanceof Principal caller
        && request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE)
            instanceof Map<?, ?> variables
        && variables.get(RUN) instanceof String runId) {
      request.removeAttribute(Callers.DENIED);
      try {
        denials.record(
            new Tenant(caller.tenant()),
            runId,
            new Denial(
                caller.id(),
                denied.action(),
                denied.nodeId() == null ? runId : runId + "/" + denied.nodeId(),
                denied.reason()));
      } catch (RuntimeException e) {
        // The refusal stands, whether it can be told or not.
        log.warn("A refusal could not be told to {}: {}", runId, Printable.line(e));
      }
    }
  }
}
