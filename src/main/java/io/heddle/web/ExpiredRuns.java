package io.heddle.web;

import io.heddle.retention.RetentionStore;
import io.heddle.run.Ids;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.springframework.web.servlet.HandlerMapping;

/**
 * Tells runs that were deleted when their time was over from runs that never were, for every route
 * whose path has the variable {@code runId}: a controller says that there is no such run and need
 * not know why. Thread-safe.
 */
public final class ExpiredRuns {

  private static final String RUN = "runId";

  private final Supplier<RetentionStore> store;

  /**
   * @param store asked for when it is needed: errors are told before there is a database
   */
  public ExpiredRuns(Supplier<RetentionStore> store) {
    this.store = store;
  }

  /** What to say of the run in a request's path, if it was its caller's and has expired. */
  Optional<Problem> askedFor(HttpServletRequest request) {
    if (request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE)
            instanceof Map<?, ?> variables
        && variables.get(RUN) instanceof String runId
        && Ids.isWellFormed(runId)
        && request.getAttribute(Callers.CALLER) instanceof Principal caller) {
      return store
          .get()
          .expiredAt(new Tenant(caller.tenant()), runId)
          .map(
              at ->
                  new Problem(
                      ErrorCode.RUN_EXPIRED,
                      "The run ended long ago and has been deleted",
                      Map.of("expiredAt", at.toString())));
    }
    return Optional.empty();
  }
}
