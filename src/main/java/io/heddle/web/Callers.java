package io.heddle.web;

import io.heddle.run.TraceContext;
import io.heddle.spi.Principal;
import jakarta.servlet.http.HttpServletRequest;

/** Who calls, as the filter found it, and whether that is enough. */
public final class Callers {

  static final String CALLER = Callers.class.getName() + ".CALLER";

  static final String FORMER_CALLER = Callers.class.getName() + ".FORMER_CALLER";

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
    if (!caller.scopes().contains(scope)) {
      throw Problem.lacksScope(scope);
    }
    return caller;
  }

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
