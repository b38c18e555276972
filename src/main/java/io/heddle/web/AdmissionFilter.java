package io.heddle.web;

import io.heddle.run.AtCapacityException;
import io.heddle.spi.Principal;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.function.Predicate;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Refuses requests that come too often, and those this node has no room for. Comes after the
 * authentication, so that callers nobody knows cannot take the places of those somebody does.
 */
public final class AdmissionFilter extends OncePerRequestFilter {

  private final Predicate<String> isAlwaysServed;

  private final RateLimits rates;

  private final InFlight inFlight;

  /**
   * @param isAlwaysServed whether a path answers however busy the host is
   */
  public AdmissionFilter(Predicate<String> isAlwaysServed, RateLimits rates, InFlight inFlight) {
    this.isAlwaysServed = isAlwaysServed;
    this.rates = rates;
    this.inFlight = inFlight;
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    return !Callers.isOwned(request) || isAlwaysServed.test(Callers.path(request));
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request.getAttribute(Callers.CALLER) instanceof Principal caller) {
      // Before a place is taken: who calls too often must not keep others out.
      rates.count(caller);
    }
    InFlight.Place place =
        inFlight.enter().orElseThrow(() -> new AtCapacityException("requests in flight"));
    try {
      chain.doFilter(request, response);
    } finally {
      place.leaveWith(request);
    }
  }
}
