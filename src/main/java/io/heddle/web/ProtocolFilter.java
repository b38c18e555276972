package io.heddle.web;

import io.heddle.run.Ids;
import io.heddle.run.TraceContext;
import io.heddle.spi.Authenticator;
import io.heddle.spi.Principal;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * The first thing a protocol request meets and the last its answer passes. It fixes request id and
 * caller before anything looks at path or body, and turns every refusal of the layers behind it
 * into the closed envelope.
 */
public final class ProtocolFilter extends OncePerRequestFilter {

  private static final String REQUEST_ID = "requestId";

  private static final int LONGEST_CREDENTIAL = 8192;

  private final Predicate<String> isOwned;

  private final Predicate<String> isPublic;

  private final List<Authenticator> authenticators;

  private final UnaryOperator<Principal> rights;

  private final BiPredicate<HttpServletRequest, Principal> isConnected;

  private final Errors errors;

  /**
   * @param isOwned whether a path belongs to the protocol
   * @param isPublic whether an owned path needs no credential
   * @param rights gives an authenticated principal what else it may do here
   * @param isConnected whether it may use the connection that its request came over
   */
  public ProtocolFilter(
      Predicate<String> isOwned,
      Predicate<String> isPublic,
      List<Authenticator> authenticators,
      UnaryOperator<Principal> rights,
      BiPredicate<HttpServletRequest, Principal> isConnected,
      Errors errors) {
    this.isOwned = isOwned;
    this.isPublic = isPublic;
    this.authenticators = List.copyOf(authenticators);
    this.rights = rights;
    this.isConnected = isConnected;
    this.errors = errors;
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    return !isOwned.test(Callers.path(request));
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    String requestId = Ids.request();
    response.setHeader("X-Heddle-Request-Id", requestId);
    request.setAttribute(Callers.OWNED, Boolean.TRUE);
    trace(request, response);
    MDC.put(REQUEST_ID, requestId);
    try {
      if (isPublic.test(Callers.path(request))) {
        refuseForms(request);
        chain.doFilter(request, new Enveloping(response));
      } else if (authenticate(request, response)) {
        refuseForms(request);
        checkQuery(request);
        chain.doFilter(request, new Enveloping(response));
      }
    } catch (ServletException | RuntimeException e) {
      Throwable cause = e instanceof ServletException && e.getCause() != null ? e.getCause() : e;
      errors.write(response, errors.problem(cause));
    } finally {
      MDC.remove(REQUEST_ID);
    }
  }

  /** Goes on with the trace of the caller, or begins one, and tells which. */
  private static void trace(HttpServletRequest request, HttpServletResponse response) {
    Optional<TraceContext> given =
        TraceContext.of(
            Collections.list(request.getHeaders("traceparent")),
            Collections.list(request.getHeaders("tracestate")));
    TraceContext trace = given.orElseGet(() -> TraceContext.begun(hex() + hex(), hex()));
    request.setAttribute(Callers.TRACE, trace);
    response.setHeader("traceparent", trace.at(hex()).traceparent());
    if (given.isPresent() && trace.traceState() != null) {
      response.setHeader("tracestate", trace.traceState());
    }
  }

  private static String hex() {
    // No secret, but never all zeros.
    return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong() | 1);
  }

  /** Whoever asks for a parameter later would get an exception of the container's own. */
  private static void checkQuery(HttpServletRequest request) {
    // Other methods have a body, which this might consume.
    if (request.getQueryString() != null && request.getMethod().matches("GET|HEAD")) {
      try {
        request.getParameterMap();
      } catch (IllegalStateException e) {
        throw new Problem(ErrorCode.VALIDATION_ERROR, "The query of the request cannot be decoded");
      }
    }
  }

  private boolean authenticate(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    List<String> headers = Collections.list(request.getHeaders("Authorization"));
    // Of two credentials a proxy may have checked one and this host the other.
    String bearer = headers.size() == 1 ? bearer(headers.get(0)) : "";
    Authenticator.Outcome outcome = new Authenticator.Unknown();
    for (Authenticator authenticator : authenticators) {
      if (bearer.isEmpty() || !(outcome instanceof Authenticator.Unknown)) {
        break;
      }
      outcome = authenticator.authenticate(bearer);
    }
    if (outcome instanceof Authenticator.Authenticated found
        && !isConnected.test(request, found.principal())) {
      outcome = new Authenticator.Unknown();
    }
    if (outcome instanceof Authenticator.Authenticated authenticated) {
      Principal principal = rights.apply(authenticated.principal());
      if (principal.workspace() != null) {
        // What it could reach beyond that is more than it was given.
        throw new Problem(
            ErrorCode.FORBIDDEN, "This host has no workspaces to confine a caller to");
      }
      request.setAttribute(Callers.CALLER, principal);
      return true;
    }
    former(request, outcome);
    // RFC 9110: a challenge on every 401, and an error in it only if there was a credential.
    boolean presented = headers.stream().anyMatch(ProtocolFilter::holdsCredential);
    response.setHeader(Errors.CHALLENGE, Errors.challenge(presented));
    errors.write(response, refusal(outcome));
    return false;
  }

  private static void former(HttpServletRequest request, Authenticator.Outcome outcome) {
    if (outcome instanceof Authenticator.Expired expired && expired.holder() != null) {
      request.setAttribute(
          Callers.FORMER_CALLER, new RefusalFilter.Former(expired.holder(), "key_expired"));
    } else if (outcome instanceof Authenticator.Revoked revoked && revoked.holder() != null) {
      request.setAttribute(
          Callers.FORMER_CALLER, new RefusalFilter.Former(revoked.holder(), "key_revoked"));
    }
  }

  private static String bearer(@Nullable String header) {
    if (header == null || !header.regionMatches(true, 0, "Bearer ", 0, 7)) {
      return "";
    }
    String bearer = header.substring(7).trim();
    return bearer.length() <= LONGEST_CREDENTIAL ? bearer : "";
  }

  private static boolean holdsCredential(String header) {
    return !header.isBlank() && !header.strip().equalsIgnoreCase("Bearer");
  }

  /** The framework would read forms into memory or onto the disk before a controller is asked. */
  private static void refuseForms(HttpServletRequest request) {
    String type = request.getContentType();
    if (type != null
        && type.strip()
            .toLowerCase(Locale.ROOT)
            .matches("(multipart/|application/x-www-form-urlencoded).*")) {
      throw new Problem(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE, "The request body must be application/json");
    }
  }

  private static Problem refusal(Authenticator.Outcome outcome) {
    if (outcome instanceof Authenticator.Expired) {
      return new Problem(ErrorCode.KEY_EXPIRED, "The credential has expired");
    }
    if (outcome instanceof Authenticator.Revoked) {
      return new Problem(ErrorCode.KEY_REVOKED, "The credential was revoked");
    }
    return new Problem(ErrorCode.UNAUTHENTICATED, "A valid bearer credential is required");
  }

  /** Answers with the envelope where a layer behind would let the container write a page. */
  private final class Enveloping extends HttpServletResponseWrapper {

    Enveloping(HttpServletResponse response) {
      super(response);
    }

    @Override
    public void sendError(int status) throws IOException {
      errors.write((HttpServletResponse) getResponse(), errors.refused(status));
    }

    @Override
    public void sendError(int status, String message) throws IOException {
      sendError(status);
    }
  }
}
