package io.heddle.web;

import io.heddle.audit.Refusals;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.servlet.HandlerMapping;

/**
 * Tells of requests that were refused to callers whose credential is known: it does not permit
 * them, or is not good any more. Of others nothing is kept, for anybody could fill the log.
 */
public final class RefusalFilter extends OncePerRequestFilter {

  private final Refusals refusals;

  public RefusalFilter(Refusals refusals) {
    this.refusals = refusals;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    try {
      chain.doFilter(request, response);
    } finally {
      if (response.getStatus() == HttpServletResponse.SC_FORBIDDEN
          && request.getAttribute(Callers.CALLER) instanceof Principal caller) {
        count(request, caller, "forbidden");
      } else if (request.getAttribute(Callers.FORMER_CALLER) instanceof Former former) {
        count(request, former.principal(), former.reason());
      }
    }
  }

  /**
   * Whose credential was good once.
   *
   * @param reason why it is not any more, as a code
   */
  record Former(Principal principal, String reason) {}

  private void count(HttpServletRequest request, Principal caller, String reason) {
    Object route = request.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE);
    // The route and not the path, which may hold what is nobody's business.
    refusals.count(
        new Tenant(caller.tenant()),
        caller.id(),
        reason,
        route == null ? method(request) : method(request) + " " + route);
  }

  // A method is whatever a caller sends.
  private static String method(HttpServletRequest request) {
    String method = request.getMethod();
    return method.matches("[A-Z]{1,10}") ? method : "?";
  }
}
