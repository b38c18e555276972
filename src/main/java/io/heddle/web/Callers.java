package io.heddle.web;

import io.heddle.auth.AccessDecision;
import io.heddle.run.TraceContext;
import io.heddle.spi.Principal;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** Who calls, as the filter found it, and whether that is enough. */
public final class Callers {

  static final String CALLER = Callers.class.getName() + ".CALLER";

  static final String FORMER_CALLER = Callers.class.getName() + ".FORMER_CALLER";

  static final String DENIED = Callers.class.getName() + ".DENIED";

  static final String OWNED = Callers.class.getName() + ".OWNED";

  static final String TRACE = Callers.class.getName() + ".TRACE";

  // As Spring Boot calls the one that serves the application's controllers.
  private static final String DISPATCHER = "dispatcherServlet";

  private Callers() {}

  /** The trace that a request belongs to: its caller's, or one that began with it. */
  public static TraceContext trace(HttpServletRequest request) {
    return (TraceContext) request.getAttribute(TRACE);
  }

  /**
   * The caller, whatever it may do.
   *
   * @throws Problem if nobody is known to call
   */
  public static Principal require(HttpServletRequest request) {
    if (!(request.getAttribute(CALLER) instanceof Principal caller)) {
      throw new Problem(ErrorCode.UNAUTHENTICATED, "A valid bearer credential is required");
    }
    return caller;
  }

  /**
   * The caller, if it holds a scope.
   *
   * @throws Problem if it does not
   */
  public static Principal require(HttpServletRequest request, String scope) {
    Principal caller = require(request);
    AccessDecision decision = AccessDecision.of(caller, scope);
    if (!decision.allowed()) {
      request.setAttribute(DENIED, new Denied(scope, null, decision.reason()));
      throw Problem.lacksScope(scope);
    }
    return caller;
  }

  /**
   * The refusal of a caller who has the scope, and not what else it takes.
   *
   * @param scope the scope that permits others to do it
   * @param nodeId the node of the run that it is about, or null
   * @param reason why not, without anything that was sent
   */
  public static Problem denied(
      HttpServletRequest request,
      String scope,
      @Nullable String nodeId,
      String message,
      String reason) {
    request.setAttribute(DENIED, new Denied(scope, nodeId, reason));
    return new Problem(ErrorCode.FORBIDDEN, message);
  }

  /** What a caller was denied, and why. */
  record Denied(String action, @Nullable String nodeId, String reason) {}

  static boolean isOwned(HttpServletRequest request) {
    return request.getAttribute(OWNED) != null;
  }

  /**
   * Decoded and normalised as the dispatcher will see it, without what the application puts before
   * all its paths; the raw URI could spell it differently.
   */
  public static String path(HttpServletRequest request) {
    String info = request.getPathInfo();
    if (info == null) {
      return request.getServletPath();
    }
    return DISPATCHER.equals(request.getHttpServletMapping().getServletName())
        ? info
        : request.getServletPath() + info;
  }
}
